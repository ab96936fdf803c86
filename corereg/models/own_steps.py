"""What a model does for a batch, for subclasses to override: steps, losses and metrics; and what
ends the run that batches are of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corereg._lazy import later
from corereg.autograd import Tensor
from corereg.models.structure import ModelStructure
from corereg.training.data.structures import unpack_x_y_sample_weight
from corereg.training.overriding import built_in, overrides

if TYPE_CHECKING:
    from corereg.training import custom
    from corereg.training.trainer import Trainer
else:  # few models override any
    custom = later("corereg.training.custom")


class OwnSteps(ModelStructure):
    """A model's steps. As long as nobody overrides them, the quicker way of corereg/training/fit.py
    stands for them."""

    _trainer: Trainer

    @property
    def _has_own_steps(self) -> bool:
        return overrides(self, "train_step", "test_step")

    @built_in
    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of `fit`, for models that override it, `compute_loss` or `compute_metrics`.

        data: x, (x, y) or (x, y, sample_weight) of a batch, as tensors (see
        `corereg.utils.unpack_x_y_sample_weight`). Returns the logs, a dict of scalar tensors: their
        last values are the epoch's. Gradients are those of ``loss.backward()``; the optimizer's
        ``apply(gradients, variables)`` or ``step()`` uses them.

        >>> class Own(corereg.Sequential):
        ...     def train_step(self, data):
        ...         x, y = data
        ...         loss = self.compute_loss(x, y, self(x, training=True))
        ...         self.zero_grad()
        ...         loss.backward()
        ...         self.optimizer.apply([w.grad for w in self.trainable_weights])
        ...         return {"loss": loss}
        >>> model = Own([corereg.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile("sgd", "mse")
        >>> model.fit(np.ones((4, 1)), np.zeros((4, 1)), verbose=0).history
        {'loss': [1.0]}
        """
        return custom.train_step(self, data)

    @built_in
    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of `evaluate` and of validation, as `train_step`; returns the logs.

        >>> class Own(corereg.Sequential):
        ...     def test_step(self, data):
        ...         x, y = data
        ...         return {"largest": abs(y - self(x)).max()}
        >>> model = Own([corereg.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile()
        >>> model.evaluate(np.array([[1.0], [3.0]]), np.zeros((2, 1)), verbose=0, return_dict=True)
        {'largest': 3.0}
        """
        return custom.test_step(self, data)

    @built_in
    def predict_step(self, data: Any) -> Any:
        """What `predict` gives for one batch, as tensors.

        >>> class Doubled(corereg.Sequential):
        ...     def predict_step(self, data):
        ...         return 2 * super().predict_step(data)
        >>> model = Doubled([corereg.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        >>> model.predict(np.ones((1, 1)), verbose=0)
        array([[2.]], dtype=float32)
        """
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)

    @built_in
    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """The total loss of a batch, a scalar tensor: the compiled losses by their weights, and all
        penalties. Override it to train with another one.

        >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> model.compute_loss(y=np.array([[1.0]]), y_pred=corereg.Tensor([[3.0]])).item()
        4.0
        """
        return custom.compute_loss(self, y, y_pred, sample_weight)

    @built_in
    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Adds a batch to the compiled metrics; returns what all metrics say, by name.

        >>> class Own(corereg.Sequential):
        ...     def compute_metrics(self, x, y, y_pred, sample_weight=None):
        ...         return {"largest": abs(y - y_pred).max()}
        >>> layer = layers.Dense(1, kernel_initializer="ones")
        >>> model = Own([corereg.Input((1,)), layer])
        >>> model.compile("sgd", "mse")
        >>> model.evaluate(np.array([[1.0], [3.0]]), np.zeros((2, 1)), verbose=0, return_dict=True)
        {'largest': 3.0}
        """
        return custom.compute_metrics(self, y, y_pred, sample_weight)

    def get_metrics_result(self) -> dict[str, Any]:
        """What all metrics say now, by name: of the last epoch, test or batch. ValueError
        if there are compiled metrics and no data have come yet.

        >>> layer = layers.Dense(1, kernel_initializer="ones")
        >>> model = corereg.Sequential([corereg.Input((1,)), layer])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> result = model.evaluate(np.ones((2, 1)), np.zeros(2), verbose=0)
        >>> model.get_metrics_result()
        {'loss': 1.0, 'mae': 1.0}
        """
        return custom.metrics_result(self)

    @property
    def metrics(self) -> list[Any]:
        """The metrics that steps of one's own update: of the loss, the compiled ones as one, those
        of single outputs, and those that are attributes of the model.

        >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> loss = model.test_on_batch(np.ones((2, 1)), np.ones(2))
        >>> [metric.name for metric in model.metrics]
        ['loss', 'compile_metrics']
        """
        from corereg.metrics.base import Metric

        own = [value for value in vars(self).values() if isinstance(value, Metric)]
        return [*self._trainer.trackers.metrics, *own]

    def reset_metrics(self) -> None:
        """Sets all metrics back.

        >>> layer = layers.Dense(1, kernel_initializer="ones")
        >>> model = corereg.Sequential([corereg.Input((1,)), layer])
        >>> model.compile("sgd", "mse")
        >>> loss = model.test_on_batch(np.ones((2, 1)), np.zeros(2))
        >>> model.reset_metrics()
        >>> model.get_metrics_result()
        {'loss': 0.0}
        """
        for metric in self.metrics:
            metric.reset_state()
        self._trainer.reset_sums()

    def zero_grad(self) -> None:
        """Forgets the gradients of all weights.

        >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
        >>> model(np.ones((2, 1))).sum().backward()
        >>> model.zero_grad()
        >>> model.layers[0].kernel.grad is None
        True
        """
        for weight in self.weights:
            weight.grad = None

    @property
    def stop_training(self) -> bool:
        """Callbacks set it to True to end `fit` after the present batch.

        >>> class Enough(callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.model.stop_training = epoch == 2
        >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> model.fit(np.ones(8), np.ones(8), epochs=100, verbose=0, callbacks=Enough())
        <History of 3 epochs: loss>
        """
        return self._trainer.stop_training

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self._trainer.stop_training = bool(value)

    @property
    def stop_evaluating(self) -> bool:
        """Callbacks set it to True to end `evaluate`, or a validation, after the present batch."""
        return self._trainer.stop_evaluating

    @stop_evaluating.setter
    def stop_evaluating(self, value: bool) -> None:
        self._trainer.stop_evaluating = bool(value)

    @property
    def stop_predicting(self) -> bool:
        """Callbacks set it to True to end `predict` after the present batch."""
        return self._trainer.stop_predicting

    @stop_predicting.setter
    def stop_predicting(self, value: bool) -> None:
        self._trainer.stop_predicting = bool(value)
