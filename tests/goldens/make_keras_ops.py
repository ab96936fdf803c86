"""Writes keras_ops.npz and keras_ops_signatures.json: what Keras gives for the calls of
keras_ops_cases.py, with gradients, and the arguments of all functions of `keras.ops`.

    KERAS_BACKEND=jax python tests/goldens/make_keras_ops.py
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from keras import ops
from keras_ops_cases import CASES, CONSTANT, flat, inputs_of, weights_for, with_inputs

HERE = Path(__file__).parent


def prepared(label, dtype):
    """The call of a case as a function of its inputs, and these."""
    name, args, kwargs = CASES[label]

    def call(inputs):
        changed, named = with_inputs(args, kwargs, inputs)
        return flat(getattr(ops, name)(*changed, **named))

    return call, [jnp.asarray(a, dtype) for a in inputs_of(args, kwargs)]


def dtypes_of(label):
    """The dtypes that come out for float32, as Keras is used by default."""
    call, given = prepared(label, "float32")
    try:
        outs = jax.eval_shape(call, given)
    except jax.errors.JAXTypeError:  # shapes that depend on values
        outs = call(given)
    return [str(o.dtype) for o in outs]


def run(label):
    """Outputs of a case in float64, and gradients, None if it has none."""
    call, given = prepared(label, "float64")
    constant = label in CONSTANT or not given

    def total(inputs):
        outs = [o for o in call(inputs) if jnp.issubdtype(o.dtype, jnp.floating)]
        return sum((o * weights_for(o.shape)).sum() for o in outs)

    def both(inputs):
        outs = call(inputs)
        return outs, None if constant or not has_floats(outs) else jax.grad(total)(inputs)

    try:
        outs, grads = jax.jit(both)(given)
    except jax.errors.JAXTypeError:
        outs, grads = both(given)
    return [*map(np.asarray, outs)], grads and [*map(np.asarray, grads)]


def has_floats(arrays):
    return any(jnp.issubdtype(a.dtype, jnp.floating) for a in arrays)


def numbers():
    """Writes the numbers, in a process of its own: Keras keeps the dtypes that it once found."""
    told, arrays = {}, []
    for label in CASES:
        outs, grads = run(label)
        shapes = [None if a is None else [list(o.shape) for o in a] for a in (outs, grads)]
        told[label] = ["float64" in {str(o.dtype) for o in outs}, *shapes]
        arrays += [np.asarray(a, "f8").ravel() for a in [*outs, *(grads or [])]]
    dtypes = json.loads(sys.stdin.read())
    told = {label: [dtypes[label], *told[label]] for label in CASES}
    np.savez_compressed(
        HERE / "keras_ops.npz", told=json.dumps(told), numbers=np.concatenate(arrays)
    )


def signatures():
    """Writes the arguments of all functions: names, kinds and defaults."""
    lines = []
    for name in sorted(dir(ops)):
        function = getattr(ops, name)
        if name.startswith("_") or not callable(function):
            continue
        given = inspect.signature(function).parameters.values()
        found = [
            [p.name, str(p.kind), "-" if p.default is p.empty else repr(p.default)] for p in given
        ]
        lines.append(f"{json.dumps(name)}: {json.dumps(found)}")
    (HERE / "keras_ops_signatures.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    signatures()
    dtypes = json.dumps({label: dtypes_of(label) for label in CASES})
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "keras.json").write_text(json.dumps({"floatx": "float64"}))
        env = os.environ | {"KERAS_HOME": home, "JAX_ENABLE_X64": "1"}
        command = [sys.executable, __file__, "numbers"]
        subprocess.run(command, env=env, input=dtypes, text=True, check=True)


numbers() if sys.argv[1:] == ["numbers"] else main()
