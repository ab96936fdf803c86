"""corereg beside whichever rivals are installed, on the five workloads of the project.

    python benches/peers.py [--workloads multiclass,dropout] [--peers jax-scan,torch] [--rounds 7]

All sides train the same network on the same data in one process, some epochs at a time, in
alternation; the figure is the median over rounds of an epoch's time, as microseconds a step. The
first epoch of a run is not counted: compiling, checking the data and recording are not steps.
Before anything is timed every side's
starting loss, from the same weights, must agree. Needs corereg and any of jax, torch, keras (on
the jax backend), scikit-learn, onnxruntime with onnx.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if _name in os.environ:
        del os.environ[_name]
        os.execv(sys.executable, [sys.executable, *sys.argv])
os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np  # noqa: E402


@dataclass(frozen=True)
class Workload:
    """A network of `sizes`, relu between; penalties by kernel as (l1, l2); one dropout rate."""

    sizes: tuple[int, ...]
    batch: int
    rows: int
    penalties: tuple[tuple[float, float], ...] = ()
    rate: float = 0.0

    @property
    def binary(self) -> bool:
        return self.sizes[-1] == 1

    def penalty(self, layer: int) -> tuple[float, float]:
        return self.penalties[layer] if layer < len(self.penalties) else (0.0, 0.0)

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        x = rng.standard_normal((self.rows, self.sizes[0]), dtype=np.float32)
        if self.binary:
            return x, rng.integers(0, 2, (self.rows, 1)).astype(np.float32)
        return x, np.eye(self.sizes[-1], dtype=np.float32)[
            rng.integers(0, self.sizes[-1], self.rows)
        ]

    def weights(self) -> list[np.ndarray]:
        """Glorot-uniform kernels and zero biases, in turn."""
        rng = np.random.default_rng(1)
        out = []
        for n, m in zip(self.sizes, self.sizes[1:], strict=False):
            limit = (6 / (n + m)) ** 0.5
            out += [rng.uniform(-limit, limit, (n, m)).astype(np.float32), np.zeros(m, np.float32)]
        return out


WORKLOADS = {
    "binary": Workload((10, 64, 1), 32, 1024, ((0.01, 0.0),)),
    "multiclass": Workload((100, 64, 64, 10), 32, 1024, ((0.01, 0.0), (0.0, 0.01))),
    "dropout": Workload((100, 64, 64, 10), 32, 1024, rate=0.5),
    "mnist-mlp": Workload((784, 512, 512, 10), 128, 12800, rate=0.2),
    "mnist-wide": Workload((784, 1024, 1024, 1024, 10), 128, 6400, rate=0.5),
}


@dataclass
class Side:
    """One framework on one workload: an epoch of training, and what the tests of fairness need."""

    run: Callable[[int], float]  # seconds an epoch takes, over so many after the first
    start_loss: float  # with penalties, dropout off, before training
    predict: Callable[[np.ndarray], Any] | None = None


def in_a_loop(epoch: Callable[[], Any]) -> Callable[[int], float]:
    """Side.run for a framework whose epochs are a function's calls."""

    def run(epochs: int) -> float:
        epoch()
        began = time.perf_counter()
        for _ in range(epochs):
            epoch()
        return (time.perf_counter() - began) / epochs

    return run


def in_a_fit(fit: Callable[[int, Any], Any], base: type) -> Callable[[int], float]:
    """Side.run for a model with Keras's fit: a callback looks at the clock after each epoch."""

    class Stamps(base):  # type: ignore[misc]
        def on_train_begin(self, logs: Any = None) -> None:
            self.seen: list[float] = []

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.seen.append(time.perf_counter())

    stamps = Stamps()

    def run(epochs: int) -> float:
        fit(epochs + 1, stamps)
        return (stamps.seen[-1] - stamps.seen[0]) / epochs

    return run


def reference_loss(w: Workload) -> float:
    """The starting loss in float64 NumPy."""
    x, y = (a.astype(np.float64) for a in w.data())
    weights = [a.astype(np.float64) for a in w.weights()]
    penalty = 0.0
    for i in range(0, len(weights), 2):
        l1, l2 = w.penalty(i // 2)
        penalty += l1 * np.abs(weights[i]).sum() + l2 * np.square(weights[i]).sum()
        x = x @ weights[i] + weights[i + 1]
        if i < len(weights) - 2:
            x = np.maximum(x, 0)
    if w.binary:
        return float((np.logaddexp(0, x) - y * x).mean() + penalty)
    log_p = x - np.logaddexp.reduce(x, axis=1, keepdims=True)
    return float(-(y * log_p).sum(axis=1).mean() + penalty)


def corereg_side(w: Workload) -> Side:
    import corereg
    from corereg.layers import Dense, Dropout
    from corereg.regularizers import l1_l2

    corereg.set_random_seed(0)
    model = keras_shaped(w, corereg.models.Sequential, Dense, Dropout, l1_l2)
    return fit_side(w, model, corereg.callbacks.Callback)


def keras_side(w: Workload) -> Side:
    import keras

    keras.utils.set_random_seed(0)
    model = keras_shaped(
        w,
        keras.models.Sequential,
        keras.layers.Dense,
        keras.layers.Dropout,
        keras.regularizers.L1L2,
    )
    return fit_side(w, model, keras.callbacks.Callback)


def fit_side(w: Workload, model: Any, callback: type) -> Side:
    """A model with Keras's API, compiled and with the starting weights."""
    model.compile("adam", loss_name(w), metrics=["accuracy"])
    x, y = w.data()
    model.build((None, w.sizes[0]))
    model.set_weights(w.weights())
    start = float(model.evaluate(x, y, verbose=0)[0])
    return Side(
        in_a_fit(
            lambda epochs, stamps: model.fit(
                x, y, batch_size=w.batch, epochs=epochs, verbose=0, callbacks=[stamps]
            ),
            callback,
        ),
        start,
        lambda z: model.predict(z, verbose=0),
    )


def keras_shaped(w: Workload, sequential: Any, dense: Any, dropout: Any, penalty: Any) -> Any:
    layers = []
    last = len(w.sizes) - 2
    for i, units in enumerate(w.sizes[1:]):
        l1, l2 = w.penalty(i)
        name = ("sigmoid" if w.binary else "softmax") if i == last else "relu"
        regularizer = penalty(l1=l1, l2=l2) if l1 or l2 else None
        layers.append(dense(units, activation=name, kernel_regularizer=regularizer))
        if w.rate and i < last:
            layers.append(dropout(w.rate))
    return sequential(layers)


def loss_name(w: Workload) -> str:
    return "binary_crossentropy" if w.binary else "categorical_crossentropy"


def jax_parts(w: Workload) -> Any:
    """loss(params, x, y, key) and an Adam step, as a JAX user would write them."""
    import jax
    import jax.numpy as jnp

    def forward(params: Any, x: Any, key: Any) -> Any:
        for i, (kernel, bias) in enumerate(params):
            x = x @ kernel + bias
            if i < len(params) - 1:
                x = jax.nn.relu(x)
                if w.rate and key is not None:
                    key, use = jax.random.split(key)
                    keep = jax.random.bernoulli(use, 1 - w.rate, x.shape)
                    x = jnp.where(keep, x / (1 - w.rate), 0)
        return x

    def loss(params: Any, x: Any, y: Any, key: Any) -> Any:
        z = forward(params, x, key)
        if w.binary:
            value = (jnp.logaddexp(0, z) - y * z).mean()
            hits = ((z > 0) == y).mean()
        else:
            value = -(y * jax.nn.log_softmax(z)).sum(axis=1).mean()
            hits = (z.argmax(axis=1) == y.argmax(axis=1)).mean()
        for i, (kernel, _) in enumerate(params):
            l1, l2 = w.penalty(i)
            if l1:
                value += l1 * jnp.abs(kernel).sum()
            if l2:
                value += l2 * jnp.square(kernel).sum()
        return value, hits

    def step(state: Any, batch: Any) -> Any:
        params, m, v, t, key = state
        x, y = batch
        key, use = jax.random.split(key) if w.rate else (key, key)
        (value, hits), grads = jax.value_and_grad(loss, has_aux=True)(params, x, y, use)
        t = t + 1
        alpha = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        tree = jax.tree_util.tree_map
        m = tree(lambda a, g: a + 0.1 * (g - a), m, grads)
        v = tree(lambda a, g: a + 0.001 * (g * g - a), v, grads)
        params = tree(lambda p, a, b: p - alpha * a / (jnp.sqrt(b) + 1e-7), params, m, v)
        return (params, m, v, t, key), (value, hits)

    flat = w.weights()
    params = [(jnp.asarray(flat[i]), jnp.asarray(flat[i + 1])) for i in range(0, len(flat), 2)]
    zeros = jax.tree_util.tree_map(jnp.zeros_like, params)
    again = jax.tree_util.tree_map(jnp.zeros_like, params)
    state = (params, zeros, again, jnp.zeros((), jnp.float32), jax.random.key(0))
    return loss, step, state, forward


def jax_scan_side(w: Workload) -> Side:
    import jax
    import jax.numpy as jnp

    loss, step, state, forward = jax_parts(w)
    x, y = map(jnp.asarray, w.data())
    start = float(jax.jit(lambda p: loss(p, x, y, None)[0])(state[0]))

    def run(state: Any, order: Any) -> Any:
        batches = order.reshape(-1, w.batch)
        return jax.lax.scan(lambda s, rows: step(s, (x[rows], y[rows])), state, batches)

    epoch = jax.jit(run, donate_argnums=0)
    rng = np.random.default_rng(0)
    box = [state]

    def one() -> None:
        box[0], logs = epoch(box[0], jnp.asarray(rng.permutation(w.rows)))
        jax.block_until_ready((box[0], logs))

    infer = jax.jit(lambda p, z: forward(p, z, None))
    return Side(
        in_a_loop(one), start, lambda z: jax.block_until_ready(infer(box[0][0], jnp.asarray(z)))
    )


def jax_step_side(w: Workload) -> Side:
    import jax
    import jax.numpy as jnp

    loss, step, state, _ = jax_parts(w)
    x, y = w.data()
    start = float(jax.jit(lambda p: loss(p, x, y, None)[0])(state[0]))
    jitted = jax.jit(step, donate_argnums=0)
    rng = np.random.default_rng(0)
    box = [state]

    def one() -> None:
        for rows in rng.permutation(w.rows).reshape(-1, w.batch):
            box[0], logs = jitted(box[0], (jnp.asarray(x[rows]), jnp.asarray(y[rows])))
        jax.block_until_ready((box[0], logs))

    return Side(in_a_loop(one), start)


def torch_side(w: Workload) -> Side:
    import torch

    torch.set_num_threads(os.cpu_count() or 1)
    parts: list[Any] = []
    flat = w.weights()
    last = len(w.sizes) - 2
    for i in range(last + 1):
        linear = torch.nn.Linear(w.sizes[i], w.sizes[i + 1])
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(flat[2 * i].T.copy()))
            linear.bias.copy_(torch.from_numpy(flat[2 * i + 1]))
        parts.append(linear)
        if i < last:
            parts.append(torch.nn.ReLU())
            if w.rate:
                parts.append(torch.nn.Dropout(w.rate))
    model = torch.nn.Sequential(*parts)
    linears = [p for p in parts if isinstance(p, torch.nn.Linear)]
    x, y = map(torch.from_numpy, w.data())
    if w.binary:
        criterion: Any = torch.nn.BCEWithLogitsLoss()
        target = y
    else:
        criterion = torch.nn.CrossEntropyLoss()
        target = y.argmax(dim=1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, eps=1e-7, fused=True)

    def loss_of(z: Any, t: Any) -> Any:
        value = criterion(z, t)
        for i, linear in enumerate(linears):
            l1, l2 = w.penalty(i)
            if l1:
                value = value + l1 * linear.weight.abs().sum()
            if l2:
                value = value + l2 * linear.weight.square().sum()
        return value

    model.eval()
    with torch.no_grad():
        start = float(loss_of(model(x), target))
    model.train()

    def one() -> None:
        model.train()
        for rows in torch.randperm(w.rows).split(w.batch):
            optimizer.zero_grad()
            z = model(x[rows])
            value = loss_of(z, target[rows])
            value.backward()
            optimizer.step()
            hits = (z > 0) == y[rows] if w.binary else z.argmax(1) == target[rows]
            hits.float().mean()

    def predict(z: np.ndarray) -> Any:
        model.eval()
        with torch.inference_mode():
            return model(torch.from_numpy(z)).numpy()

    return Side(in_a_loop(one), start, predict)


def sklearn_side(w: Workload) -> Side:
    import warnings

    from sklearn.neural_network import MLPClassifier

    if w.rate:
        raise NotImplementedError("scikit-learn has no dropout")
    x, y = w.data()
    labels = y[:, 0].astype(int) if w.binary else y.argmax(axis=1)
    model = MLPClassifier(w.sizes[1:-1], batch_size=w.batch, max_iter=1, warm_start=True, alpha=0)
    warnings.simplefilter("ignore")
    model.fit(x, labels)
    epoch = in_a_loop(lambda: model.fit(x, labels))
    return Side(epoch, reference_loss(w), model.predict_proba)


SIDES: dict[str, Callable[[Workload], Side]] = {
    "corereg": corereg_side,
    "jax-scan": jax_scan_side,
    "jax-step": jax_step_side,
    "torch": torch_side,
    "keras": keras_side,
    "sklearn": sklearn_side,
}


def machine() -> str:
    """CPU, our instruction set and threads, BLAS and versions, in one paragraph."""
    import importlib.metadata as metadata

    import corereg

    shown = corereg.show_config("dicts")
    lines = [", ".join(f"{key} {value}" for key, value in (shown or {}).items())]
    try:
        from threadpoolctl import threadpool_info

        lines += [
            f"{info['internal_api']} {info.get('version')} {info.get('architecture', '')} "
            f"{info['num_threads']} threads"
            for info in threadpool_info()
        ]
    except ImportError:
        lines.append("threadpoolctl is not installed: the BLAS core is not known")
    found = []
    for name in ("jax", "torch", "keras", "scikit-learn", "onnxruntime"):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"no {name}")
    return "\n".join([*lines, ", ".join(found)])


def measure(name: str, w: Workload, wanted: list[str], rounds: int) -> dict[str, float]:
    """Microseconds a step for each side."""
    sides: dict[str, Side] = {}
    expected = reference_loss(w)
    for side_name in wanted:
        try:
            side = SIDES[side_name](w)
        except (ImportError, NotImplementedError) as error:
            print(f"  {name}: {side_name} left out: {error}", file=sys.stderr)
            continue
        if not abs(side.start_loss - expected) <= 1e-4 * abs(expected):
            raise SystemExit(
                f"{name}: {side_name} starts at loss {side.start_loss}, expected {expected}"
            )
        sides[side_name] = side
    epochs = {side_name: max(1, int(0.05 / side.run(1))) for side_name, side in sides.items()}
    times: dict[str, list[float]] = {side_name: [] for side_name in sides}
    for _ in range(rounds):
        for side_name, side in sides.items():
            seconds = side.run(epochs[side_name])
            times[side_name].append(seconds / (w.rows / w.batch) * 1e6)
    return {side_name: statistics.median(values) for side_name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", default=",".join(WORKLOADS))
    parser.add_argument("--peers", default=",".join(SIDES))
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    wanted = ["corereg", *(p for p in options.peers.split(",") if p != "corereg")]
    print(machine())
    print(f"\n{'us a step':12}" + "".join(f"{name:>18}" for name in wanted))
    for name in options.workloads.split(","):
        found = measure(name, WORKLOADS[name], wanted, options.rounds)
        own = found["corereg"]
        cells = []
        for side_name in wanted:
            value = found.get(side_name)
            ratio = "" if value is None or side_name == "corereg" else f" ({value / own:.1f}x)"
            cells.append("-" if value is None else f"{value:.1f}{ratio}")
        print(f"{name:12}" + "".join(f"{cell:>18}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
