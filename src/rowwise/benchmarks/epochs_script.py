"""The course's model in Keras, one more epoch for each line of standard input; prints the seconds of each.

    KERAS_BACKEND=tensorflow python epochs_script.py RECORDS.npz BATCH_SIZE HIDDEN STEPS_PER_EXECUTION

RECORDS.npz holds x `(records, ...)` uint8 or float32 and y `(records,)`; HIDDEN is such as 100,30. It imports nothing
of rowwise: it runs in a separate environment, since a process has one Keras backend.
"""

import sys
import time

import keras
import numpy as np

file, batch_size, hidden, steps_per_execution = sys.argv[1:]
with np.load(file) as records:
    x, y = records["x"], records["y"]
layers = [keras.Input(x.shape[1:]), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
layers += [keras.layers.Dense(int(units), "relu") for units in hidden.split(",")]
model = keras.Sequential([*layers, keras.layers.Dense(int(y.max()) + 1, "softmax")])
steps = int(steps_per_execution)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=steps)
for _ in sys.stdin:
    begun = time.perf_counter()
    model.fit(x, y, batch_size=int(batch_size), epochs=1, verbose=0)
    print(time.perf_counter() - begun, flush=True)
