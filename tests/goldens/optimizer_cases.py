"""Optimizers with their options, schedules and constraints: cases that are run with Keras 3 and by
corereg. Each is a function of the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
STEPS = 20
SHAPES = {"kernel": (7, 5), "bias": (5,), "gamma": (33,)}

# ---- optimizers ----------------------------------------------------------------------------------

KINDS: dict[str, dict[str, Any]] = {
    "SGD": {"learning_rate": 0.1},
    "RMSprop": {"learning_rate": 0.01},
    "Adam": {"learning_rate": 0.01},
    "AdamW": {"learning_rate": 0.01},
    "Adagrad": {"learning_rate": 0.1},
    "Adadelta": {"learning_rate": 1.0},
    "Adamax": {"learning_rate": 0.01},
    "Nadam": {"learning_rate": 0.01},
    "Ftrl": {"learning_rate": 0.1},
    "Lion": {"learning_rate": 0.01},
    "Lamb": {"learning_rate": 0.01},
    "Adafactor": {"learning_rate": 0.05},
    "Muon": {"learning_rate": 0.01},
    "ScheduleFreeAdamW": {"learning_rate": 0.01},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "decay": {"weight_decay": 0.1, "exclude": ["bias"]},
    "clipnorm": {"clipnorm": 1.5},
    "ema": {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 4},
    "accumulation": {"gradient_accumulation_steps": 3, "weight_decay": 0.1, "clipvalue": 0.5},
    "both": {"gradient_accumulation_steps": 2, "use_ema": True, "ema_overwrite_frequency": 3},
    "scaled": {"loss_scale_factor": 8.0, "global_clipnorm": 1.0},
    "scheduled": {"schedule": True, "weight_decay": 0.1, "gradient_accumulation_steps": 2},
    "constrained": {"constrain": True, "use_ema": True},
}
OWN: dict[str, tuple[str, dict[str, Any]]] = {
    "adagrad start": ("Adagrad", {"initial_accumulator_value": 0.5, "epsilon": 0.01}),
    "adadelta numbers": ("Adadelta", {"rho": 0.7, "epsilon": 0.01}),
    "adamax numbers": ("Adamax", {"beta_1": 0.5, "beta_2": 0.6, "epsilon": 0.01}),
    "nadam numbers": ("Nadam", {"beta_1": 0.5, "beta_2": 0.6, "epsilon": 0.01}),
    "lion numbers": ("Lion", {"beta_1": 0.6, "beta_2": 0.7}),
    "ftrl numbers": (
        "Ftrl",
        {
            "learning_rate_power": -0.3,
            "initial_accumulator_value": 0.4,
            "l1_regularization_strength": 0.2,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.05,
            "beta": 0.3,
        },
    ),
    "lamb numbers": ("Lamb", {"beta_1": 0.5, "beta_2": 0.6, "epsilon": 0.01}),
    "adafactor numbers": (
        "Adafactor",
        {"beta_2_decay": -0.5, "epsilon_1": 1e-3, "epsilon_2": 0.1, "clip_threshold": 0.5},
    ),
    "adafactor absolute": ("Adafactor", {"learning_rate": 0.5, "relative_step": False}),
    "muon numbers": (
        "Muon",
        {
            "adam_beta_1": 0.5,
            "adam_beta_2": 0.6,
            "adam_weight_decay": 0.2,
            "epsilon": 0.01,
            "adam_lr_ratio": 0.5,
            "momentum": 0.7,
            "ns_steps": 2,
            "nesterov": False,
            "rms_rate": None,
            "weight_decay": 0.1,
        },
    ),
    "muon excluded": ("Muon", {"exclude_layers": ["ker.el"], "adam_weight_decay": None}),
    "schedule free numbers": (
        "ScheduleFreeAdamW",
        {"beta_1": 0.7, "beta_2": 0.6, "epsilon": 0.01, "warmup_steps": 9},
    ),
    "ftrl l1": ("Ftrl", {"l1_regularization_strength": 1.0}),
}
CASES = {f"{kind} {option}": (kind, OPTIONS[option]) for kind in KINDS for option in OPTIONS} | OWN


def make_optimizer(name: str, lib: Any) -> Any:
    kind, options = CASES[name]
    given = {**KINDS[kind], **options}
    exclude, constrained = given.pop("exclude", None), given.pop("constrain", False)
    del constrained
    if given.pop("schedule", False):
        given["learning_rate"] = lib.optimizers.schedules.CosineDecay(
            given["learning_rate"],
            12,
            0.1,
            warmup_target=2 * given["learning_rate"],
            warmup_steps=4,
        )
    made = getattr(lib.optimizers, kind)(**given)
    if exclude is not None:
        made.exclude_from_weight_decay(var_names=exclude)
    return made


def numbers(dtype: str) -> tuple[dict[str, Array], list[list[Array]]]:
    """Weights by name, and the gradients of each step."""
    rng = np.random.default_rng(12)
    weights = {name: rng.standard_normal(shape).astype(dtype) for name, shape in SHAPES.items()}
    gradients = [
        [rng.standard_normal(shape).astype(dtype) for shape in SHAPES.values()]
        for _ in range(STEPS)
    ]
    return weights, gradients


def run_steps(name: str, lib: Any, dtype: str, variable: Callable[..., Any]) -> list[Array]:
    """The weights and the state after all steps, and the weights when the averages overwrote them.
    variable(values, name) makes one of the library's."""
    weights, gradients = numbers(dtype)
    variables = [variable(values, label) for label, values in weights.items()]
    if CASES[name][1].get("constrain"):
        variables[0].constraint = lib.constraints.MaxNorm(0.8)
        variables[1].constraint = lib.constraints.NonNeg()
        variables[2].constraint = lib.constraints.UnitNorm()
    optimizer = make_optimizer(name, lib)
    for grads in gradients:
        optimizer.apply_gradients(zip(grads, variables, strict=True))
    found = [np.array(v.numpy()) for v in variables]
    shapes = set(SHAPES.values())
    found += [np.array(v.numpy()) for v in optimizer.variables if tuple(v.shape) in shapes]
    optimizer.finalize_variable_values(variables)
    return [*found, *(np.array(v.numpy()) for v in variables)]


# ---- schedules -----------------------------------------------------------------------------------

AT = [0, 1, 2, 3, 5, 7, 9, 10, 11, 12, 15, 19, 20, 21, 25, 30, 31, 50, 99, 100, 1000]
SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "exponential": lambda s: s.ExponentialDecay(0.1, 10, 0.5),
    "exponential stairs": lambda s: s.ExponentialDecay(0.1, 10, 0.5, staircase=True),
    "inverse": lambda s: s.InverseTimeDecay(0.1, 10, 0.5),
    "inverse stairs": lambda s: s.InverseTimeDecay(0.1, 10, 0.5, staircase=True),
    "polynomial": lambda s: s.PolynomialDecay(0.1, 20),
    "polynomial power": lambda s: s.PolynomialDecay(0.1, 20, 0.01, power=0.5),
    "polynomial cycle": lambda s: s.PolynomialDecay(0.1, 10, 0.01, power=2.0, cycle=True),
    "piecewise": lambda s: s.PiecewiseConstantDecay([2, 10, 30], [1.0, 0.5, 0.25, 0.1]),
    "piecewise one": lambda s: s.PiecewiseConstantDecay([5], [1.0, 0.5]),
    "cosine": lambda s: s.CosineDecay(0.1, 20, 0.2),
    "cosine warmup": lambda s: s.CosineDecay(0.01, 20, 0.1, warmup_target=0.5, warmup_steps=5),
    "restarts": lambda s: s.CosineDecayRestarts(0.1, 9),
    "restarts higher": lambda s: s.CosineDecayRestarts(0.1, 7, 1.5, 0.8, 0.1),
    "restarts equal": lambda s: s.CosineDecayRestarts(0.1, 6, 1.0, 0.9),
}

# ---- constraints ---------------------------------------------------------------------------------

CONSTRAINTS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "max": (lambda c: c.MaxNorm(), (6, 5)),
    "max last": (lambda c: c.MaxNorm(0.9, axis=-1), (6, 5)),
    "max vector": (lambda c: c.MaxNorm(0.5), (17,)),
    "max middle": (lambda c: c.MaxNorm(1.2, axis=1), (3, 19, 4)),
    "max several": (lambda c: c.MaxNorm(1.5, axis=[0, 1]), (3, 4, 35)),
    "max apart": (lambda c: c.MaxNorm(1.5, axis=[0, 2]), (3, 4, 5)),
    "min max": (lambda c: c.MinMaxNorm(1.0, 2.0), (6, 40)),
    "min max rate": (lambda c: c.MinMaxNorm(2.0, 3.0, 0.3, axis=1), (6, 40)),
    "unit": (lambda c: c.UnitNorm(), (40, 33)),
    "unit last": (lambda c: c.UnitNorm(axis=1), (5, 70)),
    "non neg": (lambda c: c.NonNeg(), (5, 7)),
}


def constrained_weights(name: str, dtype: str) -> Array:
    rng = np.random.default_rng(len(name))
    found: Array = rng.standard_normal(CONSTRAINTS[name][1]).astype(dtype)
    return found


# ---- fit -----------------------------------------------------------------------------------------

FITS: dict[str, Callable[[Any], Any]] = {
    "adagrad ema": lambda o: o.Adagrad(0.1, use_ema=True, ema_momentum=0.8),
    "adam cosine": lambda o: o.Adam(o.schedules.CosineDecay(0.05, 9), weight_decay=0.1),
    "nadam accumulation": lambda o: o.Nadam(0.05, gradient_accumulation_steps=2),
    "sgd scaled": lambda o: o.SGD(
        o.schedules.PiecewiseConstantDecay([3, 6], [0.1, 0.05, 0.01]),
        momentum=0.9,
        loss_scale_factor=16.0,
        use_ema=True,
        ema_overwrite_frequency=2,
    ),
}


def fit(name: str, lib: Any, dtype: str, weights: list[Array] | None) -> list[Array]:
    """Weights, losses and predictions of a training with penalties and constraints; before it, if
    weights are None, only the weights."""
    layers = lib.layers
    model = lib.models.Sequential(
        [
            lib.Input((4,), dtype=dtype),
            layers.Dense(6, "tanh", kernel_constraint="max_norm", kernel_regularizer="l2",
                         dtype=dtype),
            layers.Dense(2, kernel_constraint=lib.constraints.MinMaxNorm(0.2, 0.9, axis=1),
                         bias_constraint="non_neg", dtype=dtype),
        ]
    )  # fmt: skip
    if weights is None:
        return [np.array(w) for w in model.get_weights()]
    model.set_weights(weights)
    model.compile(FITS[name](lib.optimizers), "mse")
    rng = np.random.default_rng(5)
    x = rng.standard_normal((22, 4)).astype(dtype)
    y = np.stack([x.sum(1), x[:, 0] * x[:, 1]], 1)
    losses = model.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0).history["loss"]
    return [*map(np.array, model.get_weights()), np.array(losses), model.predict(x, verbose=0)]
