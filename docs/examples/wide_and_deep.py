"""Wide and deep: a table with numbers, categories and gaps.

    python docs/examples/wide_and_deep.py

It needs pandas. `FeatureSpace.from_frame` looks at a table and decides for each column how it
becomes numbers. The wide part of the network is linear in the columns and their crosses; the deep
part has hidden layers (Cheng et al. 2016). The saved model takes the table as it is.
"""

import numpy as np
import pandas as pd

import corereg
from corereg.layers import Add, Dense, Dropout
from corereg.models import Model, load_model
from corereg.utils import FeatureSpace

rng = np.random.default_rng(0)
rows = 3000
frame = pd.DataFrame(
    {
        "age": rng.integers(18, 80, rows).astype(float),
        "income": rng.lognormal(10, 0.6, rows),
        "job": rng.choice(["clerk", "cook", "nurse", "pilot"], rows, p=[0.4, 0.3, 0.2, 0.1]),
        "city": rng.choice([f"town {i}" for i in range(30)], rows),
        "married": rng.random(rows) < 0.5,
    }
)
chance = (
    0.05 * (frame.age - 45)
    + 1.5 * ((frame.job == "pilot") & frame.married)
    - 1.0 * (frame.job == "cook")
    + 0.8 * np.log(frame.income / 22_000)
)
y = (rng.random(rows) < 1 / (1 + np.exp(-chance))).astype("float32").to_numpy()
frame.loc[rng.random(rows) < 0.1, "income"] = np.nan  # gaps
train, test = slice(2000), slice(2000, None)

corereg.set_random_seed(0)
space = FeatureSpace.from_frame(frame[train])
encoded = space.get_encoded_features()
wide = Dense(1, kernel_regularizer="l2")(encoded)
deep = Dropout(0.3)(Dense(32, "relu")(encoded))
deep = Dense(1)(Dropout(0.3)(Dense(16, "relu")(deep)))
total = corereg.layers.Activation("sigmoid")(Add()([wide, deep]))
model = Model(space.get_inputs(), total)
model.compile("adam", "binary_crossentropy", metrics=["accuracy", "auc"])
model.fit(frame[train], y[train], epochs=30, verbose=0)
print(f"{encoded.shape[1]} numbers made of {frame.shape[1]} columns")
loss, accuracy, auc = model.evaluate(frame[test], y[test], verbose=0)
print(f"test: loss {loss:.3f}, accuracy {accuracy:.1%}, AUC {auc:.3f}")
best = 1 / (1 + np.exp(-chance[test]))
known = np.where(y[test] == 1, best, 1 - best)
print(f"who knows the true chances: loss {-np.log(known).mean():.3f}")

model.save("loans.corereg")
loaded = load_model("loans.corereg")
new = pd.DataFrame(
    {
        "age": [30.0, 60.0],
        "income": [np.nan, 90_000.0],
        "job": ["pilot", "astronaut"],  # the second one is new to the model
        "city": ["town 3", "elsewhere"],
        "married": [True, False],
    }
)
print("new rows:", loaded.predict(new, verbose=0).ravel().round(3))
