"""What corereg has besides Keras's functions, in the words of `corereg.autograd.ops`."""

from __future__ import annotations

from corereg.autograd import ops
from corereg.graph.operations import symbolic_op

activation = symbolic_op(ops.activation)
add_at = symbolic_op(ops.add_at)
astype = symbolic_op(ops.astype)
dense = symbolic_op(ops.dense)
dropout = symbolic_op(ops.dropout)
flatten = symbolic_op(ops.flatten)
getitem = symbolic_op(ops.getitem)
l1_l2_penalty = symbolic_op(ops.l1_l2_penalty)
loss_rows = symbolic_op(ops.loss_rows)
mean_loss = symbolic_op(ops.mean_loss)
set_at = symbolic_op(ops.set_at)
