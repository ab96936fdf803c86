"""Data augmentation: images that are moved and turned a little at every step are new images.

    python docs/examples/data_augmentation.py

The layers stand in the model, work in training alone, and are part of the recorded step: one kernel
moves all images of a batch, and no batch is copied.
"""

import corereg
from corereg.datasets import load_digits
from corereg.layers import Dense, Input, Pipeline, RandomRotation, RandomTranslation, RandomZoom
from corereg.models import Sequential

x, y = load_digits()
x /= 16
train, test = slice(150), slice(150, None)
images = {"fill_mode": "constant", "image_shape": (8, 8)}  # of rows that are flat images


def network(*augmentation: corereg.layers.Layer) -> Sequential:
    corereg.set_random_seed(0)
    hidden = [Dense(128, "relu"), Dense(64, "relu")]
    model = Sequential([Input((64,)), *augmentation, *hidden, Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


moves = {
    "none": (),
    "translation by 10 %": (RandomTranslation(0.1, 0.1, **images),),
    "rotation by 20 degrees": (RandomRotation(20 / 360, **images),),
    "all three at once": (
        Pipeline(
            [
                RandomTranslation(0.1, 0.1, **images),
                RandomRotation(20 / 360, **images),
                RandomZoom(0.1, **images),
            ]
        ),
    ),
}
print(f"{'augmentation':26}{'training':>10}{'test':>10}")
for name, layers in moves.items():
    model = network(*layers)
    model.fit(x[train], y[train], epochs=400, verbose=0)
    seen = model.evaluate(x[train], y[train], verbose=0)[1]
    new = model.evaluate(x[test], y[test], verbose=0)[1]
    print(f"{name:26}{seen:10.1%}{new:10.1%}")
