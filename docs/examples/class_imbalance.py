"""Class imbalance: a few positive rows among many negative ones.

    python docs/examples/class_imbalance.py

Of the tumours 20 malignant ones are left among 357 benign ones. A network that only counts mistakes
may overlook them. `class_weight` counts a mistake on a rare class for more, and the first bias,
set to the log of the odds, spares the first epochs. Recall is the share of malignant tumours found,
precision the share of alarms that are right.
"""

import numpy as np

import corereg
from corereg.datasets import load_breast_cancer
from corereg.initializers import Constant
from corereg.layers import Dense, Dropout, Input, Normalization
from corereg.metrics import AUC, Precision, Recall
from corereg.models import Sequential

x, benign = load_breast_cancer()
y = 1 - benign  # 1: malignant
rng = np.random.default_rng(0)
malignant, others = rng.permutation(np.flatnonzero(y)), rng.permutation(np.flatnonzero(1 - y))
train = rng.permutation(np.concatenate([malignant[:20], others[:200]]))
test = np.concatenate([malignant[20:], others[200:]])
standardise = Normalization()
standardise.adapt(x[train])


def network(bias: float) -> Sequential:
    corereg.set_random_seed(0)
    model = Sequential(
        [
            Input((30,)),
            standardise,
            Dense(32, "relu"),
            Dropout(0.3),
            Dense(1, "sigmoid", bias_initializer=Constant(bias)),
        ]
    )
    metrics = [Recall(name="recall"), Precision(name="precision"), AUC(name="auc")]
    model.compile("adam", "binary_crossentropy", metrics=metrics)
    return model


share = y[train].mean()
odds = np.log(share / (1 - share))
weights = {0: 0.5 / (1 - share), 1: 0.5 / share}  # both classes weigh the same
print(f"{len(train)} rows to train, {y[train].sum()} of them malignant")
print(f"{'':34}{'recall':>8}{'precision':>12}{'AUC':>8}")
for name, bias, class_weight in (
    ("plain", 0.0, None),
    ("bias from the odds", odds, None),
    ("class weights", 0.0, weights),
):
    model = network(bias)
    model.fit(x[train], y[train], epochs=40, class_weight=class_weight, verbose=0)
    found = model.evaluate(x[test], y[test], verbose=0, return_dict=True)
    print(f"{name:34}{found['recall']:8.1%}{found['precision']:12.1%}{found['auc']:8.4f}")
