"""Model: what every model offers, whatever its layers are arranged like.

How it is trained, tested and used is the work of the `Trainer` that it has (corereg.training).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from corereg import _kernels, registry
from corereg._lazy import Older, later
from corereg.autograd import Parameter
from corereg.autograd.whole_copies import CopiedWhole
from corereg.graph.nest import flatten, pack_like
from corereg.layers.holder import FromInit
from corereg.layers.lookup import serialize
from corereg.layers.weight_option import options_of
from corereg.models.own_steps import OwnSteps
from corereg.registry import register
from corereg.shown import as_words, counted
from corereg.training.arguments import limited_threads
from corereg.training.compilation import Compilation
from corereg.training.trainer import Trainer

if TYPE_CHECKING:
    from corereg import matmul_precision as precisions, tracebacks
    from corereg.callbacks.history import History
    from corereg.models.sparsity import SparsityTable
    from corereg.optimizers.base import Optimizer
    from corereg.runtime.report import ExecutionReport
    from corereg.training import custom, evaluate as testing, fit as fitting, predict as predicting
    from corereg.training.data import feature_names as names_of_columns
    from corereg.training.predict_mc import MCPrediction
else:  # few models need all of it
    precisions = later("corereg.matmul_precision")
    names_of_columns = later("corereg.training.data.feature_names")
    custom = later("corereg.training.custom")
    testing = later("corereg.training.evaluate")
    fitting = later("corereg.training.fit")
    predicting = later("corereg.training.predict")
    tracebacks = later("corereg.tracebacks")

Array = np.ndarray[Any, Any]


@register("model", "Functional")
class Model(CopiedWhole, OwnSteps):
    """A model: layers, a way to call them, and a trainer.

    ``Model(inputs, outputs)`` is a graph of layers between symbolic tensors; each of the two is
    one, or a list or dict of them. ``class Net(Model)`` makes layers in its `__init__` and writes
    `call(self, x, training=None)`.

    name: unique by default; further arguments as for `Layer`. ValueError for outputs that do not
    depend on the inputs alone, and for two layers of one name.

    >>> x = corereg.Input((4,))
    >>> h = layers.Dense(8, "relu", kernel_regularizer="l2")(x)
    >>> model = corereg.Model(x, layers.Dense(3, "softmax")(layers.Dropout(0.2)(h)), name="m")
    >>> model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    >>> model
    <Model 'm', 4 layers>
    >>> model.predict(np.ones((5, 4)), verbose=0).shape
    (5, 3)
    """

    recordable = True
    _clones_by_config: ClassVar[bool] = False  # whether a clone is of the same class
    if TYPE_CHECKING:
        _trainer: Trainer
    else:
        _trainer = FromInit()

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None, **options: Any
    ) -> None:
        super().__init__(inputs, outputs, name, **options)
        self._trainer = Trainer()

    fit_generator, evaluate_generator, predict_generator = Older(), Older(), Older()
    predict_classes, predict_proba, to_yaml = Older(), Older(), Older()

    def _matmul_parts(self) -> int:
        told: list[int] = self._trainer.matmul_parts
        _kernels.track_dependency(told)
        return self._policy_parts if told[0] < 0 else told[0]

    # ---- training and use ------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
        log_penalties: bool = False,
        matmul_precision: str | None = None,
    ) -> None:
        """Says how to train: an optimizer, a loss and metrics, by name or as objects.

        Of a model with several outputs, loss, loss_weights, metrics and weighted_metrics are a list
        in the order of the outputs, or a dict by their names; one loss counts for all. The total is
        the sum of loss_weights times losses. Without any loss, training follows the penalties.
        metrics ignore sample weights, weighted_metrics use them. Unknown names raise ValueError,
        and the message lists the known ones; so does an optimizer that cannot follow a proximal
        penalty of the model. Nothing is changed then.
        run_eagerly: run every step of `fit` through Python, for debugging; the results are the
        same. steps_per_execution: callbacks that look at batches are called before the first and
        behind the last of so many, which run without them in one replay. jit_compile and
        auto_scale_loss are Keras's, and change nothing here.
        log_penalties: log the penalty of each layer, too, by the names that `penalties` gives, such
        as "dense/kernel_penalty": in the History, the progress bar, what `evaluate` and
        `train_on_batch` return as a dict, and for all callbacks. They are means over the rows, and
        add up to "penalty". No other name or number changes.
        matmul_precision: how exactly this model multiplies matrices of float32, "highest", "high"
        or "medium", whatever `corereg.set_float32_matmul_precision` says, which explains them.

        >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(1, "sigmoid")])
        >>> model.compile(optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy", "auc"])
        >>> model.loss, model.optimizer
        (BinaryCrossentropy(), Adam(learning_rate=0.01))
        """
        try:
            self._trainer.lock.check_idle("compile")
            compilation = Compilation.from_arguments(
                optimizer,
                loss,
                loss_weights,
                metrics,
                weighted_metrics,
                run_eagerly,
                log_penalties,
                matmul_precision,
                steps_per_execution,
            )
            if compilation.optimizer is not None:
                for layer in self._flatten_layers():
                    for weight, regularizer in options_of(layer, "regularizer"):
                        compilation.optimizer.check_regularizer(
                            regularizer, f"{layer.name}/{weight}"
                        )
            self._trainer.compile(compilation)
        except Exception as error:
            tracebacks.shorten(error)
            raise

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str | int = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        augment: Any = None,
        *,
        num_threads: int | None = None,
        **older: Any,
    ) -> History:
        """Trains for `epochs` passes over x (rows, features) and y; returns the History.

        x may also be an iterable of batches: tuples (x, y) or (x, y, sample_weight), each checked
        when its turn comes. A list, an object with `__getitem__` and `__len__`, or anything else
        that can be read again begins anew every epoch, in its own order; an iterator goes on from
        epoch to epoch, `steps_per_epoch` batches each, and a warning ends the training if it runs
        out. Then y, batch_size, sample_weight and validation_split must be left out.

        batch_size: 32 by default; the last batch may be short. validation_split: the share of
        rows, the last ones, kept for validation; validation_data: (x, y), (x, y, weights) or an
        iterable of batches. shuffle: a new order of rows every epoch, which depends on the model's
        seed and on how many passes it has trained; "batch" as in Keras: batches of consecutive
        rows, as they lie, with the rows of each in random order; a number n: the same in blocks of
        n rows, for files larger than memory. class_weight: {class: weight}, a list of
        weights, or "balanced" (all classes count alike), for the training rows only, or
        sample_weight (rows,). initial_epoch: the epoch to begin with, counted from 0;
        above 0, the training goes on where the last `fit` of this model, or of the one that was
        saved, has ended, so that the two equal one in all bits. steps_per_epoch: batches an epoch
        takes; the next epoch goes on where it stopped. validation_freq: every n-th epoch, or a list
        of epochs counted from 1. verbose: 0 silent, 1 a bar, 2 a line an epoch, "auto" as the
        terminal allows.
        augment: a list of what changes each training batch before the model sees it: layers such as
        `MixUp` and `CutMix`, which mix inputs, targets and sample weights of its rows, other layers
        that keep the shape of x, which act on x alone with training=True, and functions
        (x, y, sample_weight) -> (x, y, sample_weight) of tensors. It is a part of the step and
        replayed with it; validation, evaluate and predict see the data as they are. See
        docs/augmentation.md. ValueError for models with a `train_step` of their own.
        num_threads: how many threads this call may use at most, callbacks and validation included;
        the weights and logs are the same to the bit.
        History has, by epoch, "loss" (penalties included), "penalty" alone and the metrics, and the
        same as "val_..." for validation; ``compile(log_penalties=True)`` adds each layer's penalty.

        NaN or infinity in x or y raises ValueError naming the row, as do all shapes and labels
        that do not fit, before any weight changes (of an iterable: before that batch's step).
        RuntimeError if the model is being trained already. After Ctrl-C the weights are those of
        the last finished step. `corereg.PerformanceWarning` if steps run through Python for another
        reason than run_eagerly; `execution_report()` says more.

        >>> corereg.set_random_seed(0)
        >>> x = np.random.default_rng(0).standard_normal((200, 3))
        >>> model = corereg.Sequential([corereg.Input((3,)), layers.Dense(1)])
        >>> model.compile(optimizers.Adam(0.1), "mse")
        >>> history = model.fit(x, x @ [1.0, 2.0, 3.0], epochs=40, validation_split=0.2, verbose=0)
        >>> history
        <History of 40 epochs: loss, val_loss>
        >>> history.history["val_loss"][-1] < 0.01
        True
        """
        try:
            if older:
                from corereg.older_words import refuse_arguments

                refuse_arguments(f"{self.who}: fit", older)
            with limited_threads("fit", num_threads):
                return fitting.fit(
                    self,
                    x,
                    y,
                    batch_size,
                    epochs,
                    verbose,
                    callbacks,
                    validation_split,
                    validation_data,
                    shuffle,
                    class_weight,
                    sample_weight,
                    initial_epoch,
                    steps_per_epoch,
                    validation_steps,
                    validation_batch_size,
                    validation_freq,
                    augment,
                )
        except Exception as error:
            tracebacks.shorten(error)
            raise

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
        augment: Any = None,
    ) -> Any:
        """One step on one batch; [loss, metrics...] of before the step, or a dict. augment: as for
        `fit`; give the same objects at each call, for others are recorded anew.

        >>> layer = layers.Dense(1, kernel_initializer="ones")
        >>> model = corereg.Sequential([corereg.Input((1,)), layer])
        >>> model.compile(optimizers.SGD(0.25), "mse")
        >>> x, y = np.ones((2, 1)), np.zeros(2)
        >>> [float(model.train_on_batch(x, y)) for step in range(3)]
        [1.0, 0.0, 0.0]
        """
        try:
            return fitting.train_on_batch(
                self, x, y, sample_weight, class_weight, return_dict, augment
            )
        except Exception as error:
            tracebacks.shorten(error)
            raise

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        *,
        num_threads: int | None = None,
    ) -> Any:
        """The loss (penalties included) and metrics on x, y: [loss, metrics...], the loss alone
        if there are no metrics, or with return_dict a dict that also has the penalty.

        x may also be an iterable of batches, as for `fit`; steps: how many at most.
        num_threads: how many threads this call may use at most; the results are the same.

        RuntimeError while another thread trains the model.

        >>> layer = layers.Dense(1, kernel_initializer="ones")
        >>> model = corereg.Sequential([corereg.Input((1,)), layer])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> x = np.array([[1.0], [2.0]])
        >>> model.evaluate(x, x + 2, verbose=0, return_dict=True)
        {'loss': 4.0, 'mae': 2.0}
        """
        try:
            with limited_threads("evaluate", num_threads):
                return testing.evaluate(
                    self, x, y, batch_size, verbose, sample_weight, steps, callbacks, return_dict
                )
        except Exception as error:
            tracebacks.shorten(error)
            raise

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """[loss, metrics...] of one batch, or a dict.

        >>> layer = layers.Dense(1, kernel_initializer="ones")
        >>> model = corereg.Sequential([corereg.Input((1,)), layer])
        >>> model.compile("sgd", "mse")
        >>> model.test_on_batch(np.ones((2, 1)), np.zeros(2))
        1.0
        """
        try:
            return testing.test_on_batch(self, x, y, sample_weight, return_dict)
        except Exception as error:
            tracebacks.shorten(error)
            raise

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        *,
        out: Any = None,
        num_threads: int | None = None,
    ) -> Any:
        """The outputs (rows, ...) for x (rows, features), dropout off. NaN in gives NaN out.
        x may also be an iterable of batches: arrays, or tuples that begin with one.

        batch_size: rows that progress and callbacks count as one; it changes neither the results
        nor, much, the speed, and bounds the memory. Many threads may predict at once, also while
        another one trains the model: they see the weights between two steps.

        out: an array of the outputs' shape and dtype, contiguous or not, that takes them and is
        returned; of several outputs a list or dict of arrays, nested as they are. Not for an
        iterable of batches. num_threads: how many threads this call may use at most; the results
        are the same. TypeError or ValueError, with `out` as it was, for arrays that do not fit.

        >>> layer = layers.Dense(1, kernel_initializer="ones")
        >>> model = corereg.Sequential([corereg.Input((2,)), layer])
        >>> model.predict(np.array([[1.0, 2.0]]), verbose=0)
        array([[3.]], dtype=float32)
        >>> out = np.empty((1, 1), np.float32)
        >>> model.predict(np.array([[1.0, 2.0]]), verbose=0, out=out, num_threads=1) is out
        True
        """
        if (
            verbose == 0
            and batch_size is None
            and steps is None
            and callbacks is None
            and out is None
            and num_threads is None
        ):
            trainer = self._trainer
            if trainer.forward_pool is not None and not trainer.compilation.run_eagerly:
                found: Any = trainer.forward_pool(x)
                if found is not None:
                    like = trainer.output_like
                    return found if like is None else pack_like(like, flatten(found))
        try:
            if num_threads is not None:
                with limited_threads("predict", num_threads):
                    return Model.predict(self, x, batch_size, verbose, steps, callbacks, out=out)
            return predicting.predict(self, x, batch_size, verbose, steps, callbacks, out)
        except Exception as error:
            tracebacks.shorten(error)
            raise

    def predict_mc(
        self,
        x: Any,
        num_samples: int = 50,
        seed: int | None = None,
        return_samples: bool = False,
        validation_data: Any = None,
    ) -> MCPrediction:
        """Predictions by many forward passes with dropout on (Gal and Ghahramani: Dropout as a
        Bayesian approximation, 2016): a named tuple of `mean`, `std`, `entropy`,
        `mutual_information`, `samples`, `better` and `scores`; see `MCPrediction`.

        Dropout, AlphaDropout and GaussianDropout draw; all else is as in `predict`: GaussianNoise
        is off, for it stands for noise of the data, and BatchNormalization uses its moving
        averages. What comes before the first dropout is computed once (of a model with a `call` of
        its own: nothing is), and what follows it num_samples times.

        x: as for `predict`, arrays only. num_samples: how many passes. seed: an integer gives the
        same samples again, None others at each call. Masks depend on the seed, on the number of the
        sample and of the row in x, and on the place of the dropout among those of the model:
        neither on threads nor on what else is computed, so that the first rows of x, or the first
        samples, get the same ones by themselves. (A mask that noise_shape shares among rows is
        shared by all of x.) return_samples: whether to keep all samples, (num_samples, rows, ...).
        validation_data: (x, y) or (x, y, sample_weight) of rows that the model was not trained on:
        then `better` says whether averaging is worth it.

        The layers' own random numbers and the state of training are left as they are; other threads
        may train meanwhile: each block of 256 rows sees the weights between two steps.

        Raises ValueError for a model without dropout, and for arguments that do not fit.

        >>> model = corereg.Sequential([corereg.Input((2,)), layers.Dropout(0.5), layers.Dense(1)])
        >>> found = model.predict_mc(np.ones((3, 2)), num_samples=20, seed=1)
        >>> found.mean.shape, found.std.shape
        ((3, 1), (3, 1))
        """
        from corereg.training.predict_mc import predict_mc

        try:
            return predict_mc(self, x, num_samples, seed, return_samples, validation_data)
        except Exception as error:
            tracebacks.shorten(error)
            raise

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs of one batch.

        >>> layer = layers.Dense(1, kernel_initializer="ones")
        >>> model = corereg.Sequential([corereg.Input((2,)), layer])
        >>> model.predict_on_batch(np.array([[1.0, 2.0]]))
        array([[3.]], dtype=float32)
        """
        return self.predict(x, verbose=0)

    # ---- how it runs ----------------------------------------------------------------------------

    def execution_report(self) -> ExecutionReport:
        """Whether fit, evaluate and predict are replayed, on how many threads, and if not, which
        part is to blame and what cures it; of which layers predict uses sparse kernels; and the
        precision of products, if it is not "highest". Print it, or read ``report["fit"].mode``.

        >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(np.ones((64, 1)), np.ones(64), verbose=0)
        >>> model.execution_report()["fit"].mode
        'replayed'
        """
        return self._trainer.execution_report(self.weights, self._matmul_precisions())

    def _matmul_precisions(self) -> tuple[str, ...]:
        """The names of the precisions in which its layers of float32 multiply."""
        whole, name_of = self._matmul_parts(), precisions.name_of
        around = precisions.get_float32_matmul_precision() if whole < 0 else name_of(whole)
        inside = [layer for layer in self._flatten_layers() if layer is not self]
        own = {layer._policy_parts for layer in inside if layer.dtype == "float32"}
        return tuple(sorted({around if one < 0 else name_of(one) for one in own})) or ("highest",)

    @property
    def optimizer(self) -> Optimizer | None:
        """The optimizer; may be set at any time, also by callbacks."""
        return self._trainer.compilation.optimizer

    @optimizer.setter
    def optimizer(self, value: Optimizer | None) -> None:
        self._trainer.compilation.optimizer = value

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called, or an optimizer was set."""
        return self.optimizer is not None

    @property
    def loss(self) -> Any:
        """The loss, or a list or dict of losses by output; may be set at any time."""
        return self._trainer.compilation.loss

    @loss.setter
    def loss(self, value: Any) -> None:
        self._trainer.compilation.loss = value

    @property
    def run_eagerly(self) -> bool:
        """Whether every step runs through Python; may be set at any time."""
        return self._trainer.compilation.run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._trainer.compilation.run_eagerly = bool(value)

    @property
    def log_penalties(self) -> bool:
        """Whether the logs have each layer's penalty, too; may be set at any time.

        >>> layer = layers.Dense(1, kernel_regularizer="l2", name="d")
        >>> model = corereg.Sequential([corereg.Input((1,)), layer])
        >>> model.compile("sgd", "mse")
        >>> model.log_penalties = True  # as compile(log_penalties=True)
        >>> list(model.fit(np.ones(8), np.ones(8), verbose=0).history)
        ['d/kernel_penalty', 'loss', 'penalty']
        """
        return self._trainer.compilation.log_penalties

    @log_penalties.setter
    def log_penalties(self, value: bool) -> None:
        self._trainer.compilation.log_penalties = bool(value)

    @property
    def feature_names(self) -> Any:
        """The names of the columns of the first table that the model was trained on: a list, for
        several inputs a dict of lists by their names; None if it had no names. A table of later
        calls has to have the same columns in the same order, arrays need no names. May be set, to
        None in order to forget them."""
        return names_of_columns.as_public(self._input_keys, self._trainer.columns)

    @feature_names.setter
    def feature_names(self, value: Any) -> None:
        who = f"{type(self).__name__} {self.name!r}: feature_names"
        self._trainer.columns = names_of_columns.from_public(who, self._input_keys, value)

    @property
    def history(self) -> History | None:
        """The History of the last fit, or None.

        >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(np.ones(8), np.ones(8), verbose=0)
        >>> model.history is history
        True
        """
        return self._trainer.history_of(self)

    @history.setter
    def history(self, value: History) -> None:
        self._trainer.keep_history(value)

    @property
    def metrics_names(self) -> list[str]:
        """What evaluate returns, in order.

        >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> values = model.evaluate(np.ones((2, 1)), np.ones(2), verbose=0)
        >>> model.metrics_names
        ['loss', 'mae']
        """
        return self._trainer.metrics_names

    # ---- weights ---------------------------------------------------------------------------------

    def _copied_weights(self) -> list[Parameter]:
        return self.weights

    def count_params(self) -> int:
        """How many numbers the weights hold; the model must be built.

        >>> corereg.Sequential([corereg.Input((4,)), layers.Dense(3)]).count_params()  # 4 * 3 + 3
        15
        """
        if not self.built:
            raise ValueError(
                f"{type(self).__name__} {self.name!r} is not built; call build(input_shape)"
            )
        return super().count_params()

    # ---- description and files -------------------------------------------------------------------

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Prints a table of the layers: output shapes, counts of parameters, in a graph with
        branches what each is connected to (layer[call][output]), regularizers if there are any;
        and how many parameters there are and how much memory they take.

        line_length: of the table; None: as it needs, up to 100. Long cells take several lines.
        positions: where each column but that of regularizers ends, in characters or, up to 1, in
            parts of the line.
        print_fn: is called with each line instead of `print`.
        expand_nested: shows the layers of models within the model, too, indented.
        show_trainable: adds a column that says Y, N, or - for what has no weights.
        layer_range: two regular expressions; shows the layers from the first whose name begins as
            one of them says to the last of the other. The totals stay those of the model.

        Raises ValueError for positions that are too few and for names that no layer has.

        >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3, name="d")], name="m")
        >>> model.summary()
        Model: "m"
        -----------------------------------
        Layer (type)  Output Shape  Param #
        -----------------------------------
        d (Dense)     (None, 3)          15
        -----------------------------------
        Total params: 15 (60.00 B)
        Trainable params: 15 (60.00 B)
        Non-trainable params: 0 (0.00 B)
        """
        from corereg.models.summary import summary_lines

        for line in summary_lines(
            self, line_length, positions, expand_nested, show_trainable, layer_range
        ):
            (print_fn or print)(line)

    def _repr_html_(self) -> str:
        from corereg.models.pages import model_page

        return model_page(self)

    def sparsity(self) -> SparsityTable:
        """The zeros in the model's kernels, as they are now: a table with a row for each kernel
        (zeros, nonzeros, how many are frozen at zero, dead neurons, dead inputs) and totals, which
        prints as text. ValueError if the model is not built.

        >>> model = corereg.Sequential([corereg.Input((2,)), layers.Dense(2, name="d")])
        >>> model.layers[0].set_weights([np.eye(2), np.zeros(2)])
        >>> model.sparsity().zeros, model.sparsity().share
        (2, 0.5)
        """
        from corereg.models.sparsity import sparsity_of

        return sparsity_of(self)

    def save(self, path: Any, *, portable: bool = False, include_optimizer: bool = True) -> None:
        """Writes structure, weights, compile arguments and optimizer state to one file.

        path: a path, or a file object opened for writing in binary mode, such as `io.BytesIO`.
        The file is replaced whole or not at all, and holds no pickles. A path that ends in .keras
        gets a file that Keras loads (extra `corereg[keras]`), any other one of corereg's own, whose
        usual suffix is .corereg. portable: leave out of a file for Keras what Keras does not have,
        with a warning that names it; otherwise that is a ValueError. include_optimizer: False
        leaves out what `compile` was told and the optimizer's state, as Keras does, so that the
        loaded model predicts and is not compiled. ValueError for a path that ends like another
        program's files.

        >>> import io
        >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)], name="m")
        >>> file = io.BytesIO()  # or a path, "m.corereg"
        >>> model.save(file)
        >>> position = file.seek(0)
        >>> models.load_model(file)
        <Sequential 'm', 1 layer>
        """
        from corereg.saving.model_file import save_model

        save_model(self, path, portable=portable, include_optimizer=include_optimizer)

    def export(self, path: Any, format: str | None = None, **options: Any) -> None:
        """Writes the model as a file for use without Python, as `corereg.export.export` does:
        "model.onnx" for ONNX (extra `corereg[onnx]`), "model.c" as C.

        format: "onnx" or "c", by default what the suffix of the path says; options: what the format
        takes, see docs/exporting.md.

        >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)])
        >>> model.export("model.pb", format="tf_saved_model")
        Traceback (most recent call last):
        ValueError: export: expected format 'onnx' (path ending in .onnx) or 'c' (path ending in \
.c); received 'tf_saved_model', Keras's format for TensorFlow, which corereg does not write; save \
the model as .keras and export it with Keras
        """
        import_module("corereg.export").export(self, path, format, **options)

    def save_weights(self, path: Any) -> None:
        """Writes the weights alone; to a path that ends in .weights.h5 as Keras does, with the
        optimizer's state (extra `corereg[keras]`).

        >>> import io
        >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)])
        >>> file = io.BytesIO()  # or a path
        >>> model.save_weights(file)
        """
        from corereg.saving.model_file import save_weights

        save_weights(self, path)

    def load_weights(
        self, path: Any, skip_mismatch: bool = False, *, by_name: bool = False
    ) -> None:
        """Reads weights that `save` or `save_weights` wrote, or Keras into a file whose name ends
        in .weights.h5, .keras or, as in Keras 2, .h5; changes nothing if they do not fit.

        by_name: of an .h5 file take the weights of layers that have the same names, and leave the
        others as they are; else they are taken in order. skip_mismatch: leave layers whose weights
        have other shapes as they are, with a warning.

        >>> import io
        >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)])
        >>> other = models.clone_model(model)
        >>> file = io.BytesIO()  # or a path
        >>> model.save_weights(file)
        >>> position = file.seek(0)
        >>> other.load_weights(file)
        >>> np.array_equal(other.get_weights()[0], model.get_weights()[0])
        True
        """
        from corereg.saving.model_file import load_weights

        load_weights(self, path, skip_mismatch=skip_mismatch, by_name=by_name)

    def _batch_statistics(self, who: str, data: Any, batch_size: int | None) -> Any:
        from corereg.training.batch_statistics import BatchStatistics

        return BatchStatistics(self, who, data, batch_size)

    def _write_backup(self, path: str) -> None:
        from corereg.saving.backup_file import write_backup

        write_backup(self, path)

    def _read_backup(self, path: str) -> Any:
        from corereg.saving.backup_file import Backup

        return Backup(path)

    def get_config(self) -> dict[str, Any]:
        """The structure, JSON-able: of a graph its layers and how they are called, as Keras writes
        it; of a subclass the arguments that every layer takes, as far as its `__init__` does.

        >>> x = corereg.Input((4,))
        >>> model = corereg.Model(x, layers.Dense(3)(x), name="m")
        >>> [one["class_name"] for one in model.get_config()["layers"]]
        ['InputLayer', 'Dense']
        """
        from corereg.models.graph_config import graph_config, own_config

        return own_config(self) if self._graph is None else graph_config(self)

    def to_json(self, **options: Any) -> str:
        """The structure as JSON, without weights and what `compile` was told, for
        `corereg.models.model_from_json`. options: arguments of `json.dumps`, such as indent=2.
        TypeError for a config that does not fit into JSON.

        >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)], name="m")
        >>> models.model_from_json(model.to_json())
        <Sequential 'm', 1 layer>
        """
        import json

        try:
            return json.dumps(serialize(self), **options)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{self.who}: expected a get_config() that fits into JSON, received one for which "
                f"{error}"
            ) from error

    @classmethod
    def from_config(
        cls,
        config: dict[str, Any],
        custom_objects: Mapping[str, Any] | None = None,
    ) -> Model:
        """A model of the same structure, with fresh weights.

        custom_objects: {name: class} for layers and so on of the user's own. ValueError for what
        get_config did not give.

        >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)], name="m")
        >>> corereg.Sequential.from_config(model.get_config())
        <Sequential 'm', 1 layer>
        """
        from corereg.models.graph_config import from_graph_config, is_graph_config

        if is_graph_config(cls, config):
            made: Model = from_graph_config(cls, config, custom_objects)
            return made
        with registry.custom_object_scope(custom_objects):
            return cls(**config)

    __repr__ = as_words(lambda self: f"{self.name!r}, {counted(len(self.layers), 'layer')}")
