"""The shortest Keras script that does what `rowwise train fashion-mnist` does; prints its epochs' seconds as JSON.

    KERAS_BACKEND=jax python keras_script.py FOLDER EPOCHS MODEL.keras

FOLDER holds the four gzipped files of Fashion-MNIST. It imports nothing of rowwise, so that it also runs where
TensorFlow is Keras's backend and rowwise is not installed.
"""

import gzip
import json
import sys
import time
from pathlib import Path

import keras
import numpy as np
from sklearn.metrics import classification_report


def read(part: str, header: int) -> np.ndarray:
    """The bytes behind the header of one file."""
    return np.frombuffer(
        gzip.decompress((Path(sys.argv[1]) / f"{part}-ubyte.gz").read_bytes()), np.uint8, offset=header
    )


class Seconds(keras.callbacks.Callback):
    """How long each epoch took."""

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Keras's hook."""
        self.begun = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Keras's hook."""
        seconds.append(time.perf_counter() - self.begun)


seconds: list[float] = []
x, y = read("train-images-idx3", 16).reshape(-1, 28, 28) / np.float32(255), read("train-labels-idx1", 8)
x_test, y_test = read("t10k-images-idx3", 16).reshape(-1, 28, 28) / np.float32(255), read("t10k-labels-idx1", 8)
model = keras.Sequential(
    [
        keras.Input((28, 28)),
        keras.layers.Flatten(),
        keras.layers.Dense(100, "relu"),
        keras.layers.Dense(30, "relu"),
        keras.layers.Dense(10, "softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=int(sys.argv[2]), batch_size=32, validation_split=0.1, verbose=0, callbacks=[Seconds()])
print(classification_report(y_test, model.predict(x_test, batch_size=1024, verbose=0).argmax(1)), file=sys.stderr)
model.save(sys.argv[3])
print(json.dumps({"backend": keras.backend.backend(), "epochs": seconds}))
