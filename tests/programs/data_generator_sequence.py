"""Batches by a Sequence that loads rows by their numbers and shuffles them after every epoch."""

import os
import tempfile

import numpy as np

import corereg as keras
from corereg.layers import Dense, Flatten
from corereg.models import Sequential


class DataGenerator(keras.utils.Sequence):
    """Generates data for Keras."""

    def __init__(
        self, folder, list_IDs, labels, batch_size=16, dim=(6, 6), n_classes=3, shuffle=True
    ):
        super().__init__()
        self.folder, self.dim, self.batch_size = folder, dim, batch_size
        self.labels, self.list_IDs = labels, list_IDs
        self.n_classes, self.shuffle = n_classes, shuffle
        self.on_epoch_end()

    def __len__(self):
        return int(np.floor(len(self.list_IDs) / self.batch_size))

    def __getitem__(self, index):
        indexes = self.indexes[index * self.batch_size : (index + 1) * self.batch_size]
        list_IDs_temp = [self.list_IDs[k] for k in indexes]
        return self.__data_generation(list_IDs_temp)

    def on_epoch_end(self):
        self.indexes = np.arange(len(self.list_IDs))
        if self.shuffle:
            np.random.default_rng(0).shuffle(self.indexes)

    def __data_generation(self, list_IDs_temp):
        X = np.empty((self.batch_size, *self.dim))
        y = np.empty((self.batch_size), dtype=int)
        for i, ID in enumerate(list_IDs_temp):
            X[i] = np.load(os.path.join(self.folder, ID + ".npy"))
            y[i] = self.labels[ID]
        return X, keras.utils.to_categorical(y, num_classes=self.n_classes)


rng = np.random.default_rng(3)
with tempfile.TemporaryDirectory() as folder:
    labels = {}
    for i in range(96):
        labels[f"id-{i}"] = i % 3
        np.save(
            os.path.join(folder, f"id-{i}.npy"), rng.normal(size=(6, 6)) + np.eye(6) * (i % 3) * 2
        )
    partition = {"train": list(labels)[:64], "validation": list(labels)[64:]}
    training_generator = DataGenerator(folder, partition["train"], labels)
    validation_generator = DataGenerator(folder, partition["validation"], labels, shuffle=False)
    model = Sequential([Flatten(), Dense(32, activation="relu"), Dense(3, activation="softmax")])
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        training_generator, validation_data=validation_generator, epochs=8, verbose=0
    )
    score = model.evaluate(validation_generator, verbose=0)
    predicted = model.predict(validation_generator, verbose=0)
print(len(training_generator), "batches an epoch", score)
assert predicted.shape == (32, 3)
assert history.history["loss"][-1] < history.history["loss"][0]
assert score[1] > 0.6
