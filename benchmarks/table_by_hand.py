"""What a user would write by hand to learn from a table: pandas, then Keras, in one script. No Core ML.

Usage: python table_by_hand.py TABLE.csv TARGET EPOCHS

The yardstick for `data.py`: the same network, epochs and batch as its document, Keras' own defaults, nothing
tuned. Prints one JSON line with the test accuracy. Needs pandas and tensorflow-cpu.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pandas as pd
from keras import layers


def main() -> None:
    file, target, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])
    keras.utils.set_random_seed(0)
    frame = pd.read_csv(file)
    y, labels = pd.factorize(frame.pop(target), sort=True)
    numbers = frame.select_dtypes("number").columns
    frame[numbers] = frame[numbers].fillna(frame[numbers].mean())
    x = pd.get_dummies(frame).to_numpy("float32")
    order = np.random.default_rng(0).permutation(len(x))
    test, train = order[: len(x) // 5], order[len(x) // 5 :]
    scale = layers.Normalization()
    scale.adapt(x[train])
    model = keras.Sequential(
        [
            layers.Input((x.shape[1],)),
            scale,
            layers.Dense(64, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(len(labels), activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[train], y[train], batch_size=32, epochs=epochs, verbose=0)
    _, accuracy = model.evaluate(x[test], y[test], verbose=0)
    print(json.dumps({"test_accuracy": float(accuracy)}))


main()
