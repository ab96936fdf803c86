"""Iris flowers by name: labels made numbers, then one-hot rows, and a softmax."""

import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import KFold, cross_val_score
from sklearn.preprocessing import LabelEncoder

from corereg.layers import Dense
from corereg.models import Sequential
from corereg.sklearn import KerasClassifier
from corereg.utils import to_categorical

iris = load_iris()
X = iris.data.astype(float)
Y = iris.target_names[iris.target]
# encode class values as integers
encoder = LabelEncoder()
encoder.fit(Y)
encoded_Y = encoder.transform(Y)
# convert integers to dummy variables (i.e. one hot encoded)
dummy_y = to_categorical(encoded_Y)


# define baseline model
def baseline_model():
    # create model
    model = Sequential()
    model.add(Dense(8, input_shape=(4,), activation="relu"))
    model.add(Dense(3, activation="softmax"))
    # Compile model
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


estimator = KerasClassifier(model=baseline_model, epochs=120, batch_size=5, verbose=0)
kfold = KFold(n_splits=5, shuffle=True)
results = cross_val_score(estimator, X, dummy_y, cv=kfold)
print("Baseline: %.2f%% (%.2f%%)" % (results.mean() * 100, results.std() * 100))
assert results.mean() > 0.7

estimator.fit(X, dummy_y)
predictions = encoder.inverse_transform(estimator.predict(X).argmax(axis=1))
print(predictions[:3], estimator.classes_, estimator.target_type_)
assert np.mean(predictions == Y) > 0.7
