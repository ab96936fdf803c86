"""The main job: the task it draws, what it prints and draws, and how it refuses."""

import io
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from corereg import _plot, datasets, demo, demo_sparse
from corereg.__main__ import Progress, main

QUICK = ["--epochs", "2", "--rows", "40"]


def result(name="L1", train=0.9, test=0.8):
    return demo.Result(demo.Method(name), train, test, 0.0, 0.5, 0.0, 10.0, 0.1, {})


@pytest.fixture
def no_training(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("trained before the arguments were checked")

    monkeypatch.setattr(demo, "train", refuse)
    monkeypatch.setattr(demo_sparse, "tour", refuse)


def sorted_rows(x):
    return x[np.lexsort(x.T)]


# the task


def test_task_splits_the_digits_by_class():
    task = demo.make_task("digits", rows=155, noise=0)
    x, y = datasets.load_digits()
    assert task.x_train.shape == (155, 64)
    assert task.classes == 10
    assert np.bincount(task.y_train).tolist() == [16] * 5 + [15] * 5
    together = np.concatenate([task.x_train, task.x_test])
    assert np.array_equal(sorted_rows(together), sorted_rows(x / 16))
    labels = np.concatenate([task.y_train, task.y_test])
    assert np.array_equal(np.bincount(labels), np.bincount(y))


def test_task_standardises_breast_cancer_by_the_training_rows():
    task = demo.make_task("breast_cancer", rows=100, noise=0)
    assert task.x_train.shape == (100, 30)
    assert task.x_train.dtype == np.float32
    assert np.bincount(task.y_train).tolist() == [50, 50]
    np.testing.assert_allclose(task.x_train.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(task.x_train.std(axis=0), 1, atol=1e-4)
    assert len(task.x_test) == 469


@pytest.mark.parametrize(("noise", "wrong"), [(0, 0), (0.1, 15), (1, 150)])
def test_noise_makes_exactly_its_share_of_labels_wrong(noise, wrong):
    clean = demo.make_task(noise=0)
    noisy = demo.make_task(noise=noise)
    assert noisy.wrong == wrong
    assert np.count_nonzero(noisy.y_train != clean.y_train) == wrong
    assert noisy.y_train.min() >= 0
    assert noisy.y_train.max() < 10
    assert np.array_equal(noisy.x_train, clean.x_train)
    assert np.array_equal(noisy.y_test, clean.y_test)


def test_task_follows_the_seed():
    first, again, other = (demo.make_task(seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.x_train, again.x_train)
    assert np.array_equal(first.y_train, again.y_train)
    assert not np.array_equal(first.x_train, other.x_train)


@pytest.mark.parametrize("rows", [10, 1730])
def test_the_extreme_numbers_of_rows_work(rows):
    task = demo.make_task(rows=rows, noise=0)
    assert np.bincount(task.y_train).tolist() == [rows // 10] * 10
    assert np.bincount(task.y_test).min() >= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": 9}, "rows: expected 10 to 1730 for digits, received 9"),
        ({"rows": 1731}, "rows: expected 10 to 1730 for digits, received 1731"),
        ({"name": "breast_cancer", "rows": 423}, "rows: expected 2 to 422 for breast_cancer"),
        ({"noise": -0.1}, "noise: expected a share from 0 to 1, received -0.1"),
        ({"noise": float("nan")}, "noise: expected a share from 0 to 1, received nan"),
        ({"name": "mnist"}, "expected a name out of digits, breast_cancer, received 'mnist'"),
    ],
)
def test_task_refuses(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        demo.make_task(**arguments)


# training


def test_the_six_methods():
    """The strengths that are compared, as the table shows them."""
    assert [(method.name, method.setting) for method in demo.METHODS] == [
        ("plain", ""),
        ("L1", "l1=0.002"),
        ("L2", "l2=0.01"),
        ("L1+L2", "l1=0.001 l2=0.01"),
        ("Dropout", "rate=0.5"),
        ("ProximalL1", "strength=0.004"),
    ]


def test_every_method_starts_from_the_same_weights():
    starts = [demo.build(method, 64, 10, seed=5).get_weights() for method in demo.METHODS]
    for start in starts[1:]:
        for first, other in zip(starts[0], start, strict=True):
            assert np.array_equal(first, other)


def test_train_reports_every_epoch_and_measures():
    task = demo.make_task(rows=40)
    seen = []
    l1 = demo.METHODS[1]
    outcome = demo.train(l1, task, epochs=3, report=lambda epoch, logs: seen.append((epoch, logs)))
    assert [epoch for epoch, _ in seen] == [1, 2, 3]
    assert all("accuracy" in logs and "loss" in logs for _, logs in seen)
    assert 0 < outcome.train_accuracy <= 1
    assert 0 < outcome.share <= 1
    assert outcome.penalty == outcome.history["penalty"][-1] > 0
    assert outcome.microseconds == pytest.approx(1e6 * outcome.seconds / 6)  # 2 batches an epoch
    assert len(outcome.history["loss"]) == 3


def test_curves_do_not_change_the_outcome():
    task = demo.make_task(rows=40)
    dropout = demo.METHODS[4]
    without = demo.train(dropout, task, epochs=3)
    assert without.zeros == 0
    with_curves = demo.train(dropout, task, epochs=3, curves=True)
    assert len(with_curves.history["val_accuracy"]) == 3
    assert with_curves.history["loss"] == without.history["loss"]
    assert with_curves.test_accuracy == without.test_accuracy
    last = [with_curves.history[f"{rows}_accuracy"][-1] for rows in ("train", "val")]
    assert last == [with_curves.train_accuracy, with_curves.test_accuracy]  # as the title says


def test_regularization_closes_the_gap():
    """The claim of the demo, with its default values."""
    task = demo.make_task()
    plain, *others = (demo.train(method, task) for method in demo.METHODS)
    assert plain.gap > 0.12
    for other in others:
        assert abs(other.gap) < 0.7 * plain.gap
        assert other.test_accuracy > plain.test_accuracy
    shares = {r.method.name: r.share for r in others}
    assert shares["L1"] < 0.4 < shares["L2"]
    zeros = [r.zeros for r in others]
    assert max(zeros[:-1]) == 0  # an L1 in the gradient makes none
    assert zeros[-1] > 0.6


# the table


def test_table_and_verdict_are_printed(capsys):
    assert main([*QUICK, "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "digits: 40 training rows (4 labels wrong on purpose), 1757 test rows" in out
    for column in ("train", "test", "gap", "penalty", "|w|>1e-3", "w = 0", "us/step"):
        assert column in out
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    rule = next(i for i, line in enumerate(lines) if line.startswith("---"))
    for method, line in zip(demo.METHODS, lines[rule + 1 : rule + 7], strict=True):
        assert line.startswith(f"{method.name:<8} {method.setting}")
        train, test, gap, penalty, share, zeros, microseconds = map(float, line.split()[-7:])
        assert gap == pytest.approx(train - test, abs=0.11)
        assert (penalty > 0) == bool(method.l1 or method.l2 or method.strength)
        assert 0 <= zeros <= 100 - share + 0.1
        assert 0 < share <= 100
        assert microseconds > 0
    assert "Best on the test rows is" in out or "None beat the plain network" in out


def test_breast_cancer_runs_too(capsys):
    assert main([*QUICK, "--quiet", "--data", "breast_cancer"]) == 0
    assert "network 30-128-128-2" in capsys.readouterr().out


def test_verdict_names_the_best():
    text = demo.verdict([result("plain", 1, 0.8), result("L1", 0.9, 0.85), result("L2", 0.9, 0.7)])
    assert text == (
        "The gap is smallest with L1: 5.0 points, against 20.0 plain.\n"
        "Best on the test rows is L1: 85.0 %, against 80.0 % plain."
    )


def test_a_gap_of_zero_has_no_sign():
    results = [result("plain", 1, 0.8), result("L1", 0.8, 0.8004)]
    assert "-0.0" not in demo.table(results) + demo.verdict(results)


def test_verdict_admits_failure():
    text = demo.verdict([result("plain", 1, 0.9), result("L1", 0.9, 0.75)])
    assert text == (
        "None narrowed the plain network's gap of 10.0 points.\n"
        "None beat the plain network's 90.0 % on the test rows."
    )


# the sparse tour


def test_the_sparse_tour_ends_with_few_weights():
    """The claim of the tour, with its default values."""
    task = demo.make_task()
    stages = list(demo_sparse.tour(task, demo.EPOCHS))
    plain, l1, by_hand, proximal, cut, debiased = stages
    assert plain.zeros == l1.zeros == [0.0, 0.0, 0.0]
    assert plain.weights == 64 * 128 + 128 * 128 + 128 * 10
    assert by_hand.weights < 0.3 * plain.weights
    assert min(proximal.zeros) > 0.3
    assert cut.weights < 0.6 * proximal.weights
    assert cut.train_accuracy >= proximal.train_accuracy - demo_sparse.COST
    assert debiased.zeros == cut.zeros  # the mask holds
    assert debiased.weights == cut.weights
    assert debiased.test_accuracy > max(plain.test_accuracy, cut.test_accuracy)
    text = demo_sparse.verdict(stages)
    assert "L1 in the gradient left 0.0 % of the weights exactly zero" in text
    assert f"{debiased.weights:,} of 25,856 weights are left" in text
    assert debiased.parameters < plain.parameters == 25_856 + 128 + 128 + 10
    inputs, first, second = debiased.used
    size = inputs * first + first * second + second * 10 + first + second + 10
    assert debiased.parameters == size
    assert f"has {size:,} parameters instead of 26,122" in text


def test_what_is_used_has_weights_on_both_sides():
    kernels = [np.ones((4, 3)), np.ones((3, 2)), np.ones((2, 2))]
    kernels[0][1] = kernels[0][:, 2] = kernels[1][:, 1] = 0
    kernels[1][1] = 0
    stage = demo_sparse.Stage("", kernels, 1.0, 1.0, 0.0, 9)
    assert stage.used == [3, 1, 1]
    assert stage.weights == 6 + 2 + 4


@pytest.mark.exhaustive
def test_the_sparse_tour_is_printed_and_drawn(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    path = tmp_path / "weights.png"
    assert main([*QUICK, "--sparse", "--plot", str(path)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert max(map(len, lines[:-1])) <= 80
    rule = next(i for i, line in enumerate(lines) if line.startswith("---"))
    names = [line[:26].strip() for line in lines[rule + 1 : rule + 7]]
    assert names[:2] == ["plain", "L1 l1=0.002"]
    assert names[2] == "cut |w| < 0.001"
    assert names[3] == "ProximalL1 strength=0.004"
    assert names[4].startswith("cut |w| < ")
    assert names[5] == "debiased, 20 epochs"
    assert "In use are" in out
    assert lines[-1] == f"Weights: {path}"
    assert path.read_bytes().startswith(b"\x89PNG")


# progress


def test_progress_in_a_pipe_is_one_plain_line_a_network(capsys):
    assert main(QUICK) == 0
    err = capsys.readouterr().err
    assert "\r" not in err
    lines = err.splitlines()
    assert [line.split()[0] for line in lines] == [method.name for method in demo.METHODS]
    assert all(re.search(r"2 epochs in \d+\.\d\d s, train [\d.]+ %, test", line) for line in lines)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_in_a_terminal_is_live_and_throttled(monkeypatch):
    clock = iter([10.0, 10.05, 10.2])
    monkeypatch.setattr("corereg.__main__.time.monotonic", lambda: next(clock))
    monkeypatch.setenv("COLUMNS", "100")
    screen = Terminal()
    progress = Progress(screen, epochs=4)
    progress.start(demo.Method("L1"))
    for epoch in (1, 2, 3):
        progress.update(epoch, {"loss": 1.5, "accuracy": 0.25 * epoch})
    progress.finish(result("L1", 0.9, 0.8))
    first, second, last = screen.getvalue().split("\r")[1:]
    assert first.rstrip() == f"L1         [{'#' * 6}{'.' * 18}]    1/4  loss 1.500  accuracy 25.0 %"
    bar = "#" * 18 + "." * 6
    assert second.rstrip() == f"L1         [{bar}]    3/4  loss 1.500  accuracy 75.0 %"
    assert last.rstrip() == "L1         4 epochs in 0.10 s, train 90.0 %, test 80.0 %"
    assert last.endswith("\n")


def test_progress_fits_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    screen = Terminal()
    progress = Progress(screen, epochs=4)
    progress.start(demo.Method("Dropout"))
    progress.update(1, {"loss": 1.5, "accuracy": 0.5})
    assert len(screen.getvalue()) == 1 + 19


# arguments


def test_help_explains_every_option_and_column(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    out = capsys.readouterr().out
    for option in ("data", "rows", "noise", "epochs", "seed", "plot", "sparse", "quiet", "version"):
        assert f"--{option}" in out
    for column in ("train", "test", "gap", "penalty", "|w|>1e-3", "w = 0", "us/step"):
        assert re.search(rf"^  {re.escape(column)} +\w", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) <= 100


def test_version(capsys):
    import corereg

    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"corereg {corereg.__version__}\n"


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", "5"], "argument --rows: expected 10 to 1730 for digits, received 5"),
        (["--rows", "many"], "argument --rows: invalid int value: 'many'"),
        (["--epochs", "0"], "argument --epochs: expected 1 or more, received 0"),
        (["--seed", "-1"], "argument --seed: expected 0 to 4294967295, received -1"),
        (["--seed", "4294967296"], "--seed: expected 0 to 4294967295, received 4294967296"),
        (["--noise", "2"], "argument --noise: expected a share from 0 to 1, received 2.0"),
        (["--data", "mnist"], "argument --data: invalid choice: 'mnist'"),
        (["--epoch", "3"], "unrecognized arguments: --epoch 3"),
        (["digits"], "unrecognized arguments: digits"),
    ],
)
def test_bad_arguments(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


def test_ctrl_c(monkeypatch, capsys):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "train", interrupt)
    assert main(QUICK) == 130
    assert capsys.readouterr().err == "\ncorereg: interrupted\n"


@pytest.mark.usefixtures("no_training")
def test_a_damaged_installation(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "__init__.py"))
    assert main([]) == 1
    assert re.search(r"^corereg: error: load_digits: .*reinstall", capsys.readouterr().err)


def test_python_m_corereg():
    run = subprocess.run(
        [sys.executable, "-m", "corereg", *QUICK],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "us/step" in run.stdout
    assert run.stderr.count("\n") == len(demo.METHODS)


# the plot


@pytest.mark.parametrize("epochs", [pytest.param("1", marks=pytest.mark.exhaustive), "2"])
def test_plot_writes_a_png(epochs, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    path = tmp_path / "curves.png"
    assert main(["--rows", "40", "--epochs", epochs, "--quiet", "--plot", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert capsys.readouterr().out.endswith(f"Learning curves: {path}\n")


@pytest.mark.exhaustive
def test_plot_shows_every_network_with_title_axes_and_legend(tmp_path):
    pytest.importorskip("matplotlib")
    task = demo.make_task(rows=40)
    results = [demo.train(method, task, epochs=2, curves=True) for method in demo.METHODS]
    path = tmp_path / "curves.svg"
    with pytest.MonkeyPatch.context() as patch:
        import matplotlib

        patch.setitem(matplotlib.rcParams, "svg.fonttype", "none")
        _plot.draw(str(path), task, results)
    text = path.read_text()
    for method in demo.METHODS:
        assert method.name in text
    for word in ("epoch", "accuracy (%)", "cross-entropy", "training rows", "test rows", "gap"):
        assert word in text


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("curves.xyz", "expected a file name ending in .png, .svg, .pdf"),
        ("curves", "expected a file name ending in .png, .svg, .pdf"),
        ("missing/curves.png", "No such file or directory"),
        ("folder.png", "Is a directory"),
    ],
)
def test_an_impossible_plot_is_refused_before_training(name, message, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(SystemExit) as exit_:
        main(["--plot", str(tmp_path / name)])
    assert exit_.value.code == 2
    err = capsys.readouterr().err
    assert "argument --plot: " in err
    assert message in err


def test_checking_the_plot_changes_no_file(tmp_path):
    pytest.importorskip("matplotlib")
    old, new = tmp_path / "old.png", tmp_path / "new.png"
    old.write_bytes(b"old")
    _plot.check(str(old))
    _plot.check(str(new))
    assert old.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["old.png"]


@pytest.mark.usefixtures("no_training")
def test_a_plot_without_matplotlib_names_the_extra(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SystemExit) as exit_:
        main(["--plot", str(tmp_path / "curves.png")])
    assert exit_.value.code == 2
    assert 'pip install "corereg[plot]"' in capsys.readouterr().err
