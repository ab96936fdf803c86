"""Tensor and Parameter as containers: construction, conversion, NumPy beside them, `.grad`."""

from __future__ import annotations

import inspect
import operator

import numpy as np
import pytest

from corereg import Parameter, Tensor, no_grad
from corereg.autograd import ops, tensor

FLOATS = ["float32", "float64"]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"]


# ---- construction -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shape", "dtype"),
    [
        (1.5, (), "float32"),
        (2, (), "int64"),
        (True, (), "bool"),
        ([1.0, 2.0], (2,), "float32"),
        ([1, 2.5], (2,), "float32"),
        ([1, 2], (2,), "int64"),
        ([[True], [False]], (2, 1), "bool"),
        (((1.0, 2.0), (3.0, 4.0)), (2, 2), "float32"),
        ([], (0,), "float32"),
        (np.float32(1), (), "float32"),
        (np.float64(1), (), "float64"),
        (range(3), (3,), "int64"),
    ],
)
def test_construction(value, shape, dtype):
    t = Tensor(value)
    assert (t.shape, t.dtype, t.ndim, t.size) == (shape, dtype, len(shape), np.prod(shape))
    np.testing.assert_array_equal(t.data, np.asarray(value))
    assert type(t.data) is np.ndarray
    assert t.is_leaf
    assert not t.requires_grad
    assert t.grad is None


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
def test_arrays_are_wrapped_without_a_copy(dtype):
    array = np.ones((2, 3), dtype)
    assert Tensor(array).data is array
    assert Tensor(Tensor(array)).data is array
    assert tensor(array).data is array
    assert Tensor(array.T).dtype == dtype


def test_subclasses_of_arrays_become_arrays():
    class Own(np.ndarray):
        pass

    array = np.ones((2, 2)).view(Own)
    t = Tensor(array)
    assert type(t.data) is np.ndarray
    assert t.dtype == np.float64
    assert np.shares_memory(t.data, array)


@pytest.mark.parametrize(
    ("value", "received"),
    [
        (np.ones(2, complex), "complex128"),
        (1j, "complex128"),
        (np.ones(2, np.float16), "float16"),
        (np.ones(2, np.longdouble), str(np.dtype(np.longdouble))),
        (np.ones(2, ">f4"), ">f4"),
        (np.array([1, None]), "object"),
        (None, "object"),
        ("text", "<U4"),
        ([1.0, "text"], "<U32"),
        (b"text", r"\|S4"),
        (np.array(["2020-01-01"], "datetime64[D]"), "datetime64"),
        ({"a": 1}, "object"),
    ],
)
def test_other_dtypes_are_refused(value, received, fails):
    expected = rf"Tensor: expected numbers of dtype float32, .* received {received}.*astype"
    fails(lambda: Tensor(value), TypeError, expected)
    fails(lambda: Parameter(value), TypeError, expected)


def test_ragged_lists_are_refused(fails):
    fails(lambda: Tensor([[1.0], [1.0, 2.0]]), ValueError, "inhomogeneous")


def test_only_floats_require_grad(fails):
    for dtype in FLOATS:
        assert Tensor(np.ones(2, dtype), requires_grad=True).requires_grad
    for array in (np.ones(2, dtype) for dtype in INTEGERS):
        message = f"float32 or float64 array for requires_grad=True, received {array.dtype};"
        fails(lambda a=array: Tensor(a, requires_grad=True), TypeError, message)


# ---- as Python values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("t", "text"),
    [
        (Tensor(1.5), "Tensor(1.5)"),
        (Tensor([1, 2]), "Tensor([1, 2], dtype=int64)"),
        (Tensor(np.ones(2)), "Tensor([1., 1.], dtype=float64)"),
        (Tensor([1.0], requires_grad=True), "Tensor([1.], requires_grad=True)"),
        (Tensor([1.0], requires_grad=True) + 1, "Tensor([2.], op=Add)"),
        (Tensor(np.zeros((0, 3), "f4")), "Tensor([], shape=(0, 3))"),
        (Tensor([[1.0, 2.0], [3.0, 4.0]]), "Tensor([[1., 2.],\n        [3., 4.]])"),
        (Parameter([1.0]), "Parameter([1.], requires_grad=True)"),
    ],
)
def test_repr(t, text):
    assert repr(t) == text


def test_repr_of_many_numbers_is_short():
    assert len(repr(Tensor(np.zeros(10**6)))) < 100


def test_python_numbers():
    t = Tensor([[2.5]], requires_grad=True)
    assert t.item() == 2.5
    assert type(t.item()) is float
    assert type(Tensor(3).item()) is int
    assert (float(t), int(t), bool(t), bool(Tensor(0.0))) == (2.5, 2, True, False)
    assert (len(Tensor([1, 2])), len(Tensor(np.zeros((0, 2))))) == (2, 0)


@pytest.mark.parametrize("shape", [(2,), (0,), (1, 3)])
def test_only_one_element_is_a_number(shape, fails):
    t = Tensor(np.zeros(shape))
    for who, call in {
        "Tensor.item": t.item,
        r"float\(Tensor\)": lambda: float(t),
        r"int\(Tensor\)": lambda: int(t),
        r"bool\(Tensor\)": lambda: bool(t),
        r"format\(Tensor\)": lambda: f"{t:.3f}",
    }.items():
        fails(call, ValueError, f"^{who}: expected one element, received shape .{shape[0]},")
    message = r"t.numpy\(\).all\(\) or .any\(\), or np.array_equal to compare two tensors"
    fails(lambda: "same" if t == t else "other", ValueError, message)


def test_a_number_has_no_length(fails):
    fails(lambda: len(Tensor(1.0)), TypeError, r"len\(\) of a 0-d tensor")


# ---- beside NumPy -------------------------------------------------------------------------------


def test_numpy_is_a_view():
    t = Tensor(np.zeros(3), requires_grad=True)
    t.numpy()[1] = 5
    assert t.data.tolist() == [0, 5, 0]


def test_conversion_to_arrays(fails):
    t = Tensor(np.arange(3.0))
    assert np.asarray(t) is t.data
    assert np.shares_memory(np.array(t, copy=None), t.data)
    assert not np.shares_memory(np.array(t), t.data)
    assert np.asarray(t, np.float32).dtype == np.float32
    fails(lambda: np.array(t, np.float32, copy=False), ValueError, "copy")
    np.testing.assert_array_equal(np.asarray([Tensor(1.0), Tensor(2.0)]), [1, 2])


def test_conversion_never_loses_a_gradient(fails):
    x = Tensor(np.arange(3.0), requires_grad=True)
    for t in (x, x * 2):
        for call in (lambda t=t: np.asarray(t), lambda t=t: np.zeros(3) * np.array(t)):
            fails(call, RuntimeError, "requires grad does not turn into an array.*detach")
        assert np.asarray(t.detach()) is t.data
        with no_grad():
            assert np.asarray(t) is t.data


@pytest.mark.parametrize(
    "other", [np.float64(2), np.float32(2), np.array(2.0), np.full(3, 2.0), 2, 2.0]
)
def test_numpy_on_the_left_gives_tensors(other):
    t = Tensor(np.arange(1.0, 4.0), requires_grad=True)
    results = [other + t, other - t, other * t, other / t, other**t]
    expected = [other + t.data, other - t.data, other * t.data, other / t.data, other**t.data]
    for result, value in zip(results, expected, strict=True):
        assert type(result) is Tensor
        assert result.requires_grad
        np.testing.assert_allclose(result.data, value, rtol=1e-15)


def test_numpy_matrices_on_either_side():
    t, a = Tensor(np.arange(6.0).reshape(2, 3)), np.arange(3.0)
    np.testing.assert_array_equal((t @ a).data, t.data @ a)
    np.testing.assert_array_equal((a @ t.T).data, a @ t.data.T)
    assert type(a @ t.T) is Tensor


def test_ufuncs_of_an_op_give_tensors():
    t = Tensor(np.ones(2), requires_grad=True)
    for out, value in [
        (np.exp(t), np.exp(1)),
        (np.add(np.ones(2), t), 2),
        (np.where(t > 0, t, 0), 1),
    ]:
        assert type(out) is Tensor
        assert out.requires_grad
        np.testing.assert_allclose(out.data, value, rtol=1e-15)


def test_augmented_assignment_to_a_result_makes_a_new_tensor():
    t = before = Tensor(np.ones(2), requires_grad=True) * 1
    t += 1
    assert t is not before
    assert t.node is not None
    assert before.data.tolist() == [1, 1]


# ---- .grad --------------------------------------------------------------------------------------


def test_grad_is_a_tensor_on_the_same_memory():
    t = Tensor(np.ones(2, np.float32), requires_grad=True)
    (t * 3).sum().backward()
    assert type(t.grad) is Tensor
    assert not t.grad.requires_grad
    t.grad.data[0] = 7
    assert t.grad.data.tolist() == [7, 3]


def test_grad_of_one_number_is_on_the_same_memory_too():
    t = Tensor(2.0, requires_grad=True)
    (t * t + t).backward()
    (t * 3).backward()
    t.grad.data[...] *= 2
    assert t.grad.item() == 16


def test_setting_grad(fails):
    t = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    for value in (np.ones((2, 3)), Tensor(np.ones((2, 3))), [[1, 1, 1]] * 2):
        t.grad = value
        assert t.grad.dtype == np.float32
        assert t.grad.shape == (2, 3)
    t.grad = None
    assert t.grad is None
    for value in (np.ones(3), 1.0, np.ones((3, 2))):
        message = r"Tensor.grad: expected shape \(2, 3\) as the tensor's, received"
        fails(lambda v=value: setattr(t, "grad", v), ValueError, message)
    assert t.grad is None


# ---- Parameter ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (0, 3), (1000,)])
def test_parameters_begin_at_a_cache_line(shape, dtype):
    source = np.ones(shape, dtype)
    for _ in range(5):
        p = Parameter(source)
        for array in (p.data, p.buffer):
            assert array.ctypes.data % 64 == 0 or not array.size  # NumPy invents that address
            assert (array.shape, array.dtype) == (shape, dtype)
            assert array.flags.c_contiguous
            assert array.flags.writeable
            assert not np.shares_memory(array, source)
        np.testing.assert_array_equal(p.data, source)


def test_parameters_are_leaves_with_names():
    p, q = Parameter([1.0, 2.0], name="kernel"), Parameter(np.asfortranarray(np.ones((2, 3))).T)
    assert (p.name, p.dtype, p.requires_grad, p.trainable) == ("kernel", "float32", True, True)
    assert q.data.flags.c_contiguous
    assert q.name != Parameter([1.0]).name
    assert type(p * 2) is Tensor
    source = Tensor([1.0], requires_grad=True)
    assert Parameter(source).data.tolist() == [1]


def test_integer_parameters_are_refused(fails):
    fails(lambda: Parameter([1, 2]), TypeError, "float32 or float64 array.* received int64")


def test_freezing_forgets_the_gradient():
    p = Parameter([1.0])
    (p * 2).sum().backward()
    p.trainable = False
    assert p.grad is None
    assert not p.requires_grad
    assert not (p * 2).requires_grad
    p.trainable = True
    assert (p * 2).requires_grad


def test_assign(fails):
    p = Parameter(np.zeros((2, 2), np.float32), name="kernel")
    data = p.data
    for value in (np.eye(2), Tensor(np.eye(2), requires_grad=True), [[1, 0], [0, 1]]):
        p.assign(np.zeros((2, 2)))
        p.assign(value)
        assert p.data is data
        np.testing.assert_array_equal(data, np.eye(2, dtype=np.float32))
    for value, exception, message in [
        (np.ones(2), ValueError, r"'kernel': expected a value of shape \(2, 2\), received \(2,\)"),
        (1.0, ValueError, r"received \(\)"),
        (np.ones((2, 2), complex), TypeError, "'kernel': expected numbers, received dtype complex"),
        (np.full((2, 2), "a"), TypeError, "received dtype <U1"),
        (np.full((2, 2), None), TypeError, "received dtype object"),
    ]:
        fails(lambda v=value: p.assign(v), exception, message, data)


# ---- methods ------------------------------------------------------------------------------------

OTHERWISE = {  # other names or defaults than the op's: *shape, other for b, dim for axis
    *("reshape", "transpose", "tile", "flip", "repeat", "squeeze", "flatten", "clip", "norm"),
    *("matmul", "maximum", "minimum", "outer", "var", "std", "roll", "triu", "tril", "diagonal"),
    *("fmod", "remainder", "floor_divide", "arctan2", "hypot", "logaddexp"),
    *("logical_and", "logical_or", "logical_xor", "add", "subtract", "multiply", "divide"),
    *("negative", "argsort", "less", "less_equal", "greater", "greater_equal", "not_equal"),
}
PYTORCHS = {"equal", "sort", "median", "split", "where", "copy"}  # test_torch_words.py has them


def in_both():
    return [n for n in ops.__all__ if hasattr(Tensor, n) and n not in PYTORCHS]


@pytest.mark.parametrize("name", in_both())
def test_a_method_takes_what_its_op_takes(name):
    def rest(function):
        return [
            (p.name, p.kind, p.default)
            for p in inspect.signature(function).parameters.values()
            if p.kind is not p.KEYWORD_ONLY
        ][1:]

    alike = rest(getattr(Tensor, name)) == rest(getattr(ops, name))
    assert alike or name in OTHERWISE


FEW = np.array([[0.25, -0.5, 0.75], [-0.125, 0.5, 0.625]])
OTHER = np.array([[-0.5, 0.5, 0.25], [0.5, -0.75, 2.0]])
WIDE = FEW[:, None, :, None]  # (2, 1, 3, 1)

# For each method the tensor and its arguments, none as it would be if it were left out.
ARGUMENTS = {
    **dict.fromkeys(
        ("abs", "sign", "square", "reciprocal", "exp", "expm1", "log1p", "sin"), (FEW,)
    ),
    **dict.fromkeys(("cos", "tanh", "sigmoid", "erf", "relu", "flatten"), (FEW,)),
    **{n: (np.abs(FEW),) for n in ("sqrt", "rsqrt", "log")},
    **dict.fromkeys(("softmax", "log_softmax", "cumsum"), (FEW, 0)),
    **dict.fromkeys(("sum", "mean", "prod", "max", "min", "argmax", "argmin"), (FEW, 0, True)),
    **dict.fromkeys(("var", "std"), (FEW, 0, True, 1.0)),
    **dict.fromkeys(("maximum", "minimum"), (FEW, OTHER)),
    **dict.fromkeys(("tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "arcsinh"), (FEW,)),
    **dict.fromkeys(("arctanh", "exp2", "erfinv"), (FEW,)),
    **dict.fromkeys(("log2", "log10"), (np.abs(FEW),)),
    **dict.fromkeys(("less", "less_equal", "greater", "greater_equal", "not_equal"), (FEW, OTHER)),
    "arccosh": (1 + np.abs(FEW),),
    "det": (FEW @ FEW.T,),
    "cholesky": (FEW @ FEW.T,),
    **dict.fromkeys(("ceil", "floor", "trunc", "isnan", "isinf", "isfinite"), (FEW,)),
    **dict.fromkeys(("logical_not", "negative", "argsort"), (FEW,)),
    **dict.fromkeys(("any", "all"), (FEW, 0, True)),
    **dict.fromkeys(("fmod", "remainder", "floor_divide", "arctan2", "hypot"), (FEW, OTHER)),
    **dict.fromkeys(("add", "subtract", "multiply", "divide", "logaddexp"), (FEW, OTHER)),
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), (FEW, OTHER)),
    **dict.fromkeys(("triu", "tril"), (FEW, 1)),
    "round": (FEW, 1),
    "trace": (FEW, 1, 1, 0),
    "cumprod": (FEW, 0),
    "diagonal": (FEW, 1, 1, 0),
    "roll": (FEW, 1, 0),
    "clip": (FEW, -0.25, 0.5),
    "astype": (FEW, "float32"),
    "logsumexp": (FEW, 0, True),
    "norm": (FEW, 3, 0, True),
    "matmul": (FEW, OTHER.T),
    "outer": (FEW[0], OTHER[1]),
    "reshape": (FEW, (3, 2)),
    "transpose": (WIDE, (2, 0, 3, 1)),
    "swapaxes": (WIDE, 0, 2),
    "squeeze": (WIDE, 1),
    "expand_dims": (FEW, (0, 2)),
    "broadcast_to": (WIDE, (2, 2, 3, 2)),
    "flip": (FEW, 1),
    "tile": (FEW, (2, 3)),
    "repeat": (FEW, 2, 1),
    "take": (FEW, [2, 0, 2], 1),
    "take_along_axis": (FEW, np.array([[1, 0, 1]]), 0),
    "set_at": (FEW, (0, [2, 1]), 7.0),
    "add_at": (FEW, (0, [2, 2]), 7.0),
}


def the_same(one, other):
    """Fails unless two tensors, or lists of tensors, have the same bits and come of the same op."""
    ones, others = (t if isinstance(t, list) else [t] for t in (one, other))
    for a, b in zip(ones, others, strict=True):
        assert type(a) is type(b) is Tensor
        assert (a.shape, a.dtype, a.requires_grad) == (b.shape, b.dtype, b.requires_grad)
        assert a.data.tobytes() == b.data.tobytes()
        assert type(a.node) is type(b.node)


@pytest.mark.parametrize("name", in_both())
def test_a_method_does_what_its_op_does(name):
    array, *rest = ARGUMENTS[name]
    t = Tensor(array, requires_grad=True)
    the_same(getattr(t, name)(*rest), getattr(ops, name)(t, *rest))
    function = inspect.signature(getattr(ops, name))
    if name not in OTHERWISE:
        named = dict(zip(list(function.parameters)[1:], rest, strict=True))
        the_same(getattr(t, name)(**named), getattr(ops, name)(t, **named))
    needed = [p for p in function.parameters.values() if p.default is p.empty]
    rest = rest[: len(needed) - 1]
    the_same(getattr(t, name)(*rest), getattr(ops, name)(t, *rest))


def test_shapes_and_axes_may_be_given_one_by_one():
    t, wide = Tensor(FEW, requires_grad=True), Tensor(WIDE, requires_grad=True)
    the_same(t.reshape(3, 2), ops.reshape(t, (3, 2)))
    the_same(t.reshape(-1), ops.reshape(t, -1))
    the_same(wide.transpose(2, 0, 3, 1), ops.transpose(wide, (2, 0, 3, 1)))
    the_same(wide.T, ops.transpose(wide))
    the_same(wide.mT, ops.swapaxes(wide, -1, -2))


OPERATORS = {
    **{n: getattr(operator, n) for n in ("add", "matmul", "pow")},
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "logical_and": operator.and_,
    "logical_or": operator.or_,
}


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_does_what_its_op_does(name):
    op = getattr(ops, "power" if name == "pow" else name)
    other = np.array([[0.25, 2.0, 3.0]])  # its first entry is equal to one of FEW's
    array, other = (np.abs(FEW), other.T) if name == "matmul" else (np.abs(FEW), other)
    t, right = Tensor(array, requires_grad=True), Tensor(other)
    the_same(OPERATORS[name](t, right), op(t, right))
    the_same(OPERATORS[name](right.T, t.T), op(right.T, t.T))
    the_same(OPERATORS[name](t, other), op(t, other))
    if name != "matmul":
        the_same(OPERATORS[name](t, 0.25), op(t, 0.25))
        the_same(OPERATORS[name](0.25, t), op(0.25, t))


def test_operators_of_one_tensor():
    t = Tensor(FEW, requires_grad=True)
    the_same(-t, ops.negative(t))
    the_same(abs(t), ops.abs(t))
    the_same(~(t > 0), ops.logical_not(ops.greater(t, 0)))
    the_same(t[1, ::2], ops.getitem(t, (1, slice(None, None, 2))))


def test_nothing_in_the_place_of_a_tensor():
    with pytest.raises(TypeError, match="other"):
        Tensor([1.0]).shares_version(None)
