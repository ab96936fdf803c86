"""Images moved, bent and erased: the twins, what draws depend on, the same bits everywhere."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from corereg import _kernels, reference
from corereg.layers.augmentation.splines import spline_weights

KIND = _kernels.WARP_KINDS
RANGES = {  # of each kind, and its flags
    "translate": (((-0.7, 0.7), (-0.7, 0.9)), 0),
    "rotate": (((-0.6, 0.5),), 0),
    "zoom": (((-0.6, 0.9), (-0.6, 0.9)), 0),
    "shear": (((-0.3, 0.4), (0.1, 0.6)), 0),
    "flip": ((), 3),
    "bend": (((0.0, 2.0), (0.0, 6.0)), 0),
}
IMAGES = [(1, 1, 1, False), (1, 9, 1, False), (5, 8, 1, False), (7, 17, 3, False), (9, 6, 2, True)]


def counter(step):
    return np.array([step], np.int64)


def stage(kind, seed=7, step=3, ranges=None, flags=None):
    known, known_flags = RANGES[kind]
    ranges = known if ranges is None else ranges
    return KIND[kind], seed, counter(step), ranges, known_flags if flags is None else flags


def grid(image, dtype, knots=(7, 5)):
    return {
        "down": spline_weights(image[0], knots[0], dtype),
        "across": np.ascontiguousarray(spline_weights(image[1], knots[1], dtype).T),
    }


def pictures(rng, rows, image, dtype):
    """Smooth ones, so that a place that is off by a rounding is off by a rounding in value."""
    height, width, channels, first = image
    y, x = np.mgrid[:height, :width][:, None, :, :, None] / 3
    a, b = rng.uniform(0.2, 1, (2, rows, 1, 1, channels))
    made = np.sin(a * x + b) + np.cos(b * y - a)
    made = made.transpose(0, 3, 1, 2) if first else made
    return np.ascontiguousarray(made.reshape(rows, -1).astype(dtype))


def check(found, x, close, *arguments, **options):
    expected = reference.warp(x.astype(np.float64), *arguments, **options)
    close(found, expected, 400, scale=2)


@pytest.mark.parametrize("flags", [1, 2])
def test_flips_of_one_axis_are_their_twins(flags, rng, close):
    image = (5, 8, 1, False)
    x = pictures(rng, 8, image, "float64")
    arguments = image, [stage("flip", flags=flags)]
    check(_kernels.warp(x, *arguments), x, close, *arguments)


@pytest.mark.parametrize("kind", KIND)
@pytest.mark.parametrize("fill", _kernels.WARP_FILLS)
def test_each_kind_is_its_twin(kind, fill, rng, close, guarded):
    for image, dtype in zip(IMAGES * 2, ["float64"] * 5 + ["float32"] * 5, strict=True):
        x = pictures(rng, 3, image, dtype)
        bends = grid(image, dtype) if kind == "bend" else {}
        given = image, [stage(kind)], fill, 0.5
        found = _kernels.warp(x, *given, **bends, out=guarded(x.shape, dtype))
        check(found, x, close, *given, **bends)


@pytest.mark.parametrize("image", IMAGES)
def test_a_chain_is_its_twin(image, dtype, rng, close):
    stages = [stage(kind, 2**64 - 1 - i, 2**33 + i) for i, kind in enumerate(KIND)]
    stages += [stage("zoom", 3, flags=1), stage("translate", 4)]
    for order in (stages, stages[::-1]):
        x = pictures(rng, 4, image, dtype)
        found = _kernels.warp(x, image, order, "reflect", limits=(-0.5, 0.75), **grid(image, dtype))
        options = {"limits": (-0.5, 0.75), **grid(image, dtype)}
        close(found, reference.warp(x.astype(float), image, order, **options), 4000, scale=2)


def test_the_nearest_pixel(dtype, rng):
    image = (6, 9, 2, False)
    x = rng.standard_normal((5, 108)).astype(dtype)
    for fill in _kernels.WARP_FILLS:
        given = image, [stage("rotate"), stage("zoom", 8)], fill, -3.0, True
        found = _kernels.warp(x, *given)
        assert np.array_equal(found, reference.warp(x, *given))
        assert set(found.ravel()) <= {*x.ravel(), -3.0}
    halves = _kernels.warp(
        x[:1, :9], (1, 9, 1, False), [stage("translate", ranges=((0, 0), (1 / 18, 1 / 18)))],
        "constant", -3.0, True,
    )  # fmt: skip
    assert np.array_equal(halves[0], [-3.0, *x[0, 1:9]])  # halves go away from zero


def test_what_stays_in_place_is_the_same_to_the_bit(dtype, rng):
    image = (6, 19, 1, False)
    x = rng.standard_normal((8, 114)).astype(dtype)
    still = {"translate": 2, "rotate": 1, "zoom": 2, "shear": 2}
    stages = [stage(kind, ranges=((0.0, 0.0),) * n) for kind, n in still.items()]
    stages.append(stage("bend", ranges=((1.0, 1.0), (0.0, 0.0))))
    assert np.array_equal(_kernels.warp(x, image, stages, **grid(image, dtype)), x)
    turned = _kernels.warp(x, image, [stage("rotate", ranges=((0.5, 0.5),))])
    assert np.array_equal(turned, x[:, ::-1])
    flipped = _kernels.warp(x, image, [stage("flip", flags=1)]).reshape(8, 6, 19)
    pairs = zip(flipped, x.reshape(8, 6, 19), strict=True)
    mirrored = [np.array_equal(y, one[:, ::-1]) or not np.array_equal(y, one) for y, one in pairs]
    assert 0 < sum(mirrored) < 8


def test_places_far_outside_read_nothing_outside(dtype, guarded):
    """Wherever a pixel comes from, what is read lies in the image."""
    image, x = (3, 4, 1, False), np.ones((2, 12), dtype)
    for factor in (1e3, 1e9, 1e30, 1e300):
        far = [stage("translate", ranges=((factor, factor), (-factor, -factor)))]
        far.append(stage("zoom", ranges=((factor, factor),), flags=1))
        for fill in _kernels.WARP_FILLS:
            found = _kernels.warp(x, image, far, fill, 1.0, out=guarded(x.shape, dtype))
            assert (np.isfinite(found) | (np.abs(found) > 1)).all()


def test_a_draw_depends_on_seed_step_and_row_alone(dtype, rng):
    image = (5, 7, 1, False)
    one = pictures(rng, 1, image, dtype)
    x = np.repeat(one, 20, axis=0)
    for kind in KIND:
        bends = grid(image, dtype) if kind == "bend" else {}

        def draw(seed, step, rows=20, kind=kind, bends=bends):
            return _kernels.warp(x[:rows], image, [stage(kind, seed, step)], **bends)

        all_rows = draw(1, 0)
        assert np.array_equal(all_rows[:7], draw(1, 0, 7))
        assert len(np.unique(all_rows, axis=0)) >= (2 if kind == "flip" else 8)
        for other in (draw(2, 0), draw(1, 1), draw(1, 2**32)):
            assert not np.array_equal(other, all_rows)
    single, double = (
        _kernels.warp(x.astype(d), image, [stage(k) for k in KIND], **grid(image, d))
        for d in ("float32", "float64")
    )
    np.testing.assert_allclose(single, double, atol=1e-4)


def test_displacements_have_one_deviation_everywhere():
    """Read off a ramp, the field has mean 0 and Keras's deviation at every pixel."""
    image, rows = (20, 28, 1, False), 1500
    for axis in range(2):
        ramp = np.mgrid[:20, :28][axis].astype(np.float64).reshape(1, -1)
        bend = [stage("bend", ranges=((1.0, 1.0), (0.1, 0.1)))]
        found = _kernels.warp(np.repeat(ramp, rows, 0), image, bend, **grid(image, "float64"))
        moved = (found - ramp).reshape(rows, 20, 28)[:, 2:-2, 2:-2]
        wanted = 0.1 * 28 / (20 * np.sqrt(np.pi))
        assert np.abs(moved.mean(0)).max() < 5 * wanted / np.sqrt(rows)
        assert np.abs(moved.std(0) / wanted - 1).max() < 5 / np.sqrt(2 * rows)
        assert np.abs(moved).max() < 3.5 * 2 * wanted


def test_the_same_on_every_machine_and_number_of_threads(dtype, threads_agree):
    image = (11, 13, 2, False)
    x = pictures(np.random.default_rng(0), 103, image, dtype)
    x = np.round(x * 64) / 64  # sines differ from one NumPy to another
    noise = np.arange(x.size).reshape(x.shape).astype(dtype)
    stages = [stage(kind, i) for i, kind in enumerate(KIND)]

    def draw():
        moved = _kernels.warp(x, image, stages, "wrap", **grid(image, dtype))
        return [moved, _kernels.erase(moved, image, noise, 3, counter(1), (0, 1), (0.1, 0.9))]

    known = {
        "float32": (1271982042, 2583468948),
        "float64": (3595516242, 2270661917),
    }[dtype]
    assert tuple(zlib.crc32(found.tobytes()) for found in draw()) == known
    threads_agree(draw)


@pytest.mark.parametrize("image", IMAGES)
def test_erasing_is_its_twin(image, dtype, rng, guarded):
    x = rng.standard_normal((9, image[0] * image[1] * image[2])).astype(dtype)
    values = np.arange(image[2]).astype(dtype)
    for fill in (values, rng.standard_normal(x.shape).astype(dtype)):
        for scale in ((0.0, 0.0), (0.02, 0.33), (0.5, 1.0), (1.0, 1.0)):
            given = image, fill, 2**64 - 5, counter(2**40), (0.3, 1.0), scale, (-0.5, 1.5)
            found = _kernels.erase(x, *given, out=guarded(x.shape, dtype))
            expected = reference.erase(x, image, fill, 2**64 - 5, 2**40, *given[4:])
            assert np.array_equal(found, expected)
            in_place = x.copy()
            assert _kernels.erase(in_place, *given, out=in_place) is in_place
            assert np.array_equal(in_place, expected)


def test_shares_of_erased_pixels(dtype):
    image, rows = (20, 30, 1, False), 4000
    x, fill = np.zeros((rows, 600), dtype), np.ones(1, dtype)
    y = _kernels.erase(x, image, fill, 1, counter(0), (0.25, 0.25), (0.3, 0.3))
    y = y.reshape(rows, 20, 30)
    erased = y.any((1, 2))
    assert abs(erased.mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / rows)
    sizes = y[erased].any(1).sum(1), y[erased].any(2).sum(1)
    for size, n in zip(sizes, (30, 20), strict=True):
        assert {*np.unique(size)} <= {int(n * 0.3**0.5), int(n * 0.3**0.5) + 1}
    assert y[erased].any(0)[1:, 1:].all()  # a rectangle that begins at 0 is one in 2**32


def test_bad_arguments(dtype, fails):
    x, image = np.ones((2, 12), dtype), (3, 4, 1, False)
    out, step, fill = x.copy(), counter(0), np.ones(1, dtype)
    one = [stage("rotate")]

    def warp(x=x, image=image, stages=one, fill="reflect", **options):
        return lambda: _kernels.warp(x, image, stages, fill, out=out, **options)

    def erase(fill=fill, seed=1, step=step, scale=(0, 1), image=image):
        return lambda: _kernels.erase(x, image, fill, seed, step, (0, 1), scale, out=out)

    bend = [stage("bend")]
    down, across = grid(image, dtype).values()
    wide = {"down": np.ones((3, 17), dtype), "across": across}
    for call, kind, message in (
        (warp(x=x.astype(int)), TypeError, "warp: expected x of dtype"),
        (warp(image=(3, 5, 1, False)), ValueError, "warp: expected x with rows of 15 numbers for"),
        (warp(image=(0, 4, 1, False)), ValueError, r"warp: expected images of 1 to 2\*\*24"),
        (warp(image=(2**13, 2**12, 1, False)), ValueError, r"warp: expected images of 1 to 2"),
        (warp(fill="x"), ValueError, "warp: expected fill as one of"),
        (warp(stages=[]), ValueError, "warp: expected 1 to 8 stages, received 0"),
        (warp(stages=one * 9), ValueError, "warp: expected 1 to 8 stages, received 9"),
        (warp(stages=[(9, 1, step, (), 0)]), ValueError, r"a kind in \[0, 6\)"),
        (warp(stages=[stage("zoom", ranges=((0, 1),) * 4)]), ValueError, "with up to 3 ranges"),
        (warp(stages=[stage("zoom", seed=-1)]), ValueError, r"warp: expected seed in \[0"),
        (warp(stages=[(0, 1, 3, (), 0)]), TypeError, "warp: expected step as an int64 array"),
        (warp(stages=bend), TypeError, "warp: expected down as a NumPy array"),
        (warp(stages=bend, down=down, across=down), ValueError, "warp: expected one bend with"),
        (warp(stages=bend, **wide), ValueError, "K and L up to 16, received 1"),
        (warp(stages=bend * 2, down=down, across=across), ValueError, "received 2 with"),
        (erase(fill=np.ones(2, dtype)), ValueError, r"erase: expected fill of shape \(1,\)"),
        (erase(fill=np.ones((3, 12), dtype)), ValueError, "erase: expected fill of shape"),
        (erase(seed=2**64), ValueError, "erase: expected seed in"),
        (erase(step=3), TypeError, "erase: expected step as an int64 array"),
        (erase(scale=(0.5, 0.2)), ValueError, r"erase: expected a scale \(low, high\) in"),
        (erase(scale=(0.5, 1.2)), ValueError, r"erase: expected a scale \(low, high\) in"),
        (erase(image=(3, 4, 2, False)), ValueError, "erase: expected x with rows of 24"),
    ):
        fails(call, kind, message, out)
    fails(lambda: _kernels.warp(x, image, one, out=x), ValueError, "out on memory of its own", x)


def test_no_images(dtype):
    none = np.ones((0, 12), dtype)
    assert _kernels.warp(none, (3, 4, 1, False), [stage("rotate")]).shape == (0, 12)
    fill = np.ones(1, dtype)
    erased = _kernels.erase(none, (3, 4, 1, False), fill, 1, counter(0), (1, 1), (0, 1))
    assert erased.shape == (0, 12)
