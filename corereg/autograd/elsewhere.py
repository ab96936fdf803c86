"""PyTorch's everyday words that corereg has not: what to use in their place."""

from __future__ import annotations

TENSOR = {
    "cuda": "corereg computes on the CPU; leave the call out",
    "half": "use .float(); dtypes are float32 and float64",
    "bfloat16": "use .float(); dtypes are float32 and float64",
    "new_zeros": "use corereg.zeros(shape, dtype=t.dtype)",
    "new_ones": "use corereg.ones(shape, dtype=t.dtype)",
    "new_full": "use corereg.full(shape, value, dtype=t.dtype)",
    "new_empty": "use corereg.zeros(shape, dtype=t.dtype)",
    "new_tensor": "use corereg.tensor(data, dtype=t.dtype)",
    "detach_": "use t = t.detach()",
    "unsqueeze_": "use t = t.unsqueeze(dim)",
    "squeeze_": "use t = t.squeeze(dim=dim)",
    "transpose_": "use t = t.transpose(dim0, dim1)",
    "t_": "use t = t.t()",
    "resize_": "use t = t.reshape(shape)",
    "bernoulli_": "use (corereg.rand_like(t) < p).astype(t.dtype)",
    "copy": "use .clone()",
    "share_memory_": "use arrays of multiprocessing.shared_memory",
    "pin_memory": "corereg computes on the CPU; leave the call out",
    "unfold": "use numpy.lib.stride_tricks.sliding_window_view on t.numpy()",
    "unique": "use numpy.unique(t.numpy())",
    "histc": "use numpy.histogram(t.numpy())",
    "multinomial": "use numpy.random.Generator.choice",
    "svd": "use corereg.ops.svd(t)",
    "cross": "use corereg.ops.cross(t, other)",
    "quantile": "use corereg.ops.quantile(t, q)",
    "mode": "use numpy.unique(t.numpy(), return_counts=True)",
    "is_sparse": "tensors are dense",
    "to_sparse": "tensors are dense",
    "storage": "use t.numpy()",
    "data_ptr": "use t.numpy().ctypes.data",
    "names": "axes have no names; use dim numbers",
    "fill_diagonal_": "use t.copy_(corereg.ops.where(corereg.eye(n, dtype=bool), value, t))",
}
"""Names of methods of PyTorch's tensors."""

TOP = {
    "nn": "corereg.layers, corereg.losses and corereg.Sequential",
    "optim": "corereg.optimizers",
    "device": "nothing: corereg computes on the CPU",
    "cuda": "nothing: corereg computes on the CPU",
    "inference_mode": "corereg.no_grad",
    "compile": "corereg.record, or model.compile",
    "jit": "corereg.record",
    "load": "corereg.saving.load_model",
    "save": "model.save",
    "float": "'float32' as dtype",
    "double": "'float64' as dtype",
    "long": "'int64' as dtype",
    "float32": "'float32' as dtype, or numpy.float32",
    "float64": "'float64' as dtype, or numpy.float64",
    "int32": "'int32' as dtype, or numpy.int32",
    "int64": "'int64' as dtype, or numpy.int64",
    "bool": "'bool' as dtype, or numpy.bool_",
    "half": "'float32' as dtype",
    "float16": "'float32' as dtype",
    "bfloat16": "'float32' as dtype",
    "set_default_dtype": "corereg.config.set_floatx",
    "get_default_dtype": "corereg.config.floatx",
    "get_rng_state": "corereg.random.get_state",
    "set_rng_state": "corereg.random.set_state",
    "initial_seed": "corereg.random.get_state",
    "FloatTensor": "corereg.tensor(data, dtype='float32')",
    "DoubleTensor": "corereg.tensor(data, dtype='float64')",
    "LongTensor": "corereg.tensor(data, dtype='int64')",
    "concat": "corereg.cat",
    "concatenate": "corereg.cat",
    "hstack": "corereg.ops.hstack",
    "vstack": "corereg.ops.vstack",
    "linalg": "corereg.ops: norm, solve, inv, det, qr, svd, cholesky",
    "fft": "numpy.fft on t.numpy()",
    "special": "corereg.ops",
    "func": "corereg.grad, vjp, jvp, jacobian, hessian",
    "vmap": "an axis for the batch",
    "distributions": "corereg.random and corereg.normal, corereg.uniform",
    "bernoulli": "corereg.rand_like(p) < p",
    "multinomial": "numpy.random.Generator.choice",
    "meshgrid": "corereg.ops.meshgrid",
    "set_num_interop_threads": "corereg.set_num_threads",
}
"""Names at the top of PyTorch's package."""

AUTOGRAD = {
    "Function": "corereg.autograd.Op, a class with forward and backward: apply(TheOp(), *t)",
    "backward": "tensor.backward()",
    "gradgradcheck": "corereg.autograd.check_grads(function, *inputs, order=2)",
    "Variable": "corereg.Tensor(data, requires_grad=True)",
    "set_detect_anomaly": "numpy.errstate(all='raise')",
    "detect_anomaly": "numpy.errstate(all='raise')",
    "inference_mode": "corereg.no_grad",
    "profiler": "model.execution_report()",
}
"""Names in `torch.autograd`."""


def at_top(name: str) -> str | None:
    """What to use for a name that the package has not, or None if nothing is known."""
    return AUTOGRAD.get(name)
