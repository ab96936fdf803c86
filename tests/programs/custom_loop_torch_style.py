"""A training loop from scratch in PyTorch's way: backward, then optimizer.apply."""

import numpy as np

import corereg as keras
from corereg.datasets import load_digits

x, y = load_digits()
x_train, y_train, x_val, y_val = x[:1400] / 16, y[:1400], x[1400:] / 16, y[1400:]
inputs = keras.Input(shape=(64,), name="digits")
hidden = keras.layers.Dense(64, activation="relu")(inputs)
outputs = keras.layers.Dense(10, name="predictions")(hidden)
model = keras.Model(inputs=inputs, outputs=outputs)
optimizer = keras.optimizers.Adam(learning_rate=1e-2)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
train_acc_metric = keras.metrics.SparseCategoricalAccuracy()
val_acc_metric = keras.metrics.SparseCategoricalAccuracy()

batch_size = 64
for epoch in range(3):
    order = np.random.permutation(len(x_train))
    for step in range(0, len(order), batch_size):
        rows = order[step : step + batch_size]
        logits = model(x_train[rows])
        loss = loss_fn(y_train[rows], logits)
        model.zero_grad()
        trainable_weights = [v for v in model.trainable_weights]
        loss.backward()
        gradients = [v.grad for v in trainable_weights]
        with keras.no_grad():
            optimizer.apply(gradients, trainable_weights)
        train_acc_metric.update_state(y_train[rows], logits)
    train_acc = train_acc_metric.result()
    print(f"Training acc over epoch: {float(train_acc):.4f}")
    train_acc_metric.reset_state()
    val_logits = model(x_val, training=False)
    val_acc_metric.update_state(y_val, val_logits)
    val_acc = val_acc_metric.result()
    val_acc_metric.reset_state()
    print(f"Validation acc: {float(val_acc):.4f}")
assert float(val_acc) > 0.85
