"""TensorBoard: a log of the training in the files that TensorBoard shows."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from corereg.callbacks.base import Callback, Logs
from corereg.callbacks.tensorboard_events import events
from corereg.callbacks.tensorboard_graph import graph_definition


class TensorBoard(Callback):
    """Writes event files, that `tensorboard --logdir logs` shows, into `log_dir`.

    The folder `train` has the logs of epochs (`epoch_loss`, ...) with the learning rate. The folder
    `validation` has those of validations, and of every test `evaluation_loss_vs_iterations`, by the
    optimizer's steps. It needs the package tensorboard: `pip install "corereg[tensorboard]"`.

    histogram_freq: every so many epochs a histogram of each weight; 0: none.
    write_graph: the layers and their connections, once a training, for TensorBoard's tab Graphs.
    write_images: with the histograms, each weight also as an image (0 is black, 1 and above white).
    write_steps_per_second: batches a second of each epoch and of each batch written.
    update_freq: "epoch", or every how many batches their running means are written, too
        (`batch_loss`, ...); "batch" is 1.
    profile_batch, embeddings_freq, embeddings_metadata: 0 or None, for corereg writes no profiles
        and no embeddings.

    Raises ImportError, which names the extra, if tensorboard is missing; ValueError for arguments
    that cannot be.

    >>> callbacks.TensorBoard("logs", histogram_freq=1)  # doctest: +SKIP
    TensorBoard(log_dir='logs', histogram_freq=1)
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        for name, value in (
            ("profile_batch", profile_batch),
            ("embeddings_freq", embeddings_freq),
            ("embeddings_metadata", embeddings_metadata),
        ):
            if value:
                raise ValueError(
                    f"TensorBoard: expected {name}=0 or None, for corereg writes none of these, "
                    f"received {value!r}; leave it out"
                )
        every = 1 if update_freq == "batch" else update_freq
        if every != "epoch" and (not isinstance(every, int) or every < 1):
            raise ValueError(
                "TensorBoard: expected update_freq 'epoch', 'batch' or a positive number of "
                f"batches, received {update_freq!r}"
            )
        events()  # what is missing is told before a training begins
        self.log_dir = os.fsdecode(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = every
        self._batches = self._batches_before = 0
        self._epoch_began = self._batch_began = 0.0
        self._training = False
        self._writers: dict[str, Any] = {}

    def _observes(self, hook: str) -> bool:
        if hook in ("on_train_batch_begin", "on_train_batch_end") and self.update_freq == "epoch":
            mine = getattr(type(self), hook) is getattr(TensorBoard, hook)
            return not mine
        return super()._observes(hook)

    def get_state(self) -> dict[str, Any]:
        return {"batches": self._batches}

    def set_state(self, state: dict[str, Any]) -> None:
        self._batches = state["batches"]
        self._goes_on = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._training = True
        if self._begins_anew():
            self._batches = 0
        if self.write_graph:
            content = graph_definition(self.model)
            if content is not None:
                self._write("train", graph_def=content)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._training = False
        self._close()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._batches_before = int(self.model.optimizer.iterations)
        self._epoch_began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        rate = float(self.model.optimizer.learning_rate)
        train = {name: value for name, value in logs.items() if not name.startswith("val_")}
        train["learning_rate"] = rate
        if self.write_steps_per_second:
            steps = int(self.model.optimizer.iterations) - self._batches_before
            train["steps_per_second"] = steps / (time.perf_counter() - self._epoch_began)
        self._scalars("train", "epoch_{}", train, epoch)
        tested = {n.removeprefix("val_"): v for n, v in logs.items() if n.startswith("val_")}
        self._scalars("validation", "epoch_{}", tested, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        for writer in self._writers.values():
            writer.flush()

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        self._batch_began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not isinstance(self.update_freq, int) or self._batches % self.update_freq:
            return
        values = dict(logs or {})
        if self.write_steps_per_second:
            values["steps_per_second"] = 1 / (time.perf_counter() - self._batch_began)
        self._scalars("train", "batch_{}", values, self._batches)

    def on_test_end(self, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        if optimizer is not None:
            step = int(optimizer.iterations)
            self._scalars("validation", "evaluation_{}_vs_iterations", logs or {}, step)
        if not self._training:
            self._close()

    def _scalars(self, folder: str, tag: str, values: Logs, step: int) -> None:
        """Writes those of the values that are numbers."""
        for name, value in values.items():
            if isinstance(value, int | float):
                made = events().scalar(tag.format(name), value)
                self._write(folder, step=step, summary=made)

    def _write_weights(self, epoch: int) -> None:
        made_by = events()
        for layer in self.model.layers:
            for weight in layer.weights:
                own = weight.name.removeprefix(f"{layer.name}/")
                name = f"{layer.name}/{own}".replace(":", "_")
                values = weight.numpy()
                finite = values[np.isfinite(values)]
                made = made_by.histogram(f"{name}/histogram", finite)
                self._write("train", step=epoch, summary=made)
                if self.write_images and 0 < np.squeeze(values).ndim < 3:
                    made = made_by.image(f"{name}/image", np.atleast_2d(np.squeeze(values)))
                    self._write("train", step=epoch, summary=made)

    def _write(self, folder: str, **content: Any) -> None:
        """Appends an event to the file of a folder, which is made with its first one."""
        if folder not in self._writers:
            self._writers[folder] = events().writer(os.path.join(self.log_dir, folder))
        self._writers[folder].add_event(events().event(wall_time=time.time(), **content))

    def _close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
