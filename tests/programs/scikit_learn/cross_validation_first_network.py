"""A first network judged by ten-fold cross-validation: its function builds and compiles it."""

import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_score

from corereg.layers import Dense
from corereg.models import Sequential
from corereg.sklearn import KerasClassifier


# Function to create model, required for KerasClassifier
def create_model():
    model = Sequential()
    model.add(Dense(12, input_shape=(8,), activation="relu"))
    model.add(Dense(8, activation="relu"))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


# fix random seed for reproducibility
seed = 7
np.random.seed(seed)
dataset = np.random.normal(size=(300, 9))
dataset[:, 8] = dataset[:, 1] + 0.5 * dataset[:, 5] > 0
X = dataset[:, 0:8]
Y = dataset[:, 8]
# create model
model = KerasClassifier(model=create_model, epochs=40, batch_size=10, verbose=0)
# evaluate using 10-fold cross validation
kfold = StratifiedKFold(n_splits=10, shuffle=True, random_state=seed)
results = cross_val_score(model, X, Y, cv=kfold)
print("mean accuracy %.3f" % results.mean())
assert results.shape == (10,)
assert results.mean() > 0.85
