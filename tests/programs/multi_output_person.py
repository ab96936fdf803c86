"""One body and three heads: a regression, several classes and a yes or no, losses as a list."""

import numpy as np

from corereg import Input, Model
from corereg.layers import Dense

rng = np.random.default_rng(20)
posts = rng.normal(size=(256, 30)).astype("float32")
age_targets = posts[:, 0] * 5 + 40
income_targets = rng.integers(0, 4, 256)
income_targets_one_hot = np.eye(4)[income_targets]
gender_targets = (posts[:, 1] > 0).astype("float32")

posts_input = Input(shape=(30,), name="posts")
x = Dense(32, activation="relu")(posts_input)
age_prediction = Dense(1, name="age")(x)
income_prediction = Dense(4, activation="softmax", name="income")(x)
gender_prediction = Dense(1, activation="sigmoid", name="gender")(x)
model = Model(posts_input, [age_prediction, income_prediction, gender_prediction])
model.compile(
    optimizer="rmsprop",
    loss=["mse", "categorical_crossentropy", "binary_crossentropy"],
    loss_weights=[0.25, 1.0, 10.0],
    metrics=[["mae"], ["accuracy"], ["accuracy", "AUC"]],
)
history = model.fit(
    posts,
    [age_targets, income_targets_one_hot, gender_targets],
    epochs=30,
    batch_size=32,
    verbose=0,
)
print({name: round(values[-1], 3) for name, values in history.history.items()})
age, income, gender = model.predict(posts[:5], verbose=0)
assert (age.shape, income.shape, gender.shape) == ((5, 1), (5, 4), (5, 1))
assert history.history["gender_accuracy"][-1] > 0.75
assert history.history["age_mae"][-1] < history.history["age_mae"][0]
total = model.evaluate(
    {"posts": posts},
    {"age": age_targets, "income": income_targets_one_hot, "gender": gender_targets},
    verbose=0,
    return_dict=True,
)
parts = 0.25 * total["age_loss"] + total["income_loss"] + 10 * total["gender_loss"]
assert np.isclose(total["loss"], parts, rtol=1e-5)
