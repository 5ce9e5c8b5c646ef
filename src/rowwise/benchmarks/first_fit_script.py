"""A trainer's name → the seconds of the first fit of this process, one epoch of a small dense model, printed.

KERAS_BACKEND=jax python first_fit_script.py native|whole_epoch|keras
"""

import sys
import time

import numpy as np

import rowwise

x = np.random.default_rng(0).random((2000, 784), dtype="float32")
y = np.arange(2000) % 10

import keras  # noqa: E402 - after rowwise, which chooses the backend

layers = [keras.layers.Dense(100, "relu"), keras.layers.Dense(30, "relu"), keras.layers.Dense(10, "softmax")]
model = keras.Sequential([keras.Input((784,)), *layers])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
begun = time.perf_counter()
if sys.argv[1] == "keras":
    model.fit(x, y, epochs=1, verbose=0)
else:
    rowwise.fit(model, x, y, epochs=1, engine=sys.argv[1], verbose=0)
print(time.perf_counter() - begun)
