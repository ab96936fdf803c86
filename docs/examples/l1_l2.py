"""L1, L2 and both: what a penalty on weights does to a network with more weights than rows.

    python docs/examples/l1_l2.py

150 handwritten digits train a network of 13,002 parameters, which learns them by heart. Penalties
keep its weights small (L2), push them towards zero (L1), or make them exactly zero (ProximalL1).
The same split of rows, the same first weights and the same order of rows serve all of them.
"""

import numpy as np

import corereg
from corereg.datasets import load_digits
from corereg.layers import Dense, Input
from corereg.models import Sequential
from corereg.regularizers import L1, L1L2, L2, ProximalL1

x, y = load_digits()
x /= 16  # pixels from 0 to 1
train, test = slice(150), slice(150, None)

penalties = {
    "none": None,
    "L2(0.01)": L2(0.01),
    "L1(0.0003)": L1(0.0003),
    "L1L2(0.0001, 0.01)": L1L2(0.0001, 0.01),
    "ProximalL1(0.0003)": ProximalL1(0.0003),
}
print(f"{'penalty':22}{'training':>10}{'test':>10}{'loss':>8}{'|w| < 0.001':>14}{'w = 0':>8}")
for name, penalty in penalties.items():
    corereg.set_random_seed(1)
    model = Sequential(
        [
            Input((64,)),
            Dense(128, "relu", kernel_regularizer=penalty),
            Dense(32, "relu", kernel_regularizer=penalty),
            Dense(10, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[train], y[train], epochs=300, verbose=0)
    seen = model.evaluate(x[train], y[train], verbose=0)[1]
    _, accuracy = model.evaluate(x[test], y[test], verbose=0)
    chances = model.predict(x[test], verbose=0)[np.arange(len(y[test])), y[test]]
    loss = -np.log(chances + 1e-7).mean()  # `evaluate` adds the penalty to the loss, as Keras does
    weights = np.concatenate([layer.kernel.numpy().ravel() for layer in model.layers[:2]])
    small, zero = (np.abs(weights) < 1e-3).mean(), (weights == 0).mean()
    print(f"{name:22}{seen:10.1%}{accuracy:10.1%}{loss:8.3f}{small:14.1%}{zero:8.1%}")
