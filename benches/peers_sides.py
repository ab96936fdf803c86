"""The sides of peers.py: each trains and runs a workload as a user of that library would.

A side is built from a workload, begins with `workload.weights()`, and has
    run(epochs)       trains one epoch and then so many; seconds of one of these
    in_order()        one epoch without shuffling
    loss()            over all rows, penalties in it, dropout off
    predict(x)        probabilities, as a NumPy array
What a library cannot do raises NotImplementedError.
"""

from __future__ import annotations

import os
import time
import warnings
from typing import Any, ClassVar

import numpy as np
from workloads import Workload, sequential

Array = np.ndarray[Any, Any]
RATE, EPSILON = 1e-3, 1e-7  # Adam's, in all libraries
CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def probability_loss(w: Workload, p: Array, y: Array) -> float:
    """The mean cross-entropy of probabilities."""
    p = np.clip(p.astype(np.float64).reshape(y.shape), 1e-300, 1)
    likely = y * np.log(p) + ((1 - y) * np.log1p(-p) if w.binary else 0)
    return float(-likely.sum() / len(y))


class Looped:
    """A library whose epochs the user writes."""

    def __init__(self, w: Workload) -> None:
        self.w = w
        self.x, self.y = w.data()
        self.generator = np.random.default_rng(0)

    def epoch(self, order: Array) -> None:
        """One pass over the rows in this order, waiting for its end."""
        raise NotImplementedError

    def in_order(self) -> None:
        self.epoch(np.arange(self.w.rows))

    def run(self, epochs: int) -> float:
        self.epoch(self.generator.permutation(self.w.rows))
        began = time.perf_counter()
        for _ in range(epochs):
            self.epoch(self.generator.permutation(self.w.rows))
        return (time.perf_counter() - began) / epochs


class KerasShaped:
    """A library with Keras's Sequential. A callback looks at the clock after each epoch."""

    def __init__(self, w: Workload, library: Any, callback: type) -> None:
        self.w = w
        self.x, self.y = w.data()
        self.model = sequential(w, library)
        self.model.set_weights(w.weights())

        class Stamps(callback):  # type: ignore[misc]
            seen: ClassVar[list[float]] = []

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                self.seen.append(time.perf_counter())

        self.stamps = Stamps()

    def fit(self, **options: Any) -> None:
        self.model.fit(self.x, self.y, batch_size=self.w.batch, verbose=0, **options)

    def in_order(self) -> None:
        self.fit(shuffle=False)

    def run(self, epochs: int) -> float:
        self.stamps.seen.clear()
        self.fit(epochs=epochs + 1, callbacks=[self.stamps])
        return (self.stamps.seen[-1] - self.stamps.seen[0]) / epochs

    def loss(self) -> float:
        return float(self.model.evaluate(self.x, self.y, batch_size=1024, verbose=0)[0])


class Corereg(KerasShaped):
    def __init__(self, w: Workload) -> None:
        import corereg

        corereg.set_random_seed(0)
        super().__init__(w, corereg, corereg.callbacks.Callback)

    def run(self, epochs: int) -> float:
        """A whole call of fit: a callback that looks at epochs would make Python run each."""
        self.fit()
        began = time.perf_counter()
        self.fit(epochs=epochs)
        return (time.perf_counter() - began) / epochs

    def predict(self, x: Array) -> Array:
        return self.model.predict(x, verbose=0)


class Keras(KerasShaped):
    """On the backend that KERAS_BACKEND names."""

    policy = "float32"

    def __init__(self, w: Workload) -> None:
        import keras

        keras.config.set_dtype_policy(self.policy)
        keras.utils.set_random_seed(0)
        super().__init__(w, keras, keras.callbacks.Callback)

    def predict(self, x: Array) -> Array:
        """By predict_on_batch, which is faster than predict."""
        return np.asarray(self.model.predict_on_batch(x), np.float32)


class MixedKeras(Keras):
    """With weights in float32 and all that is computed in bfloat16."""

    policy = "mixed_bfloat16"


class JaxScan(Looped):
    """JAX, a whole epoch in one jitted scan over donated buffers, data on the device."""

    def __init__(self, w: Workload) -> None:
        super().__init__(w)
        import jax
        import jax.numpy as jnp

        self.x, self.y = jnp.asarray(self.x), jnp.asarray(self.y)
        flat = [jnp.asarray(a) for a in w.weights()]
        params = list(zip(flat[::2], flat[1::2], strict=True))
        zeros = jax.tree_util.tree_map(jnp.zeros_like, params)
        again = jax.tree_util.tree_map(jnp.zeros_like, params)
        self.state = (params, zeros, again, jnp.zeros((), jnp.float32), jax.random.key(0))
        end = jax.nn.sigmoid if w.binary else jax.nn.softmax
        self.infer = jax.jit(lambda params, x: end(self.forward(params, x, None)))
        self.evaluate = jax.jit(lambda params, x, y: self.loss_of(params, x, y, None)[0])
        self.compile()

    def compile(self) -> None:
        import jax

        def epoch(state: Any, x: Any, y: Any, order: Any) -> Any:
            def body(state: Any, rows: Any) -> Any:
                return self.step(state, x[rows], y[rows])

            return jax.lax.scan(body, state, order.reshape(-1, self.w.batch))

        self.jitted = jax.jit(epoch, donate_argnums=0)

    def forward(self, params: Any, x: Any, key: Any) -> Any:
        """What the last layer gives before its activation; key None: without dropout."""
        import jax
        import jax.numpy as jnp

        keep = 1 - self.w.rate
        for i, (kernel, bias) in enumerate(params):
            x = self.multiply(x, kernel) + bias
            if i < len(params) - 1:
                x = jax.nn.relu(x)
                if self.w.rate and key is not None:
                    key, use = jax.random.split(key)
                    x = jnp.where(jax.random.bernoulli(use, keep, x.shape), x / keep, 0)
        return x

    @staticmethod
    def multiply(x: Any, kernel: Any) -> Any:
        return x @ kernel

    def loss_of(self, params: Any, x: Any, y: Any, key: Any) -> Any:
        import jax
        import jax.numpy as jnp

        z = self.forward(params, x, key)
        if self.w.binary:
            value = (jnp.logaddexp(0, z) - y * z).mean()
            hits = ((z > 0) == y).mean()
        else:
            value = -(y * jax.nn.log_softmax(z)).sum(axis=1).mean()
            hits = (z.argmax(axis=1) == y.argmax(axis=1)).mean()
        for i, (kernel, _) in enumerate(params):
            l1, l2 = self.w.penalty(i)
            if l1:
                value += l1 * jnp.abs(kernel).sum()
            if l2:
                value += l2 * jnp.square(kernel).sum()
        return value, hits

    def step(self, state: Any, x: Any, y: Any) -> Any:
        import jax
        import jax.numpy as jnp

        params, m, v, t, key = state
        key, use = jax.random.split(key) if self.w.rate else (key, key)
        (value, hits), grads = jax.value_and_grad(self.loss_of, has_aux=True)(params, x, y, use)
        t = t + 1
        alpha = RATE * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        tree = jax.tree_util.tree_map
        m = tree(lambda a, g: a + 0.1 * (g - a), m, grads)
        v = tree(lambda a, g: a + 0.001 * (g * g - a), v, grads)
        params = tree(lambda p, a, b: p - alpha * a / (jnp.sqrt(b) + EPSILON), params, m, v)
        return (params, m, v, t, key), (value, hits)

    def epoch(self, order: Array) -> None:
        import jax

        self.state, logs = self.jitted(self.state, self.x, self.y, order)
        jax.block_until_ready((self.state, logs))

    def loss(self) -> float:
        return float(self.evaluate(self.state[0], self.x, self.y))

    def predict(self, x: Array) -> Array:
        return np.asarray(self.infer(self.state[0], x))


class JaxBfloat16(JaxScan):
    """JaxScan with products of bfloat16, summed in float32."""

    @staticmethod
    def multiply(x: Any, kernel: Any) -> Any:
        import jax.numpy as jnp

        a, b = x.astype(jnp.bfloat16), kernel.astype(jnp.bfloat16)
        return jnp.matmul(a, b, preferred_element_type=jnp.float32)


class JaxStep(JaxScan):
    """JAX, one jitted call a step on batches that NumPy picks."""

    def compile(self) -> None:
        import jax

        self.x, self.y = np.asarray(self.x), np.asarray(self.y)
        self.jitted = jax.jit(self.step, donate_argnums=0)

    def epoch(self, order: Array) -> None:
        import jax

        for rows in order.reshape(-1, self.w.batch):
            self.state, logs = self.jitted(self.state, self.x[rows], self.y[rows])
        jax.block_until_ready((self.state, logs))


class Torch(Looped):
    """PyTorch, eager, fused Adam."""

    precision = "highest"  # of products of float32
    autocast = False  # to bfloat16

    def __init__(self, w: Workload) -> None:
        super().__init__(w)
        import torch

        torch.set_num_threads(CPUS)
        torch.set_float32_matmul_precision(self.precision)
        torch.manual_seed(0)
        parts: list[Any] = []
        self.linears = []
        for kernel, bias in zip(w.weights()[::2], w.weights()[1::2], strict=True):
            linear = torch.nn.Linear(*kernel.shape)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(kernel.T.copy()))
                linear.bias.copy_(torch.from_numpy(bias))
            self.linears.append(linear)
            parts += [linear, torch.nn.ReLU()] + [torch.nn.Dropout(w.rate)] * bool(w.rate)
        self.model = torch.nn.Sequential(*parts[: parts.index(self.linears[-1]) + 1])
        self.end = torch.nn.Sigmoid() if w.binary else torch.nn.Softmax(1)
        self.x, self.y = torch.from_numpy(self.x), torch.from_numpy(self.y)
        self.criterion = torch.nn.BCEWithLogitsLoss() if w.binary else torch.nn.CrossEntropyLoss()
        self.target = self.y if w.binary else self.y.argmax(dim=1)
        self.optimizer = torch.optim.Adam(self.model.parameters(), RATE, eps=EPSILON, fused=True)

    def loss_of(self, z: Any, target: Any) -> Any:
        value = self.criterion(z, target)
        for i, linear in enumerate(self.linears):
            l1, l2 = self.w.penalty(i)
            if l1:
                value = value + l1 * linear.weight.abs().sum()
            if l2:
                value = value + l2 * linear.weight.square().sum()
        return value

    def outputs(self, x: Any) -> Any:
        """What the last layer gives before its activation."""
        import torch

        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            return self.model(x).float()

    def epoch(self, order: Array) -> None:
        import torch

        self.model.train()
        for rows in torch.from_numpy(order).split(self.w.batch):
            self.optimizer.zero_grad()
            z = self.outputs(self.x[rows])
            self.loss_of(z, self.target[rows]).backward()
            self.optimizer.step()
            hits = (z > 0) == self.y[rows] if self.w.binary else z.argmax(1) == self.target[rows]
            hits.float().mean()

    def loss(self) -> float:
        import torch

        self.model.eval()
        with torch.inference_mode():
            return float(self.loss_of(self.outputs(self.x), self.target))

    def predict(self, x: Array) -> Array:
        import torch

        self.model.eval()
        with torch.inference_mode():
            return self.end(self.outputs(torch.from_numpy(x))).numpy()


class TorchMedium(Torch):
    """With torch.set_float32_matmul_precision("medium"): bfloat16 where the CPU multiplies it."""

    precision = "medium"


class TorchAutocast(Torch):
    """With CPU autocast to bfloat16."""

    autocast = True


class Sklearn(Looped):
    """scikit-learn's MLPClassifier: no dropout, and no penalty of one layer's kernel."""

    def __init__(self, w: Workload) -> None:
        if w.rate:
            raise NotImplementedError("scikit-learn has no dropout")
        super().__init__(w)
        from sklearn.neural_network import MLPClassifier

        self.labels = self.y[:, 0].astype(int) if w.binary else self.y.argmax(axis=1)
        self.model = MLPClassifier(
            w.units[1:-1],
            batch_size=w.batch,
            alpha=0,
            learning_rate_init=RATE,
            epsilon=EPSILON,
            random_state=0,
            shuffle=False,
        )
        self.model.partial_fit(self.x, self.labels, classes=np.unique(self.labels))
        weights = w.weights()
        optimizer = self.model._optimizer
        for kept, start in zip(self.model.coefs_, weights[::2], strict=True):
            kept[...] = start
        for kept, start in zip(self.model.intercepts_, weights[1::2], strict=True):
            kept[...] = start
        for moment in (*optimizer.ms, *optimizer.vs):
            moment[...] = 0
        optimizer.t = 0

    def epoch(self, order: Array) -> None:
        self.model.shuffle = bool((order[:2] != (0, 1)).any())  # it makes an order of its own
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model.partial_fit(self.x, self.labels)

    def loss(self) -> float:
        return probability_loss(self.w, self.predict(self.x), self.y)

    def predict(self, x: Array) -> Array:
        p = self.model.predict_proba(x)
        return p[:, 1:] if self.w.binary else p


class OnnxRuntime:
    """ONNX Runtime: inference alone."""

    def __init__(self, w: Workload) -> None:
        import onnxruntime
        from onnx import TensorProto, helper, numpy_helper

        nodes, constants, last = [], [], len(w.units) - 2
        for i, weight in enumerate(w.weights()):
            constants.append(numpy_helper.from_array(weight, f"w{i}"))
        for i in range(last + 1):
            before = f"y{i - 1}" if i else "x"
            nodes.append(
                helper.make_node("Gemm", [before, f"w{2 * i}", f"w{2 * i + 1}"], [f"z{i}"])
            )
            end = "Relu" if i < last else "Sigmoid" if w.binary else "Softmax"
            nodes.append(helper.make_node(end, [f"z{i}"], [f"y{i}"]))
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, units])
            for name, units in (("x", w.units[0]), (f"y{last}", w.units[-1]))
        ]
        graph = helper.make_graph(nodes, "workload", ends[:1], ends[1:], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = CPUS
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.w = w
        self.x, self.y = w.data()

    def run(self, epochs: int) -> float:
        raise NotImplementedError("ONNX Runtime's Python package does not train")

    def in_order(self) -> None:
        self.run(1)

    def loss(self) -> float:
        """Without penalties."""
        return probability_loss(self.w, self.predict(self.x), self.y)

    def predict(self, x: Array) -> Array:
        return self.session.run(None, {"x": x})[0]


# name: (title, side, modules that it needs, the first of which gives the version)
SIDES: dict[str, tuple[str, type, tuple[str, ...]]] = {
    "corereg": ("corereg", Corereg, ("corereg",)),
    "jax-scan": ("JAX, an epoch in one jitted scan", JaxScan, ("jax",)),
    "jax-step": ("JAX, one jitted call a step", JaxStep, ("jax",)),
    "torch": ("PyTorch eager, fused Adam", Torch, ("torch",)),
    "keras-jax": ("Keras 3 on JAX", Keras, ("keras", "jax")),
    "keras-torch": ("Keras 3 on PyTorch", Keras, ("keras", "torch")),
    "keras-tensorflow": ("Keras 3 on TensorFlow", Keras, ("keras", "tensorflow")),
    "sklearn": ("scikit-learn", Sklearn, ("sklearn",)),
    "onnxruntime": ("ONNX Runtime", OnnxRuntime, ("onnxruntime", "onnx")),
}
SIDES |= {  # in less than float32's precision, by --reduced or by name
    "jax-bfloat16": ("JAX scan, bfloat16 products", JaxBfloat16, ("jax",)),
    "torch-medium": ('PyTorch, precision "medium"', TorchMedium, ("torch",)),
    "torch-autocast": ("PyTorch, autocast to bfloat16", TorchAutocast, ("torch",)),
    "keras-jax-bfloat16": ("Keras 3 on JAX, mixed_bfloat16", MixedKeras, ("keras", "jax")),
    "keras-torch-bfloat16": ("Keras 3 on PyTorch, mixed_bfloat16", MixedKeras, ("keras", "torch")),
}
REDUCED = tuple(SIDES)[-5:]
WITHOUT_PENALTIES = ("sklearn", "onnxruntime")
