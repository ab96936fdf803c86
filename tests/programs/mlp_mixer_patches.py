"""Small images cut into patches, and dense layers that mix now the patches, now their features."""

import numpy as np

import corereg as keras
from corereg import layers, ops
from corereg.datasets import load_digits

x, y = load_digits()
images = (x / 16).reshape(-1, 8, 8, 1)
x_train, y_train, x_test, y_test = images[:800], y[:800], images[800:1000], y[800:1000]
patch_size, embedding_dim, num_blocks = 2, 16, 2
num_patches = (8 // patch_size) ** 2


class Patches(layers.Layer):
    def __init__(self, patch_size, **kwargs):
        super().__init__(**kwargs)
        self.patch_size = patch_size

    def call(self, x):
        size, count = self.patch_size, 8 // self.patch_size
        x = ops.reshape(x, (-1, count, size, count, size))
        x = ops.transpose(x, (0, 1, 3, 2, 4))
        return ops.reshape(x, (-1, count * count, size * size))


class MLPMixerLayer(layers.Layer):
    def __init__(self, num_patches, hidden_units, dropout_rate, **kwargs):
        super().__init__(**kwargs)
        self.mlp1 = keras.Sequential(
            [
                layers.Dense(units=num_patches, activation="gelu"),
                layers.Dense(units=num_patches),
                layers.Dropout(rate=dropout_rate),
            ]
        )
        self.mlp2 = keras.Sequential(
            [
                layers.Dense(units=hidden_units, activation="gelu"),
                layers.Dense(units=hidden_units),
                layers.Dropout(rate=dropout_rate),
            ]
        )
        self.normalize = layers.LayerNormalization(epsilon=1e-6)

    def call(self, inputs):
        x = self.normalize(inputs)
        x_channels = ops.transpose(x, axes=(0, 2, 1))
        mlp1_outputs = ops.transpose(self.mlp1(x_channels), axes=(0, 2, 1))
        x = mlp1_outputs + inputs
        x_patches = self.normalize(x)
        return x + self.mlp2(x_patches)


inputs = layers.Input(shape=(8, 8, 1))
patches = Patches(patch_size)(inputs)
x = layers.Dense(units=embedding_dim)(patches)
blocks = keras.Sequential(
    [MLPMixerLayer(num_patches, embedding_dim, 0.1) for _ in range(num_blocks)]
)
x = blocks(x)
representation = layers.GlobalAveragePooling1D()(x)
representation = layers.Dropout(rate=0.1)(representation)
logits = layers.Dense(10)(representation)
model = keras.Model(inputs=inputs, outputs=logits)
model.compile(
    optimizer=keras.optimizers.AdamW(learning_rate=0.01, weight_decay=1e-4),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=[
        keras.metrics.SparseCategoricalAccuracy(name="acc"),
        keras.metrics.SparseTopKCategoricalAccuracy(5, name="top5-acc"),
    ],
)
reduce_lr = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=5)
model.fit(
    x_train,
    y_train,
    batch_size=64,
    epochs=8,
    validation_split=0.1,
    callbacks=[reduce_lr],
    verbose=0,
)
_, accuracy, top_5_accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"Test accuracy: {round(accuracy * 100, 2)}%, top 5: {round(top_5_accuracy * 100, 2)}%")
assert np.allclose(Patches(2)(images[:1])[0, 1].numpy(), images[0, :2, 2:4, 0].ravel())
assert accuracy > 0.7
assert top_5_accuracy > 0.9
