"""Penalties whose step ends with a proximal stage, which makes weights exactly zero: ProximalL1,
ProximalL1L2, and ProximalGroupLasso for whole rows, columns or groups of one's own.

A gradient of |w| moves a weight around zero, and never onto it. So the optimizer takes a step with
the gradient of the loss alone, and then the point that is best for the penalty near by (Parikh and
Boyd: Proximal algorithms, 2014):

    S(w, t) = sign(w) max(|w| - t, 0)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Parameter, Tensor, no_grad, ops, tensor
from corereg.registry import register
from corereg.regularizers.base import Regularizer, check_strength

Array = np.ndarray[Any, Any]
Groups = str | Callable[[tuple[int, ...]], Any]
SCALINGS = tuple(_kernels.SCALINGS)


class Proximal(Regularizer):
    """Base class. Called with a weight, they give the value of the penalty, without a gradient:
    the optimizer's step does the rest. Optimizers that cannot raise ValueError in `compile`."""

    is_proximal = True

    @property
    def _swept(self) -> tuple[float, float, str] | None:
        """Strengths and scaling of the last stage of the optimizer's sweep; None where a stage
        behind it, `shrink`, follows from the penalty."""
        return None


@register("regularizer", "proximal_l1_l2")
class ProximalL1L2(Proximal):
    """l1 * sum(|w|) + l2 * sum(w**2), by a stage of each step behind the rule:

        w = S(w, lr l1 d) / (1 + 2 lr l2 d)

    in the same sweep over the memory. Weights within the threshold are exactly 0.0 after each step.

    scaling: what d is. "plain": 1, for SGD always. With Adam, AdamW and RMSprop also "adaptive",
    what the rule divides its steps by, 1/(sqrt(v) + epsilon) (ProxGen: Yun, Lozano, Yang 2021),
    which is the penalty as it stands, but ends weights that seldom get a gradient; and "capped",
    1/(sqrt(v) + l1), so that no threshold is above the learning rate: as an L1 whose gradient goes
    through Adam would act. v is the mean square of the gradients, without the start's bias.

    l1, l2: finite numbers >= 0; ValueError for others, and for another word for scaling.

    >>> layers.Dense(3, kernel_regularizer=regularizers.ProximalL1L2(l1=1e-4, l2=1e-3))
    Dense(3, kernel_regularizer=ProximalL1L2(l1=0.0001, l2=0.001))
    """

    recordable = True
    l1: float
    l2: float

    def __init__(self, l1: float = 1e-4, l2: float = 1e-4, scaling: str = "capped") -> None:
        who = type(self).__name__
        if scaling not in SCALINGS:
            raise ValueError(
                f"{who}: expected scaling as one of {', '.join(map(repr, SCALINGS))}, received "
                f"{scaling!r}"
            )
        self.l1 = check_strength(who, "l1", l1)
        self.l2 = check_strength(who, "l2", l2)
        self.scaling = scaling

    @property
    def _swept(self) -> tuple[float, float, str]:
        return self.l1, self.l2, self.scaling

    def __call__(self, x: Any) -> Tensor:
        with no_grad():
            return ops.l1_l2_penalty(tensor(x), self.l1, self.l2)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2, "scaling": self.scaling}


@register("regularizer", "proximal_l1")
class ProximalL1(ProximalL1L2):
    """strength * sum(|w|): see `ProximalL1L2`. A learning rate that falls to 0, and at the end a
    cut of the smallest weights and some epochs with the rest alone, give the fewest weights at the
    same error: see `corereg.regularizers` in docs/regularization.md.

    >>> corereg.set_random_seed(1)
    >>> model = corereg.Sequential([corereg.Input((20,)), layers.Dense(1)])
    >>> model.layers[0].kernel_regularizer = regularizers.ProximalL1(0.2, scaling="plain")
    >>> model.compile(optimizers.SGD(0.1), "mse")
    >>> x = np.random.default_rng(0).standard_normal((100, 20))
    >>> history = model.fit(x, 3 * x[:, 0], epochs=50, verbose=0)
    >>> int((model.layers[0].kernel.numpy() == 0.0).sum()) > 10  # most inputs mean nothing
    True
    """

    recordable = True

    def __init__(self, strength: float = 1e-4, scaling: str = "capped") -> None:
        super().__init__(check_strength("ProximalL1", "strength", strength), 0.0, scaling)

    @property
    def strength(self) -> float:
        return self.l1

    def get_config(self) -> dict[str, Any]:
        return {"strength": self.l1, "scaling": self.scaling}


@register("regularizer", "proximal_group_lasso")
class ProximalGroupLasso(Proximal):
    """strength * sum over groups g of sqrt(|g|) * norm(w_g) (Yuan and Lin 2006), by a stage behind
    each step:

        w_g *= max(1 - lr strength sqrt(|g|) / norm(w_g), 0)

    Whole groups become exactly zero. groups: "inputs", all weights of an input, such as a row of a
    Dense kernel, so that inputs are left out; "outputs", those of a unit; or a function of the
    weight's shape that gives the number of each weight's group: an integer array of that shape,
    whose numbers begin at 0.

    ValueError for a strength that is no finite number >= 0, another word, or groups that do not fit
    the weight; a function cannot be saved with a model.

    >>> layers.Dense(3, kernel_regularizer=regularizers.ProximalGroupLasso(0.01, "outputs"))
    Dense(3, kernel_regularizer=ProximalGroupLasso(strength=0.01, groups='outputs'))
    """

    recordable = True

    def __init__(self, strength: float = 0.01, groups: Groups = "inputs") -> None:
        if not callable(groups) and groups not in ("inputs", "outputs"):
            raise ValueError(
                "ProximalGroupLasso: expected groups 'inputs', 'outputs' or a function of the "
                f"shape, received {groups!r}"
            )
        self.strength = check_strength("ProximalGroupLasso", "strength", strength)
        self.groups = groups
        self._labels: dict[tuple[int, ...], Array] = {}  # by shape

    def __call__(self, x: Any) -> Tensor:
        with no_grad():
            w = tensor(x)
            if callable(self.groups):
                labels = self.labels(w.shape)
                places, count = tensor(labels.reshape(-1)), int(labels.max()) + 1
                start = tensor(np.zeros(count, w.dtype))
                squares = ops.add_at(start, places, ops.reshape(w * w, (-1,)))
                sizes = np.bincount(labels.reshape(-1)).astype(w.dtype)
                found: Tensor = (ops.sqrt(squares) * np.sqrt(sizes)).sum() * self.strength
                return found
            first, last = self._axes(w.shape)
            size = int(np.prod(w.shape[first : last + 1]))
            norms = ops.sqrt(ops.sum(w * w, axis=tuple(range(first, last + 1))))
            total: Tensor = norms.sum() * (self.strength * size**0.5)
            return total

    def shrink(self, parameter: Parameter, hyper: _kernels.Hyper, rate: float) -> None:
        """The stage, for one parameter. rate: what the learning rate is multiplied by."""
        w = parameter.data
        if callable(self.groups):
            labels = self.labels(w.shape)
            sizes = np.bincount(labels.reshape(-1)).astype(np.float64)
            strengths = np.sqrt(sizes) * (self.strength * rate)
            _kernels.shrink_groups(w, labels, strengths, np.zeros(len(sizes)), hyper)
        else:
            first, last = self._axes(w.shape)
            size = float(np.prod(w.shape[first : last + 1]))
            _kernels.shrink_norms(w, first, last, self.strength * rate * size**0.5, hyper)
        parameter.changed()

    def labels(self, shape: tuple[int, ...]) -> Array:
        """The group of each weight, int64, by the function `groups`."""
        if shape not in self._labels:
            assert callable(self.groups)
            found = np.asarray(self.groups(shape))
            if found.shape != shape or found.dtype.kind not in "iu" or found.min(initial=0) < 0:
                raise ValueError(
                    "ProximalGroupLasso: expected groups(shape) as integers >= 0 of shape "
                    f"{shape}, received {found.dtype} of shape {found.shape}"
                )
            self._labels[shape] = np.ascontiguousarray(found, np.int64)
        return self._labels[shape]

    def _axes(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """The first and the last axis over which a group's norm is taken."""
        if len(shape) < 2:
            raise ValueError(
                f"ProximalGroupLasso: expected a weight of two axes or more, received {shape}; "
                "give groups as a function of the shape"
            )
        return (1, len(shape) - 1) if self.groups == "inputs" else (0, len(shape) - 2)

    def get_config(self) -> dict[str, Any]:
        if callable(self.groups):
            raise TypeError(
                "ProximalGroupLasso: a model whose groups are a function cannot be saved; save "
                "its weights with save_weights()"
            )
        return {"strength": self.strength, "groups": self.groups}
