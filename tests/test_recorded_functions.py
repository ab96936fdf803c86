"""corereg.record: training steps of one's own, recorded and replayed."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest
from small import ROWS, bits, data

import corereg
from corereg import Parameter, Tensor, layers, losses, metrics, optimizers, random
from corereg.autograd import Op, apply, ops
from corereg.models import Sequential
from corereg.regularizers import L1L2
from corereg.runtime.scheduling import SIGNATURES


def net(activity=None, dtype="float32"):
    corereg.set_random_seed(41)
    return Sequential(
        [
            layers.Input((6,), dtype=dtype),
            layers.Dense(9, "relu", kernel_regularizer="l1_l2", dtype=dtype),
            layers.Dropout(0.4, dtype=dtype),
            layers.Dense(
                8, "tanh", bias_regularizer="l2", activity_regularizer=activity, dtype=dtype
            ),
            layers.Dropout(0.2, dtype=dtype),
            layers.Dense(3, "softmax", kernel_regularizer="l1", dtype=dtype),
        ]
    )


def loop(model, optimizer, loss_function=None):
    """The loop of one's own as the documentation has it, not recorded."""
    loss_function = loss_function or losses.SparseCategoricalCrossentropy()
    optimizer.build(model.trainable_weights)

    def step(x, y):
        loss = loss_function(y, model(x, training=True)) + sum(model.losses)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return step


def batches(dtype="float32", epochs=4):
    x, y = data(3, dtype)
    for epoch in range(epochs):
        for first in range(0, ROWS, 16):
            rows = slice(first, first + 16)
            yield x[rows] + np.asarray(epoch, dtype), y[rows]


def run(step, **options):
    """The losses of some epochs, with a short last batch."""
    return [float(step(Tensor(x), Tensor(y))) for x, y in batches(**options)]


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1),
    "nesterov": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipvalue=0.01),
    "rmsprop": lambda: optimizers.RMSprop(0.01, centered=True, global_clipnorm=0.1),
    "adam": lambda: optimizers.Adam(0.01, amsgrad=True, clipnorm=0.3),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("activity", [None, "l2"])
def test_a_recorded_step_does_what_the_loop_does(name, activity, dtype):
    model, twin = net(activity, dtype), net(activity, dtype)
    step = corereg.record(loop(model, OPTIMIZERS[name]()))
    assert run(step, dtype=dtype) == run(loop(twin, OPTIMIZERS[name]()), dtype=dtype)
    assert bits(model) == bits(twin)
    assert step.python_calls == 4  # two for each number of rows


@pytest.mark.parametrize("threads", [1, 0])
def test_threads_do_not_matter(threads):
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((64, 300)).astype("f4"), rng.integers(0, 5, 64)
    weights = []
    try:
        for limit in (0, threads):
            corereg.set_num_threads(limit)
            corereg.set_random_seed(3)
            model = Sequential(
                [layers.Dense(300, "relu", input_dim=300), layers.Dense(5, "softmax")]
            )
            step = loop(model, optimizers.Adam())
            step = corereg.record(step) if limit == threads else step
            for _ in range(5):
                step(Tensor(x), Tensor(y))
            weights.append(bits(model))
    finally:
        corereg.set_num_threads(0)
    assert weights[0] == weights[1]


def test_arguments_of_all_kinds():
    seen = []

    @corereg.record
    def step(x, y, *, scale):
        seen.append((x.dtype.name, y.dtype.name, scale.dtype.name, x.shape, scale.shape))
        assert type(x) is type(y) is type(scale) is Tensor
        return {"x": [x], "y": [y, (ops.relu(scale), None)]}

    for n in range(4):
        out = step(np.full((2, 3), n, "f4"), np.full(2, n, "u1"), scale=float(n))
        assert (out["x"][0].numpy() == n).all()
        assert (out["y"][0].numpy() == n).all()
        assert out["y"][1][0].item() == n
        assert out["y"][1][1] is None
    assert seen == [("float32", "int64", "float32", (2, 3), ())] * 2
    given = np.ones((4, 3))[::-1]
    for kind, name in (("f8", "float64"), ("f2", "float32"), ("i2", "int64"), ("?", "bool")):
        step(given.astype(kind), [1, 2], scale=1.0)
        assert seen[-1] == (name, "int64", "float32", (4, 3), ())
    calls = len(seen)
    step(given.astype(">f8"), (1, 2), scale=np.float32(1))
    assert len(seen) == calls + 1  # the second of its kind
    step(given.astype("longdouble"), Tensor(np.ones(2, "i4")), scale=1.0)
    assert len(seen) == calls + 2  # float32 now, for the second time
    step(given, np.ones(2, "u2"), scale=1.0)
    assert len(seen) == calls + 2


def test_results_are_copies():
    step = corereg.record(lambda x: {"y": [ops.relu(x), ops.tanh(x).data * 2], "none": None})
    results = [step(np.full(3, n, "f4")) for n in range(5)]
    for n, result in enumerate(results):
        assert (result["y"][0].numpy() == n).all()
        assert (result["y"][1] == np.tanh(np.float32(n)) * 2).all() or n > 2
        assert result["none"] is None
    memory = [r["y"][0].numpy() for r in results]
    assert not any(np.shares_memory(a, b) for a in memory for b in memory if a is not b)


def test_results_without_copies_are_on_memory_that_the_next_call_overwrites():
    step = corereg.record(copy=False)(lambda x: ops.relu(x))
    results = [step(np.full(3, n, "f4")) for n in range(5)]
    assert all(np.shares_memory(r.numpy(), results[1].numpy()) for r in results[2:])
    assert (results[2].numpy() == 4).all()
    assert not results[2].requires_grad


def test_arguments_are_copied():
    step = corereg.record(lambda x: ops.relu(x))
    x = np.ones(3, "f4")
    for n in range(4):
        x[:] = n
        out = step(x)
        x[:] = -1
        assert (out.numpy() == n).all()


def test_parameters_without_layers_and_gradients_that_are_kept():
    """fn may also leave gradients for what follows outside."""
    x = np.linspace(-1, 1, 12, dtype="f4").reshape(4, 3)
    y = np.ones((4, 2), "f4")
    grads = []
    for recorded in (False, True):
        w = Parameter(np.full((3, 2), 0.5, "f4"), regularizer=L1L2(0.1, 0.1))
        optimizer = optimizers.SGD(0.1)
        optimizer.build([w])

        def step(x, y, w=w):
            loss = ops.mean_loss("squared_error", ops.dense(x, w, activation="tanh"), y.data)
            loss.backward()
            return loss

        step = corereg.record(step) if recorded else step
        seen = []
        for n in range(6):
            if n == 4:  # left from elsewhere: added to, as in a loop
                w.grad = np.ones((3, 2))
            step(Tensor(x * (n + 1)), Tensor(y))
            seen.append(w.grad.numpy().copy().tobytes())
            optimizer.step()
            optimizer.zero_grad()
        grads.append((seen, w.numpy().tobytes()))
        if recorded:
            assert step.python_calls == 3
    assert grads[0] == grads[1]


def first(model):
    return model.layers[0]


def new_memory(model, _):
    first(model).kernel.data = first(model).kernel.data * 2


CHANGES = {
    "set_weights": lambda m, o: m.set_weights([w * 0.5 for w in m.get_weights()]),
    "in place": lambda m, o: first(m).kernel.data.fill(0.1),
    "new memory": new_memory,
    "rate": lambda m, o: setattr(m.layers[1], "rate", 0.8),
    "strength": lambda m, o: setattr(first(m).kernel_regularizer, "l1", 0.3),
    "regularizer": lambda m, o: setattr(first(m), "kernel_regularizer", None),
    "frozen": lambda m, o: setattr(first(m), "trainable", False),
    "learning rate": lambda m, o: setattr(o, "learning_rate", 0.3),
    "state": lambda m, o: o.restore(50, [a * 0 + 1 for a in o.state]),
    "trained elsewhere": lambda m, o: (
        (m(np.ones((3, 6)), training=True) * 1.0).sum().backward() or o.step() or o.zero_grad()
    ),
    "seed": lambda m, o: corereg.set_random_seed(5),
    "predict": lambda m, o: m.predict(np.ones((3, 6)), verbose=0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_is_seen(change):
    results = []
    for recorded in (False, True):
        model, optimizer = net(), optimizers.Adam(0.01)
        step = loop(model, optimizer)
        step = corereg.record(step) if recorded else step
        seen = run(step, epochs=3)
        CHANGES[change](model, optimizer)
        seen += run(step, epochs=3)
        results.append((seen, bits(model)))
    assert results[0] == results[1]


def test_metrics_and_several_functions_of_one_model():
    model, twin = net(), net()
    results = []
    for m, wrap in ((model, corereg.record), (twin, lambda f: f)):
        train = wrap(loop(m, optimizers.Adam(0.01)))
        hits = metrics.SparseCategoricalAccuracy()

        def test(x, y, m=m, hits=hits):
            out = m(x)
            hits.update_state(y, out)
            return out

        test = wrap(test)
        seen = []
        for x, y in batches():
            train(Tensor(x), Tensor(y))
            seen.append(test(Tensor(x), Tensor(y)).numpy().tobytes())
        results.append((seen, hits.result(), bits(m)))
    assert results[0] == results[1]


def test_fit_and_a_recorded_step_take_turns():
    x, y = data(3)
    results = []
    for recorded in (False, True):
        model = net()
        loss = losses.SparseCategoricalCrossentropy()
        model.compile(optimizers.Adam(0.01), loss, run_eagerly=not recorded)
        step = loop(model, model.optimizer, loss)
        step = corereg.record(step) if recorded else step
        seen = []
        for _ in range(4):
            seen.append(float(step(Tensor(x), Tensor(y))))
            seen += model.fit(x, y, shuffle=False, verbose=0).history["loss"]
        results.append((seen, bits(model)))
    assert results[0] == results[1]


# ---- rules ---------------------------------------------------------------------------------------


def read_value(x):
    return x if float(ops.tanh(x)) > 0 else None


def branch(x):
    return ops.relu(x) if ops.tanh(x) else x


W = Parameter(np.ones((3, 2), "f4"), "w")
SEED = random.SeedGenerator(3)


class Median(Op):
    def forward(self, x):
        return np.median(x)


class Reads(Op):
    def forward(self, x):
        return x * 2 if x.sum() > 0 else x


class Eager(Op):
    recordable = False

    def forward(self, x):
        return x * 2


BROKEN = {
    "op": (lambda x: apply(Median(), x), "Median uses numpy.median, which computes in Python"),
    "op that reads": (lambda x: apply(Reads(), x), "a value is read into Python by Reads"),
    "op that opts out": (lambda x: apply(Eager(), x), "Eager says recordable = False"),
    "mask": (lambda x: x[x > 0], "Getitem uses x.mask., whose shape depends on values"),
    "function": (
        lambda x: Tensor(np.partition(x.data, 0)),
        "numpy.partition, which computes in Python",
    ),
    "method": (
        lambda x: Tensor(x.data.argpartition(0)),
        "ndarray.argpartition, which computes in Python",
    ),
    "asarray": (lambda x: ops.relu(np.asarray(x.numpy())), "a value is read into Python"),
    "array": (lambda x: ops.relu(np.array(x)), "a value is read into Python"),
    "list": (lambda x: x * x.tolist()[0][0], "a value is read into Python"),
    "text": (lambda x: print(x), "a value is read into Python"),
    "number": (lambda x: x * float(x.data.max()), "a value is read into Python"),
    "repeat": (lambda x: ops.repeat(x, (x > 0).astype(int)[0]), "a value is read into Python"),
    "exchange": (lambda x: setattr(W, "data", x.data), "the array of a tensor is exchanged"),
    "value": (read_value, "a value is read into Python"),
    "branch": (branch, "a value is read into Python"),
    "targets": (
        lambda x: losses.MeanSquaredError()(np.ones((1, 1), "i8"), ops.dense(x, W)),
        "casts its targets",
    ),
    "weights": (
        lambda x: losses.MeanSquaredError()(x, ops.relu(x), [1.0]),
        "casts or copies its sample_weight",
    ),
    "labels": (
        lambda x: losses.SparseCategoricalCrossentropy()(np.ones(1, "i4"), ops.dense(x, W)),
        "casts its labels",
    ),
    "loss without a tensor": (
        lambda x: losses.get(lambda y, p: np.ones(1, "f4"))(x, x),
        "the loss function '<?lambda>?' gives no tensor",
    ),
    "metric without a tensor": (
        lambda x: metrics.get(lambda y, p: np.ones(1))(x, x),
        "the metric function '<?lambda>?' gives no tensor",
    ),
    "wrapped metric without a tensor": (
        lambda x: metrics.MeanMetricWrapper(lambda y, p: np.ones(1), "one").update_state(x, x),
        "the function of the metric 'one' gives no tensor",
    ),
    "exchange with another library": (lambda x: np.from_dlpack(x), "handed to another library"),
    "item": (lambda x: x.item() and x * 2, "a value is read into Python"),
    "list of all": (lambda x: [x * 2, x.tolist()][0], "a value is read into Python"),
    "formatted": (lambda x: [x * 2, f"{x:.2f}"][0], "a value is read into Python"),
    "shown": (lambda x: [x * 2, repr(x)][0], "a value is read into Python"),
    "a seed's own count": (lambda x: x * SEED.next()[1], "a SeedGenerator counts in Python"),
    **{
        f"{name} without a SeedGenerator": (
            lambda x, draw=draw: draw(None) * x,
            f"random.{name} draws anew only with seed=SeedGenerator",
        )
        for name, draw in {
            "normal": lambda seed: random.normal((1,), seed=seed),
            "dropout": lambda seed: random.dropout(Tensor([1.0]), 0.5, seed=seed),
        }.items()
    },
    **{
        f"{name} with a SeedGenerator": (
            lambda x, draw=draw: draw(SEED) * x,
            f"random.{name} draws in Python",
        )
        for name, draw in {
            "uniform": lambda seed: random.uniform((1,), seed=seed),
            "randint": lambda seed: random.randint((1,), 0, 9, seed=seed),
        }.items()
    },
    **{
        name: (lambda x, draw=draw: draw(x) * x, "random numbers are drawn in Python")
        for name, draw in {
            "rand": lambda x: corereg.rand(1),
            "rand_like": lambda x: corereg.rand_like(x),
            "randint": lambda x: corereg.randint(0, 9, (1,)),
            "randn": lambda x: corereg.randn(1),
            "randperm": lambda x: corereg.randperm(1),
            "normal_": lambda x: corereg.zeros(1).normal_(),
            "uniform_": lambda x: corereg.zeros(1).uniform_(),
        }.items()
    },
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_named(rule):
    function, message = BROKEN[rule]
    step = corereg.record(function)
    x = np.ones((1, 3) if rule in ("targets", "weights", "labels") else (1, 1), "f4")
    with pytest.raises(
        RuntimeError, match=f"record of .*: cannot be recorded: .*{message}.* corereg.record"
    ):
        step(x)
    assert W.grad is None


def test_a_broken_rule_leaves_the_weights():
    model, optimizer = net(), optimizers.SGD(0.1)
    optimizer.build(model.trainable_weights)
    before = bits(model)

    @corereg.record
    def step(x, y):
        loss = losses.SparseCategoricalCrossentropy()(y, model(x, training=True)) * 2.0
        loss = apply(Median(), loss)
        loss.backward()
        optimizer.step()

    with pytest.raises(RuntimeError, match="Median"):
        step(*data(3))
    assert bits(model) == before
    assert corereg.record(lambda x: ops.relu(x))(np.ones(3, "f4")).shape == (3,)


def test_what_python_makes_anew_is_noticed():
    counter = []

    def counting(x):
        counter.append(1)
        return ops.relu(x) + np.full(3, len(counter), "f4")

    step = corereg.record(counting)
    step(np.ones(3, "f4"))
    with pytest.raises(
        RuntimeError, match=r"numpy_loop read an array of shape \(3,\) .* second run"
    ):
        step(np.ones(3, "f4"))

    step = corereg.record(lambda x: ops.relu(Tensor(np.random.default_rng().random(3)) * x))
    step(np.ones(3, "f4"))
    with pytest.raises(RuntimeError, match="numpy_loop read an array"):
        step(np.zeros(3, "f4"))

    turns = iter((1, 2, 3))

    def changing(x):
        for _ in range(next(turns)):
            x = ops.relu(x)
        return x

    step = corereg.record(changing)
    step(np.ones(3, "f4"))
    with pytest.raises(RuntimeError, match="different kernel calls, 1 and 2"):
        step(np.ones(3, "f4"))

    orders = iter(((ops.relu, ops.tanh, ops.exp), (ops.relu, ops.exp, ops.tanh)))

    def reordered(x):
        for function in next(orders):
            x = function(x)
        return x

    step = corereg.record(reordered)
    step(np.ones(3, "f4"))
    with pytest.raises(RuntimeError, match=r"different kernel calls, 3 and 3, call 1 being .* and"):
        step(np.ones(3, "f4"))


def test_what_python_makes_of_another_shape_is_noticed():
    made = iter([np.ones((3, 2), "f4"), np.ones((3, 5), "f4")])
    step = corereg.record(lambda x: ops.dense(x, next(made)))
    x = np.ones((4, 3), "f4")
    assert step(x).shape == (4, 2)
    with pytest.raises(RuntimeError, match=r"read an array of shape \(3, 5\) made outside"):
        step(x)


def test_gradients_left_inside_are_noticed():
    w = Parameter(np.ones((3, 3), "f4"))
    optimizer = optimizers.SGD(0.1)
    optimizer.build([w])

    @corereg.record
    def step(x):
        ops.mean_loss("squared_error", ops.dense(x, w), x.data).backward()
        optimizer.step()

    step(np.ones((2, 3), "f4"))
    with pytest.raises(RuntimeError, match="gradients must be zeroed inside"):
        step(np.ones((2, 3), "f4"))


@pytest.mark.parametrize("result", [3.0, "text", True, object(), [1.0], {"a": np.float32(2)}])
def test_results_that_are_no_arrays(result):
    with pytest.raises(TypeError, match="expected None, Tensors or arrays"):
        corereg.record(lambda x: result)(np.ones(3))


def test_results_that_no_kernel_writes():
    with pytest.raises(RuntimeError, match=r"returned an array of shape \(2,\) that no kernel"):
        corereg.record(lambda x: np.ones(2))(np.ones(3))


def test_arguments_that_are_no_arrays():
    with pytest.raises(TypeError, match="expected arrays of numbers as arguments, received str"):
        corereg.record(lambda x: None)("text")
    with pytest.raises(TypeError, match="expected a function, received 3"):
        corereg.record(3)


def test_an_exception_of_the_function_comes_through():
    fail = [True]

    def maybe(x):
        if fail[0]:
            raise OSError("disk full")
        return ops.relu(x)

    step = corereg.record(maybe)
    with pytest.raises(OSError, match="disk full"):
        step(np.ones(3, "f4"))
    fail[0] = False
    for n in range(4):
        assert (step(np.full(3, n, "f4")).numpy() == n).all()


def test_a_recorded_function_is_named_and_described_as_the_function():
    def half(x):
        """Divides by two."""
        return x * 0.5

    step = corereg.record(half)
    assert (step.__name__, step.__doc__, step.__module__) == ("half", "Divides by two.", __name__)
    assert step.__qualname__ == half.__qualname__
    assert step.__wrapped__ is half


def test_no_training_within_a_recording():
    x, y = data(3)
    model = net()
    model.compile("sgd", "sparse_categorical_crossentropy")
    for inside in (
        lambda a: model.fit(x, y, verbose=0),
        lambda a: corereg.record(ops.relu)(a),
    ):
        with pytest.raises(RuntimeError, match="another recording is under way"):
            corereg.record(inside)(x)


def test_one_thread_at_a_time():
    inside, go_on = threading.Event(), threading.Event()

    @corereg.record
    def step(x):
        inside.set()
        assert go_on.wait(10)
        return ops.relu(x)

    thread = threading.Thread(target=step, args=(np.ones(3, "f4"),))
    thread.start()
    try:
        assert inside.wait(10)
        with pytest.raises(RuntimeError, match="step: it is being run by another call"):
            step(np.ones(3, "f4"))
    finally:
        go_on.set()
        thread.join(10)


def test_few_recordings_which_go_with_the_function():
    gc.collect()
    gc.disable()
    try:
        model = net()
        step = corereg.record(loop(model, optimizers.Adam()))
        x, y = data(3)
        for rows in range(1, 20):
            for _ in range(3):
                step(x[:rows], y[:rows])
        assert len(step._captures) == SIGNATURES
        assert step.python_calls == 2 * 19
        gone = [weakref.ref(r.memory[0]) for r in step._captures]
        gone += [weakref.ref(model), weakref.ref(step)]
        del model, step
        assert [ref() for ref in gone] == [None] * len(gone)
    finally:
        gc.enable()


def test_labels_out_of_range_raise_in_python_and_make_the_loss_nan_in_replays():
    model = net()
    loss_function = losses.SparseCategoricalCrossentropy()
    x, y = data(3)
    step = corereg.record(lambda x, y: loss_function(y, model(x)))
    with pytest.raises(ValueError, match="label"):
        step(x, y + 3)
    for _ in range(3):
        assert np.isfinite(step(x, y).item())
    assert step.python_calls == 3
    assert np.isnan(step(x, y + 3).item())


def test_layers_that_a_model_gets_or_loses_are_seen():
    model = Sequential([layers.Input((6,)), layers.Dense(2)])
    recorded = corereg.record(lambda x: model(x))
    x, _ = data(3)
    for _ in range(3):
        assert recorded(x).shape == (ROWS, 2)
    model.add(layers.Dense(1))
    for _ in range(3):
        assert recorded(x).shape == (ROWS, 1)
    model.pop()
    assert recorded(x).shape == (ROWS, 2)
