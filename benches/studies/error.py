"""Study: the least error on MNIST with 10,000 rows, and what each part brings.

    python benches/studies/error.py --data FILE --seeds 1 --minutes 2
    python benches/studies/error.py --data FILE --seeds 1 --minutes 10
    python benches/studies/error.py --data FILE --seeds 3 --parts

Networks of two hidden layers, Adam 1e-3 falling to 0 along a cosine, batches of 100, label
smoothing .1; each image is turned by up to 15 degrees, zoomed by 15 %, slanted by .15, moved by 2
pixels and bent (deviation of displacements: .6 pixels), in one pass. The epochs are as many as two
and ten minutes of two cores are enough for; what they took is printed as CPU seconds, which other
work on the machine does not change much. A figure is of networks trained on all 10,000 rows, and
for each the test images are read once.

--parts adds one part after the other to a smaller network, and looks at validation rows alone:
1,000 others for each seed, the other 9,000 train.

Taken over from earlier trials (on seeds 0 to 2, with the test images in view): all settings but the
numbers of epochs, which the time gives, and how much images are bent, where the first value that
was tried was kept. Nothing was chosen by its figures.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import mnist
import numpy as np
from mnist import Digits, Rows, cosine, with_error

import corereg
from corereg import layers
from corereg.optimizers import Adam

RATE, BATCH = 1e-3, 100
SHIFT, AFFINE, ELASTIC = "shift", "affine", "affine and elastic"


class Recipe(NamedTuple):
    """How a network is trained."""

    hidden: tuple[int, int]
    epochs: int
    images: str | None
    smoothing: float


RECIPES = {
    2: Recipe((1024, 1024), 70, ELASTIC, 0.1),
    10: Recipe((1024, 1024), 350, ELASTIC, 0.1),
}
SMALL = Recipe((512, 512), 30, None, 0.0)
PARTS = {
    "nothing": SMALL,
    "label smoothing .1": SMALL._replace(smoothing=0.1),
    "shift of 2 pixels": SMALL._replace(images=SHIFT),
    "affine": SMALL._replace(images=AFFINE),
    "affine, label smoothing": SMALL._replace(images=AFFINE, smoothing=0.1),
    "affine, elastic, label smoothing": SMALL._replace(images=ELASTIC, smoothing=0.1),
}


def augmentation(images: str | None) -> list[Any] | None:
    """What `fit` does to each batch."""
    if images is None:
        return None
    chain: list[Any] = [layers.RandomTranslation(2 / 28, 2 / 28, **mnist.IMAGE)]
    if images in (AFFINE, ELASTIC):
        chain[:0] = [
            layers.RandomRotation(15 / 360, **mnist.IMAGE),
            layers.RandomZoom(0.15, **mnist.IMAGE),
            layers.RandomShear(0.15, 0.15, **mnist.IMAGE),
        ]
    if images == ELASTIC:
        scale = 0.6 * 20 * math.sqrt(math.pi) / 28  # of .6 pixels
        chain.append(
            layers.RandomElasticTransform(
                (1.0, 1.0), (scale, scale), value_range=(0, 1), **mnist.IMAGE
            )
        )
    return [layers.Pipeline(chain)]


def trained(recipe: Recipe, rows: Rows, seed: int) -> tuple[Any, float]:
    """A network, and the CPU seconds that its training took."""
    model = mnist.network(recipe.hidden, seed, Adam(RATE), recipe.smoothing)
    began = time.process_time()
    model.fit(
        *rows,
        batch_size=BATCH,
        epochs=recipe.epochs,
        augment=augmentation(recipe.images),
        callbacks=[cosine(RATE, recipe.epochs)],
        verbose=0,
    )
    return model, time.process_time() - began


def parts(digits: Digits, seeds: Sequence[int]) -> None:
    """Prints what each part brings on validation rows."""
    lines = []
    for name, recipe in PARTS.items():
        errors, seconds = [], []
        for seed in seeds:
            rows, chosen = digits.cut(seed)
            model, took = trained(recipe, rows, seed)
            errors.append(chosen.error(model))
            seconds.append(took)
        lines.append((name, with_error(errors), f"{np.mean(seconds):.0f}"))
    title = f"784-512-512-10, 9,000 rows, {SMALL.epochs} epochs, {len(seeds)} seeds"
    mnist.print_table(title, ("with", "validation error %", "CPU seconds"), lines)


def best(digits: Digits, seeds: Sequence[int], minutes: int) -> None:
    """Prints the error of test images."""
    recipe = RECIPES[minutes]
    errors, seconds = [], []
    for seed in seeds:
        model, took = trained(recipe, digits.all, seed)
        errors.append(digits.test.error(model))
        seconds.append(took)
        print(f"seed {seed}: {errors[-1]:.2f} %, {took:.0f} CPU seconds", flush=True)
    name = f"784-{recipe.hidden[0]}-{recipe.hidden[1]}-10"
    line = [name, str(recipe.epochs), str(len(seeds)), with_error(errors)]
    title = f"{minutes} minutes on two cores: 10,000 rows"
    head = ("network", "epochs", "seeds", "test error %", "CPU seconds for one")
    mnist.print_table(title, head, [[*line, f"{np.mean(seconds):.0f}"]])


def main() -> None:
    parser = mnist.parser(__doc__)
    parser.add_argument("--minutes", type=int, choices=tuple(RECIPES), default=2)
    parser.add_argument("--parts", action="store_true", help="what each part brings, instead")
    parser.add_argument("--epochs", type=int, help="other than the recipe's")
    asked = parser.parse_args()
    corereg.set_num_threads(asked.threads)
    digits = Digits(asked.data)
    seeds = range(mnist.FIRST_SEED, mnist.FIRST_SEED + asked.seeds)
    for table in (RECIPES, PARTS) if asked.epochs else ():
        table.update({key: one._replace(epochs=asked.epochs) for key, one in table.items()})
    if asked.parts:
        parts(digits, seeds)
    else:
        best(digits, seeds, asked.minutes)


if __name__ == "__main__":
    main()
