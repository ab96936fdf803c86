"""The optimizers' rules, for tests that walk the table of src/rules.h: a new rule is tested by what
stands here as soon as it has a row and a twin in corereg/reference/rules.py."""

from __future__ import annotations

import itertools

from corereg._kernels import RULES, Hyper

VALUES = {
    "beta_2": 0.99,
    "epsilon": 1e-7,
    "learning_rate_power": -0.5,
}  # of hyperparameters that 0.9 would not suit
OWN = {
    # a smaller epsilon would make steps of what rounding leaves of a gradient
    "schedule_free": {"beta_1": 0.5, "warmup_steps": 4.0, "epsilon": 0.01},
    "lamb": {"epsilon": 0.01},
}  # of one rule alone


def numbers(rule):
    """Values for the hyperparameters of a rule, by name."""
    found = {name: VALUES.get(name, 0.9) for name in RULES[rule].hyperparameters}
    return found | OWN.get(rule, {})


def hyper(rule, learning_rate=0.01, clipvalue=None):
    return Hyper(rule, learning_rate, clipvalue, **numbers(rule))


def variants():
    """{title: (rule, places of its state arrays)}, for each choice of the optional ones."""
    found = {}
    for rule in RULES.values():
        always, optional = range(rule.required), range(rule.required, len(rule.slots))
        for count in range(len(optional) + 1):
            for chosen in itertools.combinations(optional, count):
                title = " with ".join([rule.name, *(rule.slots[i] for i in chosen)])
                found[title] = rule.name, (*always, *chosen)
    return found


VARIANTS = variants()
