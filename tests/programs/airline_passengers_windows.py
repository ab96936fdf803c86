"""Passengers of an airline by month: the last values say the next one, with errors in the units of
the series."""

import math

import numpy as np

from corereg.layers import Dense
from corereg.models import Sequential
from corereg.optimizers import Adam

months = np.arange(144)
rng = np.random.default_rng(0)
dataset = 110 + 2.5 * months + (20 + 0.3 * months) * np.sin(2 * np.pi * months / 12)
dataset = (dataset + rng.normal(scale=5, size=144)).astype("float32")[:, None]
train, test = dataset[:96], dataset[96:]


def create_dataset(dataset, look_back=1):
    dataX, dataY = [], []
    for i in range(len(dataset) - look_back - 1):
        dataX.append(dataset[i : (i + look_back), 0])
        dataY.append(dataset[i + look_back, 0])
    return np.array(dataX), np.array(dataY)


scores = {}
scale = train.max()
for look_back in (1, 12):
    trainX, trainY = create_dataset(train / scale, look_back)
    testX, testY = create_dataset(test / scale, look_back)
    model = Sequential()
    model.add(Dense(12, input_dim=look_back, activation="relu"))
    model.add(Dense(8, activation="relu"))
    model.add(Dense(1))
    model.compile(loss="mean_squared_error", optimizer=Adam(0.01))
    model.fit(trainX, trainY, epochs=80, batch_size=8, verbose=0)
    trainScore = model.evaluate(trainX, trainY, verbose=0) * scale**2
    testScore = model.evaluate(testX, testY, verbose=0) * scale**2
    print("Train %.1f RMSE, test %.1f RMSE" % (math.sqrt(trainScore), math.sqrt(testScore)))
    scores[look_back] = math.sqrt(testScore)
    predicted = model.predict(testX, verbose=0) * scale
    assert predicted.shape == (len(test) - look_back - 1, 1)
assert scores[12] < scores[1]
