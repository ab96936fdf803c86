"""Optimizers with their options, schedules and constraints beside Keras's results."""

from __future__ import annotations

import types
from pathlib import Path

import numpy as np
import pytest
from goldens import optimizer_cases as cases

import corereg
from corereg import Parameter, constraints
from corereg.optimizers import schedules

GOLDENS = np.load(Path(__file__).parent / "goldens" / "optimizers.npz")
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


def flat(arrays, dtype):
    return np.concatenate([np.asarray(a, dtype).ravel() for a in arrays])


ROUNDED = {"fit nadam accumulation": 1e-8}
"""What Keras's own float64 run agrees to: by steps, the same optimizer agrees to all digits."""


def compare(found, name, dtype):
    expected = GOLDENS[f"{name}/{dtype}"]
    assert found.shape == expected.shape
    tolerance = max(TOLERANCE[dtype], ROUNDED.get(name, 0))
    allowed = tolerance * max(1, np.abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=allowed)


@pytest.mark.parametrize("name", cases.CASES)
def test_steps(name, dtype):
    lib = types.SimpleNamespace(optimizers=corereg.optimizers, constraints=constraints)
    compare(flat(cases.run_steps(name, lib, dtype, Parameter), dtype), name, dtype)


@pytest.mark.parametrize("name", cases.SCHEDULES)
def test_schedules(name, dtype):
    schedule = cases.SCHEDULES[name](schedules)
    found = np.array([schedule(step) for step in cases.AT], dtype)
    compare(found, f"schedule {name}", dtype)
    again = schedules.deserialize(schedules.serialize(schedule))
    assert [again(step) for step in cases.AT] == [schedule(step) for step in cases.AT]


@pytest.mark.parametrize("name", cases.CONSTRAINTS)
def test_constraints(name, dtype):
    """By the kernel in place, and as a function of tensors."""
    constraint = cases.CONSTRAINTS[name][0](constraints)
    parameter = Parameter(cases.constrained_weights(name, dtype))
    as_function = constraint(parameter)
    constraint.constrain(parameter)
    for found in (parameter.numpy(), as_function.numpy()):
        assert found.dtype == dtype
        compare(found, f"constraint {name}", dtype)


@pytest.mark.parametrize("name", cases.FITS)
def test_fit(name, dtype):
    start = cases.fit(name, corereg, dtype, None)
    flat_start, at, weights = GOLDENS[f"fit {name}/start"], 0, []
    for w in start:
        weights.append(flat_start[at : at + w.size].reshape(w.shape))
        at += w.size
    compare(flat(cases.fit(name, corereg, dtype, weights), dtype), f"fit {name}", dtype)
