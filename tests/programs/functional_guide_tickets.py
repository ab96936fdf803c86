"""Ranking tickets: three inputs, two outputs, dicts of losses, data and weights by name."""

import numpy as np

import corereg as keras
from corereg import layers

num_tags, num_words, num_departments = 12, 200, 4
title_input = keras.Input(shape=(None,), name="title")
body_input = keras.Input(shape=(None,), name="body")
tags_input = keras.Input(shape=(num_tags,), name="tags")
title_features = layers.Embedding(num_words, 16)(title_input)
body_features = layers.Embedding(num_words, 16)(body_input)
title_features = layers.GlobalAveragePooling1D()(title_features)
body_features = layers.GlobalMaxPooling1D()(body_features)
x = layers.concatenate([title_features, body_features, tags_input])
priority_pred = layers.Dense(1, name="priority")(x)
department_pred = layers.Dense(num_departments, name="department")(x)
model = keras.Model(
    inputs=[title_input, body_input, tags_input],
    outputs={"priority": priority_pred, "department": department_pred},
)
model.compile(
    optimizer=keras.optimizers.RMSprop(1e-3),
    loss={
        "priority": keras.losses.BinaryCrossentropy(from_logits=True),
        "department": keras.losses.CategoricalCrossentropy(from_logits=True),
    },
    loss_weights={"priority": 1.0, "department": 0.2},
)
rng = np.random.default_rng(8)
title_data = rng.integers(num_words, size=(128, 10))
body_data = rng.integers(num_words, size=(128, 30))
tags_data = rng.integers(2, size=(128, num_tags)).astype("float32")
priority_targets = tags_data[:, :1]
dept_targets = keras.utils.to_categorical(title_data[:, 0] % num_departments, num_departments)
history = model.fit(
    {"title": title_data, "body": body_data, "tags": tags_data},
    {"priority": priority_targets, "department": dept_targets},
    epochs=4,
    batch_size=32,
    verbose=0,
)
print({name: round(values[-1], 3) for name, values in history.history.items()})
assert set(history.history) == {"loss", "priority_loss", "department_loss"}
assert history.history["loss"][-1] < history.history["loss"][0]
