"""The progress display: what it writes to terminals, pipes and broken streams, and how often."""

from __future__ import annotations

import io
import os

import pytest

from corereg import progress
from corereg.progress import ProgressBar

LOGS = {"accuracy": 0.81, "loss": 0.5123, "penalty": 0.1023}
VAL_LOGS = {"val_accuracy": 0.7, "val_loss": 0.6, "val_penalty": 0.1}


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        """The lines a terminal would show."""
        lines = []
        for line in self.getvalue().split("\n"):
            shown = ""
            for piece in line.split("\r"):
                shown = piece + shown[len(piece) :]
            lines.append(shown.rstrip())
        return lines


@pytest.fixture
def clock(monkeypatch):
    """Stops the time; `clock[0]` is now, in seconds."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def run(clock, bar, epochs=2, steps=4, seconds=0.5, logs=LOGS, end=LOGS):
    for epoch in range(epochs):
        bar.begin_epoch(epoch)
        for step in range(steps):
            clock[0] += seconds
            bar.update(step + 1, logs)
        bar.end_epoch(end)


def test_terminal_shows_a_bar_that_becomes_one_line_an_epoch(clock):
    stream = Terminal()
    bar = ProgressBar(10, 4, "auto", stream)
    run(clock, bar, end={**LOGS, **VAL_LOGS})
    first, second, last = stream.screen()
    assert first == (
        "Epoch  1/10  4/4 [████████████████████] 500ms/step - "
        "loss: 0.5123 (data 0.4100 + penalty 0.1023) - accuracy: 0.8100 - "
        "val_loss: 0.6000 (data 0.5000) - val_accuracy: 0.7000"
    )
    assert second == first.replace("Epoch  1", "Epoch  2")
    assert last == ""
    assert "\rEpoch  1/10  1/4 [█████               ] ETA 2s - loss: 0.5123 (" in stream.getvalue()


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_pipe_gets_one_plain_line_an_epoch(clock, verbose):
    stream = io.StringIO()
    run(clock, ProgressBar(2, 4, verbose, stream), seconds=5e-6)
    line = "4/4 5.0us/step - loss: 0.5123 (data 0.4100 + penalty 0.1023) - accuracy: 0.8100\n"
    assert stream.getvalue() == f"Epoch 1/2  {line}Epoch 2/2  {line}"


def test_verbose_2_writes_plain_lines_in_a_terminal_too(clock):
    stream = Terminal()
    run(clock, ProgressBar(1, 4, 2, stream), epochs=1, end={"loss": 0.5})
    assert stream.getvalue() == "Epoch 1/1  4/4 500ms/step - loss: 0.5000\n"


def test_verbose_0_is_silent(clock):
    stream = Terminal()
    bar = ProgressBar(2, 4, 0, stream)
    assert not bar.due
    run(clock, bar)
    bar.close()
    assert stream.getvalue() == ""


@pytest.mark.parametrize("verbose", [3, -1, "bar", None])
def test_unknown_verbose_raises(verbose):
    with pytest.raises(ValueError, match=r"verbose: expected 'auto', 0, 1 or 2, received"):
        ProgressBar(verbose=verbose)


def test_standard_output_of_the_moment_is_the_default(clock, capsys):
    run(clock, ProgressBar(1, 4), epochs=1)
    assert capsys.readouterr().out.startswith("Epoch 1/1  4/4 500ms/step")


def test_without_penalty_the_loss_stands_alone(clock):
    stream = io.StringIO()
    run(clock, ProgressBar(1, 4, 1, stream), epochs=1, end={"loss": 0.5, "penalty": 0.0})
    assert stream.getvalue() == "Epoch 1/1  4/4 500ms/step - loss: 0.5000\n"


def test_runs_without_epochs_and_logs(clock):
    stream = io.StringIO()
    bar = ProgressBar(steps=3, stream=stream)
    bar.begin_epoch()
    clock[0] += 3
    bar.update(3)
    bar.end_epoch()
    assert stream.getvalue() == "3/3 1.0s/step\n"


def test_unknown_number_of_steps(clock):
    stream = Terminal()
    run(clock, ProgressBar(None, None, 1, stream), epochs=1, logs=None, end=None)
    assert stream.getvalue() == (
        "\rstep 1 500ms/step\rstep 2 500ms/step\rstep 3 500ms/step\rstep 4 500ms/step"
        "\rstep 4 500ms/step\n"
    )


def test_step_time_leaves_out_what_follows_the_last_update(clock):
    stream = io.StringIO()
    bar = ProgressBar(1, 2, 1, stream)
    bar.begin_epoch()
    clock[0] += 0.25
    bar.update(2)
    clock[0] += 60  # validation
    bar.end_epoch()
    assert stream.getvalue() == "Epoch 1/1  2/2 125ms/step\n"


@pytest.mark.parametrize("passed", [0.0, 7.0])
def test_the_seconds_of_an_epoch_may_be_told(clock, passed):
    """Epochs that ran in one call are told of afterwards, each with the time that it took."""
    stream = io.StringIO()
    bar = ProgressBar(1, 4, 1, stream)
    bar.begin_epoch()
    clock[0] += passed
    bar.update(4, {}, seconds=2.0)
    clock[0] += 60  # validation
    bar.end_epoch()
    assert stream.getvalue() == "Epoch 1/1  4/4 500ms/step\n"


def test_an_epoch_without_updates_is_timed_as_a_whole(clock):
    stream = io.StringIO()
    bar = ProgressBar(1, 8, 1, stream)
    bar.begin_epoch()
    clock[0] += 8 * 20e-6
    bar.end_epoch()
    assert stream.getvalue() == "Epoch 1/1  8/8 20us/step\n"


def test_an_epoch_that_ends_early_says_so(clock):
    stream = io.StringIO()
    bar = ProgressBar(1, 8, 1, stream)
    bar.begin_epoch()
    clock[0] += 1
    bar.update(5)
    bar.end_epoch()
    assert stream.getvalue() == "Epoch 1/1  5/8 200ms/step\n"


def test_no_steps_at_all(clock):
    stream = Terminal()
    bar = ProgressBar(1, 0, 1, stream)
    bar.begin_epoch()
    bar.end_epoch()
    assert stream.screen() == ["Epoch 1/1  0/0 [                    ]", ""]


def test_at_most_ten_redraws_a_second(clock):
    stream = Terminal()
    bar = ProgressBar(1, 100_000, 1, stream)
    bar.begin_epoch()
    for step in range(20_000):  # two seconds
        clock[0] += 1e-4
        bar.update(step + 1)
    assert 15 <= stream.getvalue().count("\r") <= 20


def test_due_tells_when_update_would_draw(clock):
    bar = ProgressBar(1, 10, 1, Terminal())
    bar.begin_epoch()
    assert not bar.due
    clock[0] += 0.1
    assert bar.due
    bar.update(1)
    assert not bar.due


def test_short_runs_draw_no_bar(clock):
    stream = Terminal()
    run(clock, ProgressBar(2, 4, 1, stream), seconds=1e-3)
    assert stream.getvalue().count("\r") == 2  # the two final lines


@pytest.mark.parametrize("columns", [1, 5, 20, 39, 41, 60, 80, 100, 132, 200])
def test_fits_the_terminal(clock, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = Terminal()
    run(clock, ProgressBar(10, 1000, 1, stream), logs=LOGS, end={**LOGS, **VAL_LOGS})
    live = [line for line in stream.getvalue().replace("\n", "\r").split("\r") if "ETA" in line]
    assert all(len(line) < columns for line in live)
    if columns >= 60:  # the longest field needs that much
        assert max(map(len, stream.screen())) < columns
    shown = " ".join(stream.screen())
    for text in ("loss: 0.5123 (data 0.4100 + penalty 0.1023)", "accuracy: 0.8100"):
        assert text in shown
    assert "val_loss: 0.6000 (data 0.5000)" in shown
    assert "val_accuracy: 0.7000" in shown


def test_narrow_terminal_folds_at_dashes(clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    stream = Terminal()
    run(clock, ProgressBar(3, 4, 1, stream), epochs=1, end={**LOGS, **VAL_LOGS})
    assert stream.screen() == [
        "Epoch 1/3  4/4 500ms/step - loss: 0.5123 (data 0.4100 + penalty 0.1023)",
        "    accuracy: 0.8100 - val_loss: 0.6000 (data 0.5000) - val_accuracy: 0.7000",
        "",
    ]
    assert "[██       ] ETA 2s - loss: 0.5123 - penalty: 0.1023" in stream.getvalue()


def test_a_line_may_be_as_long_as_the_terminal_is_wide(clock, monkeypatch):
    def drawn(width):
        """The first and the last line of an epoch."""
        monkeypatch.setenv("COLUMNS", str(width + 1))  # the cursor stays in the last column
        stream = Terminal()
        run(clock, ProgressBar(10, 4, 1, stream), epochs=1)
        _, first, *_, last = stream.getvalue().rstrip("\n").split("\r")
        return first.rstrip(), last.rstrip()

    whole, last = drawn(199)
    assert drawn(len(whole))[0] == whole
    short = whole.replace(" (data 0.4100 + penalty 0.1023)", " - penalty: 0.1023")
    assert drawn(len(whole) - 1)[0] == drawn(len(short))[0] == short
    assert drawn(len(short) - 1)[0] == short.removesuffix(" - accuracy: 0.8100")
    assert drawn(len(last))[1] == last
    assert "[" not in drawn(len(last) - 1)[1]


def test_a_shorter_line_covers_the_longer_one(clock):
    stream = Terminal()
    run(clock, ProgressBar(None, 9, 1, stream), epochs=1, end=None)
    assert stream.screen() == ["4/9 [████████            ] 500ms/step", ""]


def test_close_leaves_a_fresh_line_once(clock):
    stream = Terminal()
    bar = ProgressBar(1, 4, 1, stream)

    def interrupted():
        with bar:
            bar.begin_epoch()
            clock[0] += 1
            bar.update(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    bar.close()
    assert stream.screen() == ["Epoch 1/1  1/4 [█████               ] ETA 3s", ""]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "no-such-encoding", None])
def test_ascii_bar_where_blocks_cannot_be_encoded(clock, encoding):
    stream = Terminal()
    stream.encoding = encoding
    run(clock, ProgressBar(1, 4, 1, stream), epochs=1)
    assert "[=====               ]" in stream.getvalue()
    assert stream.getvalue().isascii()


def test_a_metric_that_the_stream_cannot_encode(clock):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", newline="")
    run(clock, ProgressBar(1, 4, 1, stream), epochs=1, end={"précision": 0.5})
    assert raw.getvalue() == b"Epoch 1/1  4/4 500ms/step - pr?cision: 0.5000\n"


class Bare:
    """Only what a stream must have."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


def test_stream_without_isatty_and_flush(clock):
    stream = Bare()
    run(clock, ProgressBar(1, 4, 1, stream), epochs=1, end={})
    assert stream.text == "Epoch 1/1  4/4 500ms/step\n"


def test_closed_stream_is_survived(clock):
    stream = Terminal()
    bar = ProgressBar(2, 4, 1, stream)
    bar.begin_epoch()
    clock[0] += 1
    bar.update(1)
    stream.close()
    run(clock, bar)
    assert not bar.due
    bar.close()
    run(clock, ProgressBar(1, 4, 1, stream), epochs=1)  # closed from the start


def test_broken_pipe_is_survived(clock):
    read_end, write_end = os.pipe()
    os.close(read_end)
    raw = io.FileIO(write_end, "w")
    stream = io.TextIOWrapper(raw, write_through=True)
    run(clock, ProgressBar(2, 4, 1, stream))
    raw.close()


def test_no_standard_output(clock, monkeypatch):
    monkeypatch.setattr(progress.sys, "stdout", None)
    bar = ProgressBar(1, 4)
    run(clock, bar, epochs=1)
    bar.close()
    assert not bar.due


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0000"),
        (0.001, "0.0010"),
        (0.00012345, "1.2345e-04"),
        (-2.5, "-2.5000"),
        (99999.0, "99999.0000"),
        (1e5, "1.0000e+05"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
    ],
)
def test_numbers(clock, value, text):
    stream = io.StringIO()
    run(clock, ProgressBar(1, 4, 1, stream), epochs=1, end={"loss": value})
    assert stream.getvalue().endswith(f"step - loss: {text}\n")


def test_nan_losses_are_split_like_others(clock):
    stream = io.StringIO()
    logs = {"loss": float("nan"), "penalty": float("nan")}
    run(clock, ProgressBar(1, 4, 1, stream), epochs=1, end=logs)
    assert stream.getvalue().endswith("loss: nan (data nan + penalty nan)\n")


@pytest.mark.parametrize(
    ("logs", "text"),
    [
        ({"penalty": 0.5}, " - penalty: 0.5000"),
        ({"penalty": 0.0}, ""),
        ({"val_penalty": 0.5, "acc": 0.25}, " - acc: 0.2500 - val_penalty: 0.5000"),
    ],
)
def test_a_penalty_without_a_loss_is_shown_unless_it_is_0(clock, logs, text):
    stream = io.StringIO()
    run(clock, ProgressBar(1, 4, 1, stream), epochs=1, end=logs)
    assert stream.getvalue() == f"Epoch 1/1  4/4 500ms/step{text}\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (4.2e-6, "4.2us"),
        (42e-6, "42us"),
        (1e-3, "1.0ms"),
        (1.25e-3, "1.2ms"),
        (0.042, "42ms"),
        (1.0, "1.0s"),
        (10.0, "10s"),
        (75.0, "75s"),
    ],
)
def test_time_of_a_step(clock, seconds, text):
    stream = io.StringIO()
    clock[0] = 0.0
    run(clock, ProgressBar(1, 1, 1, stream), epochs=1, steps=1, seconds=seconds, end={})
    assert stream.getvalue() == f"Epoch 1/1  1/1 {text}/step\n"


@pytest.mark.parametrize(
    ("left", "text"), [(59, "59s"), (60, "1:00"), (3599, "59:59"), (7265, "2:01:05")]
)
def test_time_left(clock, left, text):
    stream = Terminal()
    bar = ProgressBar(1, left + 1, 1, stream)
    bar.begin_epoch()
    clock[0] += 1
    bar.update(1)
    assert f"ETA {text}" in stream.getvalue()


def test_a_line_is_folded_where_it_must_be():
    fields = ["loss: 1.5", "mae: 2.5"]
    assert progress._fold("1/1", fields, len("1/1 - loss: 1.5 - mae: 2.5")) == [
        "1/1 - loss: 1.5 - mae: 2.5"
    ]
    assert progress._fold("1/1", fields, len("1/1 - loss: 1.5")) == [
        "1/1 - loss: 1.5",
        "    mae: 2.5",
    ]
