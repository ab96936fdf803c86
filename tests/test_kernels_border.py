"""Bad input to the border between Python and C: the exact exception, and nothing written."""

from __future__ import annotations

import re

import numpy as np
import pytest

from corereg import _kernels, reference

RELU, SOFTMAX = _kernels.ACTIVATIONS["relu"], _kernels.ACTIVATIONS["softmax"]
GELU = _kernels.ACTIVATIONS["gelu"]


def test_every_kernel_has_a_reference():
    for name in _kernels.kernel_names():
        assert callable(getattr(reference, name)), name


# ---- every array of every call -----------------------------------------------------------------

# function: (the name its errors start with, shapes of inputs, shapes of outputs, other arguments)
CALLS = {
    "dense_forward": (
        None,
        {"x": (7, 5), "w": (5, 3), "b": (3,)},
        {"out": (7, 3), "slope": (7, 3)},
        {"act": GELU},
    ),
    "dense_backward_input": (
        None,
        {"dz": (7, 3), "w": (5, 3), "y": (7, 5)},
        {"out": (7, 5)},
        {"act": RELU},
    ),
    "dense_backward_weights": (None, {"x": (7, 5), "dz": (7, 3)}, {"dw": (5, 3), "db": (3,)}, {}),
    "select_columns": (
        None,
        {"x": (7, 2)},
        {"out": (7, 5)},
        {"index": np.array([4, 1]), "back": 5},
    ),
    "activation_forward": (
        None,
        {"x": (4, 6)},
        {"out": (4, 6), "slope": (4, 6)},
        {"act": GELU},
    ),
    "activation_backward": (None, {"dy": (4, 6), "y": (4, 6)}, {"out": (4, 6)}, {"act": RELU}),
    "dropout_forward": (
        None,
        {"x": (4, 6)},
        {"out": (4, 6)},
        {"rate": 0.5, "seed": 1, "step": np.zeros(1, np.int64)},
    ),
    "dropout_backward": (None, {"dy": (4, 6), "y": (4, 6)}, {"out": (4, 6)}, {"rate": 0.5}),
    "alpha_dropout_forward": (
        None,
        {"x": (4, 6)},
        {"out": (4, 6)},
        {"rate": 0.5, "scale": 2, "shift": 1, "dropped": 0, "seed": 1, "step": np.zeros(1, int)},
    ),
    "mix_rows": (
        None,
        {"x": (4, 6), "share": (4,)},
        {"out": (4, 6)},
        {"order": np.arange(4)},
    ),
    "paste_boxes": (
        None,
        {"x": (4, 6), "share": (4,)},
        {"out": (4, 6)},
        {
            "order": np.arange(4),
            "image_shape": (1, 2, 3, 1),
            "seed": 1,
            "step": np.zeros(1, np.int64),
        },
    ),
    "warp": (
        None,
        {"x": (4, 6), "down": (2, 16), "across": (4, 3)},
        {"out": (4, 6)},
        {
            "image": (2, 3, 1, False),
            "stages": [(_kernels.WARP_KINDS["bend"], 1, np.zeros(1, int), (), 0)],
        },
    ),
    "erase": (
        None,
        {"x": (4, 6), "fill": (4, 6)},
        {"out": (4, 6)},
        {
            "image": (2, 3, 1, False),
            "seed": 1,
            "step": np.zeros(1, int),
            "factor": (0, 1),
            "scale": (0, 1),
        },
    ),
    "batch_norm_forward": (
        None,
        {"x": (4, 6), "gamma": (6,), "beta": (6,)},
        {"moving_mean": (6,), "moving_variance": (6,), "out": (4, 6), "mean": (6,), "inv": (6,)},
        {},
    ),
    "batch_norm_inference": (
        None,
        {"x": (4, 6), "mean": (6,), "variance": (6,), "gamma": (6,), "beta": (6,)},
        {"out": (4, 6), "inv": (6,)},
        {},
    ),
    "batch_norm_backward": (
        None,
        {"dy": (4, 6), "x": (4, 6), "mean": (6,), "inv": (6,), "gamma": (6,)},
        {"out": (4, 6), "dgamma": (6,), "dbeta": (6,)},
        {},
    ),
    "row_norm_forward": (
        None,
        {"x": (4, 6), "gamma": (6,), "beta": (6,)},
        {"out": (4, 6), "inv": (4,)},
        {},
    ),
    "row_norm_backward": (
        None,
        {"dy": (4, 6), "x": (4, 6), "inv": (4,), "mean": (4,), "gamma": (6,)},
        {"out": (4, 6)},
        {},
    ),
    "row_norm_backward_weights": (
        None,
        {"dy": (4, 6), "x": (4, 6), "inv": (4,), "mean": (4,)},
        {"dgamma": (6,), "dbeta": (6,)},
        {},
    ),
    "exp": (None, {"x": (9,)}, {"out": (9,)}, {}),
    "log": (None, {"x": (9,)}, {"out": (9,)}, {}),
    "erf": (None, {"x": (9,)}, {"out": (9,)}, {}),
    "log_softmax_forward": (None, {"x": (4, 6)}, {"out": (4, 6)}, {}),
    "log_softmax_backward": (None, {"dy": (4, 6), "y": (4, 6)}, {"out": (4, 6)}, {}),
    "scale": (None, {"x": (9,), "factor": ()}, {"out": (9,)}, {}),
    "add": (None, {"x": (9,)}, {"y": (9,)}, {}),
    "embedding_forward": (None, {"w": (5, 3)}, {"out": (4, 3)}, {"index": np.arange(4)}),
    "embedding_backward": (None, {"dy": (4, 3)}, {"dw": (5, 3)}, {"index": np.arange(4)}),
    "scatter_rows": (None, {"x": (4, 3)}, {"w": (5, 3)}, {"rows": np.arange(4)}),
    "mask_values": (None, {"x": (9,)}, {"out": (9,)}, {"keep": np.ones(9, bool)}),
    "penalty_backward": (None, {"w": (9,), "factor": ()}, {"out": (9,)}, {"l1": 0.1, "l2": 0.2}),
    "loss_forward": (
        "squared_error",
        {"z": (7, 3), "y": (7, 3), "weight": (7,)},
        {"out": (7, 3)},
        {"kind": "squared_error"},
    ),
    "accuracy": (None, {"z": (7, 3), "y": (7, 3)}, {}, {"kind": "categorical"}),
    "sample_moments": (
        None,
        {"x": (12, 6)},
        {"mean": (4, 6), "squares": (4, 6), "entropy": (4,)},
        {"count": np.zeros(1, np.int64), "kind": "categorical"},
    ),
    "row_mean": (None, {"rows": (7,), "weight": (7,)}, {"out": ()}, {}),
}


def longer(a):
    return np.ones((*a.shape[:-1], a.shape[-1] + 1) if a.ndim else 1, a.dtype)


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


BOTH_FAULTS = {
    "a list": (lambda a: a.tolist(), TypeError),
    "integers": (lambda a: a.astype(np.int64), TypeError),
    "half floats": (lambda a: a.astype(np.float16), TypeError),
    "other floats": (lambda a: a.astype("f4" if a.itemsize == 8 else "f8"), TypeError),
    "one longer": (longer, ValueError),
    "one more axis": (lambda a: a[None], ValueError),
}
OUTPUT_FAULTS = {
    **BOTH_FAULTS,
    "strided": (lambda a: np.repeat(a, 2, axis=-1)[..., ::2], TypeError),
    "read-only": (read_only, TypeError),
    "swapped": (lambda a: a.astype(a.dtype.newbyteorder()), TypeError),
}
ARRAY_CASES = [
    pytest.param(function, name, fault, wrong, id=f"{function}-{name}-{fault}")
    for function, (_, inputs, outputs, _) in CALLS.items()
    for names, faults in ((inputs, BOTH_FAULTS), (outputs, OUTPUT_FAULTS))
    for name, shape in names.items()
    for fault, wrong in faults.items()
    if shape or fault not in ("strided", "swapped")
]


@pytest.mark.parametrize(("function", "name", "fault", "wrong"), ARRAY_CASES)
def test_arrays(function, name, fault, wrong, dtype, fails):
    who, inputs, outputs, others = CALLS[function]
    break_it, exception = wrong
    arguments = {key: np.ones(shape, dtype) for key, shape in (inputs | outputs).items()}
    getattr(_kernels, function)(**arguments, **others)  # as it is, it works
    arguments[name] = bad = break_it(arguments[name])
    written = [a for key, a in arguments.items() if key in outputs and key != name]
    written += [bad] if name in outputs and isinstance(bad, np.ndarray) else []
    fails(
        lambda: getattr(_kernels, function)(**arguments, **others),
        exception,
        rf"^{who or function}: expected .+",
        *written,
    )


@pytest.mark.parametrize("function", CALLS)
def test_required_arrays(function, fails):
    who, inputs, outputs, others = CALLS[function]
    first = next(iter(inputs))
    arguments = {key: np.ones(shape) for key, shape in (inputs | outputs).items()}
    fails(
        lambda: getattr(_kernels, function)(**arguments | {first: None}, **others),
        TypeError,
        f"^{who or function}: expected {first} as a NumPy array, received NoneType$",
    )


def test_messages(fails):
    """One of each kind, word for word."""
    x, w = np.ones((7, 5)), np.ones((4, 3))
    for call, message in (
        (
            lambda: _kernels.dense_forward(x, w),
            "dense_forward: expected w of shape (5, N) for x of shape (7, 5), received (4, 3)",
        ),
        (
            lambda: _kernels.dense_forward(x, w[0]),
            "dense_forward: expected w with 2 dimensions, received shape (3,)",
        ),
        (
            lambda: _kernels.dense_backward_input(x, np.ones((3, 5)), x),
            "dense_backward_input: expected y of shape (7, 3), received (7, 5)",
        ),
        (
            lambda: _kernels.exp(x, out=np.ones((7, 6))),
            "exp: expected out of shape (7, 5), received (7, 6)",
        ),
        (
            lambda: _kernels.dense_forward(x, x.T, out=x),
            "dense_forward: expected out of shape (7, 7), received (7, 5)",
        ),
    ):
        fails(call, ValueError, f"^{re.escape(message)}$", x)
    message = "exp: expected x of dtype float32 or float64, received int64"
    fails(lambda: _kernels.exp(np.arange(3)), TypeError, f"^{message}$")


# ---- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [-1, len(_kernels.ACTIVATIONS), 1000])
def test_activation_codes(act, fails):
    a, b = np.ones((2, 2)), np.zeros((2, 2))
    for call in (
        lambda: _kernels.dense_forward(a, a, None, act, out=b),
        lambda: _kernels.dense_backward_input(a, a, a, act, out=b),
        lambda: _kernels.activation_forward(a, act, out=b),
        lambda: _kernels.activation_backward(a, a, act, out=b),
    ):
        fails(call, ValueError, rf"expected an activation code of \{{.+, received {act}$", b)


def test_softmax_does_not_go_through_dense_backward_input(fails):
    a, b = np.ones((2, 2)), np.zeros((2, 2))
    fails(
        lambda: _kernels.dense_backward_input(a, a, a, SOFTMAX, out=b),
        ValueError,
        "expected an elementwise activation, received softmax; use activation_backward",
        b,
    )


def forward(**changes):
    arguments = {"rate": 0.5, "seed": 1, "step": np.zeros(1, np.int64)} | changes
    return lambda: _kernels.dropout_forward(np.ones(20), **arguments)


@pytest.mark.parametrize("rate", [-0.1, 1.1, np.nan, np.inf])
def test_rates(rate, fails):
    out, bits = np.zeros(20), np.zeros(3, np.uint8)
    message = rf"expected a rate in \[0, 1\], received {rate}$"
    fails(forward(rate=rate, out=out, bits=bits), ValueError, message, out, bits)
    fails(lambda: _kernels.dropout_backward(out, rate, bits, out=out), ValueError, message, out)


def test_random_counters(fails):
    out = np.zeros(20)
    counter = "^dropout_forward: expected step as an int64 array that holds the counter$"
    for step in (0, np.zeros(1), np.zeros(1, "i4"), np.empty(0, "i8"), np.zeros(1, ">i8")):
        fails(forward(step=step, out=out), TypeError, counter, out)
    for stream in (-1, 2**30):
        message = rf"expected stream in \[0, 2\*\*30\), received {stream}$"
        fails(forward(stream=stream, out=out), ValueError, message, out)
    for seed in (-1, 2**64):
        message = rf"expected seed in \[0, 2\*\*64\), received {seed}$"
        fails(forward(seed=seed, out=out), ValueError, message, out)


def test_dropout_in_the_products(fails):
    """The same checks where dropout is a part of a dense product."""
    a, out, step = np.ones((4, 4)), np.zeros((4, 4)), np.zeros(1, np.int64)

    def layer(**changed):
        given = {"rate": 0.5, "seed": 1, "step": step, "out": out, **changed}
        return lambda: _kernels.dense_forward(a, a, **given)

    def back(**changed):
        given = {"y": a, "act": _kernels.ACTIVATIONS["relu"], "rate": 0.5, "out": out, **changed}
        return lambda: _kernels.dense_backward_input(a, a, **given)

    fails(layer(step=np.zeros(1)), TypeError, "^dense_forward: expected step as an int64", out)
    fails(layer(seed=-1), ValueError, r"^dense_forward: expected seed in \[0, 2\*\*64\)", out)
    for rate in (-0.1, 1.1, np.nan):
        fails(layer(rate=rate), ValueError, r"^dense_forward: expected a rate in \[0, 1\]", out)
        fails(back(rate=rate), ValueError, r"_input: expected a rate in \[0, 1\]", out)
    softmax = _kernels.ACTIVATIONS["softmax"]
    fails(layer(act=softmax), ValueError, "expected no dropout behind a softmax", out)
    fails(back(act=0), ValueError, "expected y and relu with a rate, received rate=0.5$", out)
    fails(back(y=None), ValueError, "expected y and relu with a rate, received rate=0.5$", out)


@pytest.mark.parametrize(
    "bits",
    [
        [1, 2, 3],
        np.zeros(3, np.int8),
        np.zeros(2, np.uint8),
        np.zeros(4, np.uint8),
        np.zeros(6, np.uint8)[::2],
    ],
    ids=repr,
)
def test_bits(bits, fails):
    out = np.zeros(20)
    message = "expected bits as a contiguous uint8 array of 3 elements"
    fails(forward(bits=bits, out=out), ValueError, f"^dropout_forward: {message}", out)
    fails(
        lambda: _kernels.dropout_backward(out, 0.5, bits, out=out),
        ValueError,
        f"^dropout_backward: {message}",
        out,
    )


def test_bits_are_written_or_read(fails):
    bits = read_only(np.full(3, 255, np.uint8))
    fails(forward(bits=bits), ValueError, "expected bits as a contiguous uint8 array", bits)
    assert (_kernels.dropout_backward(np.ones(20), 0.5, bits) == 2).all()
    fails(
        lambda: _kernels.dropout_backward(np.ones(20), 0.5),
        ValueError,
        "^dropout_backward: expected bits or y, received neither$",
    )


# ---- losses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "exception", "message"),
    [
        ([0, 1, 2], TypeError, "expected labels as a contiguous int64 array, received list"),
        (np.zeros(3, np.int32), TypeError, "contiguous int64 array, received int32"),
        (np.zeros(3), TypeError, "contiguous int64 array, received float64"),
        (np.zeros(6, np.int64)[::2], TypeError, "contiguous int64 array"),
        (np.zeros(4, np.int64), ValueError, r"expected 3 labels, one a row, received shape \(4,\)"),
        (np.array([0, 5, 1]), ValueError, r"labels in \[0, 5\), received 5 in row 1$"),
        (np.array([0, 1, -1]), ValueError, r"labels in \[0, 5\), received -1 in row 2$"),
    ],
    ids=repr,
)
def test_labels(labels, exception, message, fails):
    z, out = np.ones((3, 5)), np.zeros((3, 5))
    fails(
        lambda: _kernels.loss_forward("sparse_cross_entropy", z, labels, out=out),
        exception,
        f"^sparse_cross_entropy: .*{message}",
        out,
    )
    fails(lambda: _kernels.accuracy("sparse", z, labels), exception, f"^accuracy: .*{message}")


def test_kinds_and_smoothing(fails):
    z, out = np.ones((3, 5)), np.zeros((3, 5))
    fails(
        lambda: _kernels.loss_forward("hinges", z, z, out=out),
        ValueError,
        r"^loss_forward: expected a kind of \['absolute_error', .+\], received 'hinges'$",
        out,
    )
    fails(
        lambda: _kernels.accuracy("top", z, z),
        ValueError,
        r"^accuracy: expected a kind of \['binary', 'categorical', 'sparse'\], received 'top'$",
    )
    for smoothing in (-0.1, 1.1, np.nan):
        fails(
            lambda s=smoothing: _kernels.loss_forward(
                "softmax_cross_entropy", z, z, smoothing=s, out=out
            ),
            ValueError,
            rf"expected label smoothing in \[0, 1\], received {smoothing}$",
            out,
        )


# ---- gather ------------------------------------------------------------------------------------

SRC = np.arange(24.0).reshape(6, 4)
FLOATS = "expected out of dtype float32 or float64"
INT64 = "expected order as a contiguous int64 array"
ORDER = np.arange(6)


def start(n):
    return np.array(n)


@pytest.mark.parametrize(
    ("arguments", "exception", "message"),
    [
        ({"src": SRC.tolist()}, TypeError, "expected src and out as NumPy arrays, received list"),
        ({"src": SRC.astype(complex)}, TypeError, "expected src of a native .+received complex128"),
        ({"src": SRC.astype(object)}, TypeError, "expected src of a native .+ received object"),
        ({"src": SRC.astype(str)}, TypeError, "expected src of a native .+ received <U"),
        ({"src": SRC.astype(">f8")}, TypeError, "expected src of a native .+ received >f8"),
        ({"src": SRC.astype(">i4")}, TypeError, "expected src of a native .+ received >i4"),
        ({"src": SRC[:, :3]}, ValueError, r"rows of equal shape .+ \(6, 3\) and \(3, 4\)"),
        ({"src": SRC[0]}, ValueError, r"rows of equal shape .+ \(4,\) and \(3, 4\)"),
        ({"src": SRC[0, 0, ...]}, ValueError, r"rows of equal shape .+ \(\) and \(3, 4\)"),
        ({"src": np.asfortranarray(SRC)}, ValueError, "aligned rows; use src.copy"),
        ({"src": np.ones((6, 8))[:, ::2]}, ValueError, "contiguous, aligned rows"),
        ({"src": np.ones(193, "u1")[1:].view("f8").reshape(6, 4)}, ValueError, "aligned rows"),
        ({"out": np.ones((3, 4), np.float16)}, TypeError, FLOATS),
        ({"out": np.ones((3, 4), np.int32)}, TypeError, FLOATS),
        ({"out": np.ones((3, 8))[:, ::2]}, TypeError, "expected out contiguous and writeable"),
        ({"out": read_only(np.ones((3, 4)))}, TypeError, "expected out contiguous and writeable"),
        ({"out": np.ones((7, 4))}, IndexError, r"rows 0\.\.7 are outside the 6 of src"),
        ({"start": start(4)}, IndexError, r"rows 4\.\.7 are outside the 6 of src"),
        ({"start": start(-1)}, IndexError, r"rows -1\.\.2 are outside the 6 of src"),
        ({"start": 1}, TypeError, "expected start as an int64 array that holds the counter"),
        ({"order": [0, 1, 2]}, TypeError, INT64),
        ({"order": ORDER.astype(np.int32)}, TypeError, INT64),
        ({"order": ORDER[::2]}, TypeError, INT64),
        ({"order": ORDER[:2]}, IndexError, r"rows 0\.\.3 are outside an order of 2"),
        ({"order": ORDER, "start": start(4)}, IndexError, r"rows 4\.\.7 are outside an order of 6"),
        ({"order": ORDER - 1}, IndexError, "order names rows outside the 6 of src"),
        ({"order": ORDER + 4}, IndexError, "order names rows outside the 6 of src"),
    ],
)  # fmt: skip
def test_gather_rows(arguments, exception, message, fails):
    arguments = {"src": SRC, "out": np.zeros((3, 4))} | arguments
    call = lambda: _kernels.gather_rows(**arguments)  # noqa: E731
    fails(call, exception, f"^gather_rows: .*{message}", arguments["out"])


def test_gather_rows_checks_only_the_rows_it_reads():
    out = np.zeros((2, 4))
    _kernels.gather_rows(SRC, out, np.array([99, 1, 0, -1]), start(1))
    assert np.array_equal(out, SRC[[1, 0]])


# ---- threads -----------------------------------------------------------------------------------


def test_number_of_threads(fails):
    most = _kernels.get_num_threads()
    try:
        for n in (1, 2, 1000):
            _kernels.set_num_threads(n)
            assert _kernels.get_num_threads() == min(n, most)
        fails(
            lambda: _kernels.set_num_threads(-1),
            ValueError,
            r"^set_num_threads: expected an integer >= 0 \(0: no limit\), received -1$",
        )
        assert _kernels.get_num_threads() == most
    finally:
        _kernels.set_num_threads(0)


def test_build_flags():
    flags, native = _kernels.build_flags()
    assert native in ("POSIX threads", "Windows threads", "none")
    assert (native == "POSIX threads") == ("-pthread" in flags)


# ---- outputs on the memory of inputs -----------------------------------------------------------


def test_outputs_that_overlap_an_input_partly(dtype, fails):
    memory = np.arange(64, dtype=dtype)
    for shift in (1, 8):
        x, out = memory[:40], memory[shift : 40 + shift]
        before = memory.copy()
        for call in (
            lambda x=x, out=out: _kernels.exp(x, out),
            lambda x=x, out=out: _kernels.add(out, x),
            lambda x=x, out=out: _kernels.activation_forward(x, RELU, out),
            lambda x=x, out=out: _kernels.activation_backward(x, x, RELU, out),
            lambda x=x, out=out: _kernels.dropout_forward(
                x, 0.5, 1, np.zeros(1, int), 0, None, out
            ),
        ):
            fails(call, ValueError, "expected an output on memory of its own.*pass a copy")
        np.testing.assert_array_equal(memory, before)


def test_products_need_outputs_of_their_own(dtype, fails):
    x, w = np.ones((3, 3), dtype), np.ones((3, 3), dtype)
    for out in (x, w):
        message = "dense_forward: expected an output on memory of its own"
        fails(lambda out=out: _kernels.dense_forward(x, w, None, 0, out), ValueError, message)
    message = "dense_backward_weights: expected an output on memory of its own"
    fails(lambda: _kernels.dense_backward_weights(x, w, x), ValueError, message)
    _kernels.exp(x, x)  # in place is fine
