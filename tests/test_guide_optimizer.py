"""docs/adding-an-optimizer.md: its blocks are run, and what they make agrees with each other."""

from __future__ import annotations

import ctypes
import math
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from corereg import Parameter, reference, registry

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "adding-an-optimizer.md"
CC = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
LENGTHS = (0, 1, 7, 16, 33, 5000)

pytestmark = pytest.mark.exhaustive  # the table of rules is built


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


def block(language, beginning):
    """The one block that has a line beginning like this."""
    (found,) = [b for b in blocks(language) if re.search(rf"^{beginning}", b, re.MULTILINE)]
    return found


@pytest.fixture
def registry_as_before():
    """Forgets the optimizers that a test registers."""
    before = dict(registry._parts["optimizer"])
    yield
    registry._parts["optimizer"].clear()
    registry._parts["optimizer"].update(before)


def python_signum():
    """The guide's class in Python."""
    made: dict = {}
    exec(block("python", r"class Signum\(Optimizer\)"), made)
    return made["Signum"]


def test_every_block_is_one_of_those_tested():
    assert len(blocks("python")) == 6
    assert len(blocks("c")) == 3
    assert GUIDE.read_text().count("```") == 2 * (6 + 3)


def test_the_rule_in_python():
    made: dict = {}
    for code in blocks("python")[:3]:
        exec(code, made)
    assert made["model"].optimizer.iterations == 2
    config = made["Signum"](0.5, 0.25).get_config()
    assert made["Signum"].from_config(config).get_config() == config


def steps(length, dtype):
    """Weights, and the gradients of three steps; some of them zero."""
    rng = np.random.default_rng(length)
    w, *gradients = (rng.standard_normal(length).astype(dtype) for _ in range(4))
    gradients[0][::5] = 0
    return w, gradients


@pytest.mark.parametrize("length", LENGTHS)
def test_the_rule_in_python_is_its_twin(length, dtype):
    made: dict = {"np": np, "Array": np.ndarray, "Slots": tuple, "Hyper": reference.Hyper}
    exec(block("python", "def update_signum"), made)
    exec(block("python", "def signum"), made)
    w, gradients = steps(length, dtype)
    parameter, twin, state, formula = Parameter(w), w.copy(), np.zeros_like(w), {}
    optimizer = python_signum()(0.01)
    optimizer.build([parameter])
    for t, g in enumerate(gradients):
        parameter.grad = g
        optimizer.step()
        made["update_signum"](twin, g, (state,), reference.Hyper(0.01, step=t, own={"beta": 0.9}))
        w = made["signum"](w, g, formula, t, 0.01)
    for found in (parameter.numpy(), w):
        np.testing.assert_allclose(found, twin, rtol=0, atol=1e-6)
    np.testing.assert_allclose(optimizer.state[0], state, rtol=0, atol=1e-6)


# ---- the rule in C ------------------------------------------------------------------------------


class Segment(ctypes.Structure):
    _fields_ = (
        ("w", ctypes.c_void_p),
        ("slot", ctypes.c_void_p * 3),
        ("n", ctypes.c_ssize_t),
        *((name, ctypes.c_double) for name in ("l1", "l2", "proximal_l1", "proximal_l2")),
        ("scaling", ctypes.c_int),
        *((name, ctypes.c_double) for name in ("decay", "rate")),
    )


class Numbers(ctypes.Structure):  # cr_hyper
    _fields_ = (
        ("learning_rate", ctypes.c_double),
        ("clipvalue", ctypes.c_double),
        ("step", ctypes.c_int64),
        ("accumulation", ctypes.c_int64),
        ("own", ctypes.c_double * 8),
    )


class Rule(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        *((name, ctypes.c_int) for name in ("kernel", "hypers", "slots", "required_slots")),
        ("proximal", ctypes.c_int),
        ("hyper", ctypes.c_char_p * 8),
        ("slot", ctypes.c_char_p * 3),
    )


class Update(ctypes.Structure):  # cr_update_args
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("segments", "gradients")),
        *((name, ctypes.c_ssize_t) for name in ("count", "blocks")),
        *((name, ctypes.c_void_p) for name in ("hyper", "penalty", "scales")),
    )


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The sweeps and the table with the guide's rule in it, compiled for both element types."""
    if CC is None:
        pytest.skip("no C compiler here")
    source = tmp_path_factory.mktemp("guide") / "src"
    shutil.copytree(ROOT / "src", source)
    line, row, body = blocks("c")
    rules = (source / "rules.h").read_text()
    last = re.findall(r"^ +R\(with, \w+\)$", rules, re.MULTILINE)[-1]
    rules = rules.replace(last, f"{last} \\\n{line.rstrip()}")
    first_row = rules.index("/* w -= lr g */")
    (source / "rules.h").write_text(rules[:first_row] + row + "\n" + rules[first_row:])
    bodies = (source / "rule_steps.h").read_text()
    end = bodies.rindex("#endif")
    (source / "rule_steps.h").write_text(bodies[:end] + body + "\n" + bodies[end:])
    options = ["-std=gnu11", "-O2", "-fPIC", "-Wall", "-Wextra", "-Werror", "-DCR_ISA=guide"]
    objects = []
    for name, f64 in (("update", 0), ("update", 1), ("rules", 0)):
        objects.append(str(source / f"{name}{f64}.o"))
        file = str(source / f"{name}.c")
        command = [CC, *options, f"-DCR_F64={f64}", "-c", file, "-o", objects[-1]]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    target = str(source / "guide.so")
    subprocess.run([CC, "-shared", *objects, "-lm", "-o", target], check=True)
    return ctypes.CDLL(target)


def test_the_row_is_in_the_table(library):
    table = ctypes.POINTER(Rule)()
    count = library.cr_rules(ctypes.byref(table))
    rule = table[count - 1]
    assert rule.name == b"signum"
    assert (rule.hypers, rule.hyper[0]) == (1, b"beta")
    assert (rule.slots, rule.required_slots, rule.slot[0]) == (1, 1, b"momentum")
    assert [table[i].name for i in range(count - 1)] == [b"sgd", *(r.encode() for r in others())]


def others():
    return [name for name in reference.RULES if name != "sgd"]


@pytest.mark.parametrize("penalized", [False, True])
@pytest.mark.parametrize("length", LENGTHS)
def test_the_rule_in_c_is_the_rule_in_python(library, length, penalized, dtype):
    from corereg.regularizers import L1L2

    kernel = getattr(library, f"cr_update_signum_f{8 * np.dtype(dtype).itemsize}_guide")
    w, gradients = steps(length, dtype)
    strengths = (0.02, 0.03) if penalized else (0.0, 0.0)
    parameter, m = Parameter(w, regularizer=L1L2(*strengths)), np.zeros_like(w)
    optimizer = python_signum()(0.01, weight_decay=0.5)
    optimizer.build([parameter])
    slots = (ctypes.c_void_p * 3)(m.ctypes.data)
    segment = Segment(w.ctypes.data, slots, length, *strengths, decay=0.5, rate=1.0)
    numbers = Numbers(0.01, math.inf, 0, 1, (ctypes.c_double * 8)(0.9))
    blocks = max(1, -(-length // 4096))
    sums = np.zeros(blocks)
    for g in gradients:
        parameter.grad = g
        expected = optimizer.step(penalties=True)
        place = (ctypes.c_void_p * 1)(g.ctypes.data)
        arguments = Update(
            *(ctypes.addressof(segment), ctypes.addressof(place), 1, blocks),
            *(ctypes.addressof(numbers), sums.ctypes.data, None),
        )
        for rank in range(2):
            kernel(ctypes.byref(arguments), ctypes.c_ssize_t(rank), ctypes.c_ssize_t(2))
        assert sums.sum() == pytest.approx(expected, rel=1e-5)
        numbers.step += 1
    np.testing.assert_allclose(w, parameter.numpy(), rtol=0, atol=1e-6)
    np.testing.assert_allclose(m, optimizer.state[0], rtol=0, atol=1e-6)


def test_the_class_registers_and_names_what_the_row_names(registry_as_before):
    made: dict = {"__name__": "signum"}
    exec(block("python", r"class Signum\(KernelOptimizer\)"), made)
    kind = made["Signum"]
    assert registry.find("optimizer", "signum") is registry.find("optimizer", "Signum") is kind
    assert kind.recordable
    names = re.findall(r"H\((\w+)\)", block("c", "#define CR_RULE_signum"))
    assert all(type(vars(kind)[name]).__name__ == "Hyperparameter" for name in names)
    with pytest.raises(ValueError, match=r"expected a rule of .*, received 'signum'"):
        kind()
