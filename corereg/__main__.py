"""`python -m corereg` and the script `corereg`: what regularization does, in one screen."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from typing import TextIO

import corereg
from corereg import _plot, demo, demo_sparse

_ABOUT = """\
Train the same network six ways on a few rows of real data: plain, with an L1 penalty, with L2,
with both, with Dropout, and with a proximal L1, which alone makes weights exactly zero. Some
training labels are wrong on purpose. The plain network learns them by heart and does worse on rows
it has not seen; the table shows how far the others close that gap.
"""

_COLUMNS = """\
columns of the table:
  train     accuracy on the training rows, on their labels as given, Dropout off
  test      accuracy on all other rows of the data set, whose labels are right
  gap       train minus test, in percentage points; below zero if the wrong labels are not learnt
  penalty   the penalty in the loss, mean of the last epoch
  |w|>1e-3  share of the kernel weights larger than 0.001 in size: the weights that matter
  w = 0     share of the kernel weights that are exactly 0.0: an L1 in the gradient makes none
  us/step   microseconds of fit for one batch: forward, loss, backward, penalty, update

examples:
  corereg                          the table, in some seconds
  corereg --sparse                 another tour: how a network gets by on few weights
  corereg --plot curves.png        the learning curves too (pip install "corereg[plot]")
  corereg --data breast_cancer     30 measurements, 2 classes
  corereg --noise 0                all labels right: clean digits leave little gap to close
  corereg --seed 1 --quiet         another draw of everything, no progress display

exit codes: 0 done, 1 failed, 2 bad arguments, 130 interrupted (Ctrl-C)
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="corereg",
        description=_ABOUT,
        epilog=_COLUMNS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--data", choices=demo.DATASETS, default="digits", help="data set (default: digits)")
    add("--rows", type=int, default=150, metavar="N", help="training rows (default: 150)")
    add(
        "--noise",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="share of the training labels made wrong, 0 to 1 (default: 0.1)",
    )
    add(
        "--epochs",
        type=int,
        default=demo.EPOCHS,
        metavar="N",
        help=f"passes over the training rows (default: {demo.EPOCHS})",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="of the rows, the noise, the weights and the batches (default: 0)",
    )
    add("--plot", metavar="FILE", help="draw the learning curves to FILE (.png, .svg, .pdf)")
    add(
        "--sparse",
        action="store_true",
        help="tour: L1, ProximalL1, cut, debiased; exact zeros by layer; --plot draws the weights",
    )
    add("--quiet", action="store_true", help="no progress display, only the table")
    add("--version", action="version", version=f"corereg {corereg.__version__}")
    return parser


class Progress:
    """One line a network: live, at most ten updates a second, in a terminal; plain in a pipe."""

    WIDTH = 24
    NAME = max(len(method.name) for method in demo.METHODS)

    def __init__(self, stream: TextIO, epochs: int) -> None:
        self.stream = stream
        self.epochs = epochs
        self.live = stream.isatty()
        self.next = 0.0
        self.name = ""

    def start(self, method: demo.Method) -> None:
        self.name = f"{method.name:<{self.NAME}}"
        self.next = 0.0

    def update(self, epoch: int, logs: dict[str, float]) -> None:
        now = time.monotonic()
        if not self.live or now < self.next:
            return
        self.next = now + 0.1
        done = self.WIDTH * epoch // self.epochs
        self._rewrite(
            f"{self.name} [{'#' * done}{'.' * (self.WIDTH - done)}] {epoch:>4}/{self.epochs}  "
            f"loss {logs['loss']:.3f}  accuracy {100 * logs['accuracy']:.1f} %"
        )

    def finish(self, result: demo.Result) -> None:
        line = (
            f"{self.name} {self.epochs} epochs in {result.seconds:.2f} s, "
            f"train {100 * result.train_accuracy:.1f} %, test {100 * result.test_accuracy:.1f} %"
        )
        if self.live:
            self._rewrite(line)
            line = ""
        print(line, file=self.stream, flush=True)

    def _rewrite(self, text: str) -> None:
        width = max(shutil.get_terminal_size().columns - 1, 1)
        print(f"\r{text[:width]:<{width}}", end="", file=self.stream, flush=True)


def main(argv: list[str] | None = None) -> int:
    """Run the main job with the arguments `argv`, by default the command line's.

    Returns 0 when done, 1 when the data or the plot failed, 130 after Ctrl-C. Arguments that make
    no sense end in SystemExit(2) with a message before any training.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        return _run(parser, options)
    except OSError as error:
        print(f"corereg: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ncorereg: interrupted", file=sys.stderr)
        return 130


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    task = _checked_task(parser, options)
    if options.sparse:
        return _run_sparse(task, options)
    print(demo.describe(task, options.epochs, options.seed), flush=True)
    progress = None if options.quiet else Progress(sys.stderr, options.epochs)
    results = []
    for method in demo.METHODS:
        if progress is not None:
            progress.start(method)
        result = demo.train(
            method,
            task,
            epochs=options.epochs,
            seed=options.seed,
            curves=options.plot is not None,
            report=None if progress is None else progress.update,
        )
        if progress is not None:
            progress.finish(result)
        results.append(result)
    print(f"\n{demo.table(results)}\n\n{demo.verdict(results)}", flush=True)
    if options.plot is not None:
        _plot.draw(options.plot, task, results)
        print(f"Learning curves: {options.plot}")
    return 0


def _run_sparse(task: demo.Task, options: argparse.Namespace) -> int:
    print(demo_sparse.describe(task, options.epochs, options.seed))
    print(f"\n{demo_sparse.head()}", flush=True)
    stages = []
    for stage in demo_sparse.tour(task, options.epochs, options.seed):
        print(demo_sparse.line(stage), flush=True)
        stages.append(stage)
    print(f"\n{demo_sparse.verdict(stages)}")
    if options.plot is not None:
        _plot.draw_weights(options.plot, task, stages)
        print(f"Weights: {options.plot}")
    return 0


def _checked_task(parser: argparse.ArgumentParser, options: argparse.Namespace) -> demo.Task:
    if options.epochs < 1:
        parser.error(f"argument --epochs: expected 1 or more, received {options.epochs}")
    if not 0 <= options.seed < 2**32:
        parser.error(f"argument --seed: expected 0 to {2**32 - 1}, received {options.seed}")
    try:
        task = demo.make_task(options.data, options.rows, options.noise, options.seed)
    except ValueError as error:  # begins with the argument's name
        parser.error(f"argument --{error}")
    if options.plot is not None:
        try:
            _plot.check(options.plot)
        except (ImportError, ValueError, OSError) as error:
            parser.error(f"argument --plot: {error}")
    return task


if __name__ == "__main__":
    sys.exit(main())
