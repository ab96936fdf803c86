"""Writes keras_ops.npz and keras_ops_signatures.json: what Keras gives for the calls of
keras_ops_cases.py, with gradients, and the arguments of all functions of `keras.ops`.

    KERAS_BACKEND=jax JAX_ENABLE_X64=1 python tests/goldens/make_keras_ops.py
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from keras import ops
from keras_ops_cases import CASES, CONSTANT, flat, inputs_of, weights_for, with_inputs

HERE = Path(__file__).parent


def run(label):
    """Outputs of a case and their dtypes for inputs of float32 and float64, and gradients, None if
    it has none. Numbers are those of float64."""
    name, args, kwargs = CASES[label]
    given = [jnp.asarray(a, "float64") for a in inputs_of(args, kwargs)]

    def call(inputs):
        changed, named = with_inputs(args, kwargs, inputs)
        return flat(getattr(ops, name)(*changed, **named))

    def total(inputs):
        outs = [o for o in call(inputs) if jnp.issubdtype(o.dtype, jnp.floating)]
        return sum((o * weights_for(o.shape)).sum() for o in outs)

    single = [g.astype("float32") for g in given]
    constant = label in CONSTANT or not given

    def both(inputs):
        outs = call(inputs)
        return outs, None if constant or not has_floats(outs) else jax.grad(total)(inputs)

    try:
        small = jax.eval_shape(call, single)
        outs, grads = jax.jit(both)(given)
    except jax.errors.JAXTypeError:  # shapes that depend on values
        small, (outs, grads) = call(single), both(given)
    dtypes = [[str(o.dtype) for o in small], [str(o.dtype) for o in outs]]
    return [*map(np.asarray, outs)], dtypes, grads and [*map(np.asarray, grads)]


def has_floats(arrays):
    return any(jnp.issubdtype(a.dtype, jnp.floating) for a in arrays)


def main():
    told, numbers = {}, []
    for label in CASES:
        outs, dtypes, grads = run(label)
        shapes = [None if a is None else [list(o.shape) for o in a] for a in (outs, grads)]
        told[label] = [dtypes, *shapes]
        numbers += [np.asarray(a, "f8").ravel() for a in [*outs, *(grads or [])]]
    np.savez_compressed(
        HERE / "keras_ops.npz", told=json.dumps(told), numbers=np.concatenate(numbers)
    )
    signatures = {}
    for name in sorted(dir(ops)):
        function = getattr(ops, name)
        if name.startswith("_") or not callable(function):
            continue
        given = inspect.signature(function).parameters.values()
        signatures[name] = [
            [p.name, str(p.kind), "-" if p.default is p.empty else repr(p.default)] for p in given
        ]
    lines = [f"{json.dumps(name)}: {json.dumps(s)}" for name, s in signatures.items()]
    (HERE / "keras_ops_signatures.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


main()
