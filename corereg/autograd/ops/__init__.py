"""The ops, one family a module: each a class with `forward` and `backward` side by side, and the
function that users call. Arguments may be tensors, arrays or numbers."""

from corereg.autograd.ops.activations import activation, relu, sigmoid, softmax, tanh
from corereg.autograd.ops.arithmetic import add, divide, matmul, multiply, negative, power, subtract
from corereg.autograd.ops.elementwise import abs, clip, exp, log
from corereg.autograd.ops.layers import dense, dropout
from corereg.autograd.ops.losses import loss_rows, mean_loss
from corereg.autograd.ops.penalties import l1_l2_penalty
from corereg.autograd.ops.reductions import mean, sum
from corereg.autograd.ops.shaping import reshape, transpose

__all__ = [
    "abs",
    "activation",
    "add",
    "clip",
    "dense",
    "divide",
    "dropout",
    "exp",
    "l1_l2_penalty",
    "log",
    "loss_rows",
    "matmul",
    "mean",
    "mean_loss",
    "multiply",
    "negative",
    "power",
    "relu",
    "reshape",
    "sigmoid",
    "softmax",
    "subtract",
    "sum",
    "tanh",
    "transpose",
]
