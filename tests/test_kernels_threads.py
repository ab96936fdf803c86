"""Every kernel gives the same bits on any number of threads.

Each is recorded on its own and replayed on 1, 2, 3 and 5 threads: a replay cuts the work
into that many shares, however little it is. Where fewer CPUs are, OMP_NUM_THREADS makes up the
threads: see test_kernels_isa.py.
"""

from __future__ import annotations

import threading

import numpy as np
import pytest
from rules import hyper

from corereg import _kernels


def kernel_calls(rng, dtype, m, n):
    """Calls that reach every kernel, the arrays they touch, and a counter to set back."""
    memory = []

    def array(*shape):
        memory.append(np.asarray(rng.standard_normal(shape)).astype(dtype))
        return memory[-1]

    def keep(a):
        memory.append(a)
        return a

    k = _kernels
    x, y, dy, out, slope = (array(m, n) for _ in range(5))
    w, b, rows, one, total = array(n, n), array(n), array(m), array(), keep(np.zeros(1))
    counts, misses = keep(np.zeros((n, 6))), keep(np.zeros((n, 6)))
    bounds = np.linspace(-1, 1, 5).astype(dtype)
    sparse, several, wide = array(n, n + 1), array(n + 1), array(m, n + 1)
    sparse *= sparse > 0.5
    columns, chosen = np.array([n - 1]), array(m, 1)
    labels, order = rng.integers(0, n, m), keep(rng.permutation(m))
    seed, epoch, log = np.array([1], np.uint64), keep(np.array([2])), keep(np.zeros(9))
    share, picked = keep(rng.random(m).astype(dtype)), keep(np.zeros(m, np.int64))
    partners = rng.permutation(m)
    step, bits = keep(np.array([5])), keep(np.zeros((m * n + 7) // 8, np.uint8))
    shapes = [(9001,), (7,), (0,), (m, n)]
    moving, positive = [array(n), array(n)], keep(np.ones(n, dtype))
    weights, gradients, *slots = [[array(*shape) for shape in shapes] for _ in range(5)]
    hypers = [hyper(rule) for rule in k.RULES]
    calls = [
        lambda: k.dense_backward_weights(x, dy, w, b),
        *(lambda parts=p: k.dense_backward_weights(x, dy, w, b, parts) for p in (1, 3)),
        *(lambda parts=p: k.dense_backward_input(dy, w, y, 1, out, parts=parts) for p in (1, 3)),
        *(lambda parts=p: k.dense_forward(x, w, b, 1, out, parts=parts) for p in (1, 3)),
        lambda: k.dense_forward(x, w, b, 1, out, 0.3, 7, step, parts=1),
        lambda: k.dense_forward(x, w, b, k.ACTIVATIONS["softmax"], out, parts=1),
        lambda: k.sparse_forward(x, sparse, several, k.ACTIVATIONS["tanh"], wide),
        lambda: k.select_columns(x, columns, chosen),
        lambda: k.dropout_forward(x, 0.3, 7, step, 2, bits, out),
        lambda: k.dropout_backward(dy, 0.3, bits, out=out),
        lambda: k.alpha_dropout_forward(x, 0.3, 1.5, 0.5, -2, 7, step, 2, bits, out),
        lambda: k.normal(out, 7, step, 0.5, 2),
        lambda: k.symmetric_beta(share, 0.2, 1.0, 7, step),
        lambda: k.mix_rows(x, partners, share, out),
        lambda: k.paste_boxes(x, partners, share, (1, 1, n, 1), 7, step, 2, slope),
        lambda: k.larger_rows(partners, share, picked),
        lambda: k.warp(x, (1, n, 1, False), [(k.WARP_KINDS["zoom"], 7, step, (), 0)], out=out),
        lambda: k.erase(x, (1, n, 1, False), y, 7, step, (0, 1), (0, 1), out=out),
        lambda: k.batch_norm_forward(x, b, b, *moving, 0.9, 1e-3, out),
        lambda: k.batch_norm_inference(x, b, positive, b, None, 1e-3, out),
        lambda: k.batch_norm_backward(dy, x, b, positive, b, False, out),
        lambda: k.row_norm_forward(x, b, b, out=out),
        lambda: k.row_norm_backward(dy, x, rows, rows, b, out),
        lambda: k.row_norm_backward_weights(dy, x, rows, rows),
        lambda: k.dropout_backward(dy, 0.3, y=y, out=out),
        lambda: k.log_softmax_forward(x, out),
        lambda: k.log_softmax_backward(dy, y, out),
        lambda: k.loss_forward("sparse_cross_entropy", x, labels, rows, out=out),
        lambda: k.accuracy("sparse", x, labels),
        lambda: k.threshold_counts(counts, misses, x, y, bounds, rows),
        lambda: k.filter_top_k(x, min(n, 2), out),
        lambda: k.top_k_accuracy(x, labels, 2),
        lambda: k.sample_moments(slope, out, np.abs(x), step, rows, "bernoulli"),
        lambda: k.row_mean(rows, out=one),
        lambda: k.accumulate_weighted_sum(total, x, 0.5, y),
        lambda: k.increment(step, 3),
        lambda: k.store_and_reset(total, log, step),
        lambda: k.shuffle(order, seed, epoch),
        lambda: k.gather_rows(x, out, order),
        lambda: k.scale(x, one, out),
        lambda: k.add(out, x),
        lambda: k.exp(x, out),
        lambda: k.log(x, out),
        lambda: k.erf(x, out),
        lambda: k.penalty_backward(x, 0.1, 0.2, one, out),
        lambda: k.embedding_forward(labels, w, out),
        lambda: k.embedding_backward(labels, dy, w),
        lambda: k.integer_lookup(labels, np.arange(n), labels[:n], 0, 1),
        lambda: k.count_codes(labels.reshape(m, -1), n, dtype),
    ]
    if m:
        few, places, where = (keep(np.arange(count)) for count in (m, m, n))
        calls += [
            lambda: k.unique_rows(labels, few, places, where),
            lambda: k.scatter_rows(w, x, few),
        ]
    halves = out[: m // 2 * 2 : 2], x[: m // 2 * 2 : 2]
    kinds = [f"{np.dtype(dtype).char * 2}->{np.dtype(dtype).char}", f"{np.dtype(dtype).char}->?"]
    add = np.add.types.index(kinds[0])
    told, most = keep(np.zeros((m, n), bool)), keep(np.zeros(m, np.int64))
    above, order = x > 0, keep(np.zeros((m, n), np.int64))
    offsets = np.arange(m * n) * x.itemsize
    calls += [
        lambda: k.numpy_loop(np.add, add, (x, y, out), "rrw", (x, y, out)),
        lambda: k.numpy_loop(np.isnan, np.isnan.types.index(kinds[1]), (x, told), "rw", (x, told)),
        lambda: k.strided_copy(halves, halves),
        lambda: k.strided_copy((told, x), (told, x)),
        lambda: k.strided_select((out, above, x, y), (out, above, x, y)),
        lambda: k.arg_extreme(most, x, False),
        lambda: k.arg_sort(order, x),
        lambda: k.indexed_copy(out, x, offsets, offsets[::-1].copy()),
    ]
    for name, act in k.ACTIVATIONS.items():
        calls += [
            lambda act=act: k.dense_forward(x, w, b, act, out),
            lambda act=act: k.activation_forward(x, act, out),
            lambda act=act: k.activation_backward(dy, y, act, out),
        ]
        if name != "softmax":
            calls.append(lambda act=act: k.dense_backward_input(dy, w, y, act, out))
        if name in k.KEEPS_SLOPE:
            calls += [
                lambda act=act: k.dense_forward(x, w, b, act, out, slope=slope),
                lambda act=act: k.activation_forward(x, act, out, slope),
            ]
    levels = array(n)
    calls.append(lambda: k.loss_forward("quantile", x, y, rows, out=out, levels=levels))
    for kind in set(k.LOSSES) - {"sparse_cross_entropy", "quantile"}:
        calls.append(lambda kind=kind: k.loss_forward(kind, x, y, rows, out=out))
    for kind in ("categorical", "binary"):
        calls.append(lambda kind=kind: k.accuracy(kind, x, y))
    for own in hypers:
        used, rule = len(own.rule.slots), own.rule.name
        state = list(zip(*slots[:used], strict=True)) if used else None
        proximal = [None, (0.1, 0.2, "capped"), (0.1, 0.0, "adaptive"), None]
        segments = k.Segments(
            *(weights, state, [0.1, 0, 0, 0.2], [0, 0.3, 0, 0.1], [0.01] * 4),
            proximal=proximal if k.RULES[rule].proximal else None,
        )
        for i, g in enumerate(gradients):
            segments.set_gradient(i, g)
        sums, scales = keep(np.zeros(segments.blocks)), keep(np.zeros(4))
        calls.append(lambda own=own, s=segments, sums=sums: k.update(s, own, sums, np.ones(4)))
    totals = k.Segments(weights)
    for i, g in enumerate(gradients):
        totals.set_gradient(i, g)
    averaged = k.Segments(weights, [(a,) for a in slots[0]])
    accumulating = k.Hyper(None, 0.1, step=3)
    accumulating.accumulation = 2
    hypers.append(accumulating)  # whose step is put back
    rate = keep(np.array([0.5, 10, 0.5, 0]))
    calls.append(lambda: k.accumulate_gradients(totals, accumulating, 2.0))
    calls.append(lambda: k.reset_gradients(totals, accumulating))
    calls.append(lambda: k.average_weights(averaged, accumulating, 0.9, 1))
    for i, g in enumerate(gradients):
        averaged.set_gradient(i, g)
    moves = keep(np.zeros(averaged.blocks))
    calls.append(lambda: k.ascend_weights(averaged, 0.3, moves, True, 0.01))
    calls.append(lambda: k.restore_weights(averaged))
    calls.append(lambda: k.constrain_norms(weights[0], 0, 0, 0.5, 1.0))
    calls.append(lambda: k.constrain_signs(weights[0]))
    kept = keep(np.arange(weights[0].size).reshape(weights[0].shape) % 3 > 0)
    calls.append(lambda: k.mask_values(weights[0], kept, weights[0]))
    groups = np.arange(weights[0].size).reshape(weights[0].shape) % 3
    made = k.Hyper(None, 0.1, step=2)
    calls.append(lambda: k.shrink_norms(weights[0], 0, 0, 0.7, made))
    calls.append(lambda: k.shrink_groups(weights[0], groups, np.ones(3), np.zeros(3), made))
    calls.append(lambda: k.scheduled_rate(accumulating, "exponential_decay", rate))
    for kind, rule in (("trust", "lamb"), ("size", "adafactor")):
        counted, used = hyper(rule), len(k.RULES[rule].slots)
        hypers.append(counted)
        directed = k.Segments(weights, list(zip(*slots[:used], strict=True)))
        calls.append(lambda d=directed, h=counted, kind=kind: k.follow_directions(d, h, kind))
    factors = [keep(np.ones(size, dtype)) for size in w.shape]
    direction, velocity = keep(w.copy()), keep(np.ones_like(w))
    calls.append(lambda: k.factored_direction(counted, direction, velocity, *factors))
    loss_scale, flags = keep(np.full(1, 4, "float32")), keep(np.zeros(2, int))
    calls.append(lambda: k.unscale_gradients(averaged, loss_scale, flags[:1], flags[1:], moves, 3))
    calls.append(lambda: k.penalty(segments, sums))
    calls.append(lambda: k.clip_scales(segments, 1.0, True, scales, sums))
    calls.append(lambda: k.probe_triad(x, y, 0.5))
    calls.append(lambda: k.probe_read(x))
    calls.append(lambda: k.probe_arithmetic(out, 3, 0.9, 0.1))
    return calls, memory, hypers


def recorded(call):
    program = _kernels.Program()
    with program:
        result = call()
    results = result if isinstance(result, tuple) else (result,)
    return program, [a for a in results if a is not None]


MORE = [pytest.param(shape, marks=pytest.mark.exhaustive) for shape in [(1, 1), (130, 67)]]


@pytest.mark.parametrize("shape", [(5, 3), (37, 29), *MORE], ids=str)
def test_threads_of_every_kernel(shape, dtype, rng):
    calls, memory, hypers = kernel_calls(rng, dtype, *shape)
    before = [a.copy() for a in memory]
    most, seen = _kernels.get_num_threads(), set()
    for call in calls:
        for own in hypers:
            own.step = 3
        program, results = recorded(call)
        wanted = [a.tobytes() for a in (*memory, *results)]
        for threads in (1, 2, 3, 5):
            for a, old in zip(memory, before, strict=True):
                a[...] = old
            for a in results:
                if all(a is not b for b in memory):
                    a[...] = np.nan if a.dtype.kind == "f" else -9
            for own in hypers:
                own.step = 3
            program.replay(1, min(threads, most))
            names = [name for name, *_ in program.profile(0)]
            assert [a.tobytes() for a in (*memory, *results)] == wanted, (names, threads)
        seen.update(names)
        for a, old in zip(memory, before, strict=True):
            a[...] = old
    if dtype == "float64":
        seen.add("round_operand")  # it is not rounded
    assert seen == set(_kernels.kernel_names())


def test_threads_of_python(dtype, rng):
    """Kernels called by several Python threads at once, with teams of their own."""
    x, w = (rng.standard_normal((300, 300)).astype(dtype) for _ in range(2))
    wanted, got = _kernels.dense_forward(x, w).tobytes(), []

    def work():
        got.extend(_kernels.dense_forward(x, w).tobytes() for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 60
    assert set(got) == {wanted}
