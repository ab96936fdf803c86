"""Writing your own callbacks: which are called when, and an early stop at the least loss."""

import numpy as np

import corereg as keras

rng = np.random.default_rng(0)
x_train = rng.normal(size=(640, 20)).astype("float32")
y_train = x_train[:, :1] - x_train[:, 1:2]
calls = []


class CustomCallback(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        calls.append("train")

    def on_epoch_end(self, epoch, logs=None):
        calls.append(("epoch", epoch, sorted(logs)))

    def on_train_batch_end(self, batch, logs=None):
        calls.append(("batch", batch, sorted(logs)))

    def on_test_end(self, logs=None):
        calls.append("tested")

    def on_predict_batch_end(self, batch, logs=None):
        calls.append(("predicted", batch, sorted(logs)))


class EarlyStoppingAtMinLoss(keras.callbacks.Callback):
    def __init__(self, patience=0):
        super().__init__()
        self.patience = patience
        self.best_weights = None

    def on_train_begin(self, logs=None):
        self.wait = 0
        self.stopped_epoch = 0
        self.best = np.inf

    def on_epoch_end(self, epoch, logs=None):
        current = logs.get("loss")
        if np.less(current, self.best):
            self.best = current
            self.wait = 0
            self.best_weights = self.model.get_weights()
        else:
            self.wait += 1
            if self.wait >= self.patience:
                self.stopped_epoch = epoch
                self.model.stop_training = True
                self.model.set_weights(self.best_weights)


model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.RMSprop(learning_rate=0.1), "mean_squared_error", metrics=["mae"])
model.fit(
    x_train,
    y_train,
    batch_size=128,
    epochs=1,
    verbose=0,
    validation_split=0.5,
    callbacks=[CustomCallback()],
)
model.predict(x_train[:256], batch_size=128, verbose=0, callbacks=[CustomCallback()])
print(calls)
assert calls[:2] == ["train", ("batch", 0, ["loss", "mae"])]
assert calls[-4:-2] == ["tested", ("epoch", 0, ["loss", "mae", "val_loss", "val_mae"])]
assert calls[-1] == ("predicted", 1, ["outputs"])
stop = EarlyStoppingAtMinLoss()
model.fit(x_train, y_train, batch_size=64, epochs=50, verbose=0, callbacks=[stop])
print("stopped at", stop.stopped_epoch, "best", stop.best)
assert 0 < stop.stopped_epoch < 49
