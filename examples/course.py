"""Fashion-MNIST as the course writes it; one line differs: `rowwise.fit` stands where `model.fit` stood.

python examples/course.py [epochs]
"""

import sys

import rowwise  # before keras: it chooses the JAX backend where none is chosen

from keras.models import Sequential  # isort: skip
from keras.layers import Dense, Flatten  # isort: skip
from keras.utils import to_categorical  # isort: skip


def main(epochs: int = 20):
    train, test = rowwise.load("fashion-mnist")
    x_train, y_train = train.x / 255, to_categorical(train.y, 10)  # (60000, 28, 28), (60000, 10)
    x_test, y_test = test.x / 255, to_categorical(test.y, 10)  # (10000, 28, 28), (10000, 10)

    model = Sequential(
        [
            Flatten(input_shape=(28, 28)),  # Keras 3 warns that it prefers keras.Input; the course writes it so
            Dense(100, activation="relu"),
            Dense(30, activation="relu"),
            Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])

    # Was: model.fit(x_train, y_train, validation_split=0.15, batch_size=32, epochs=epochs)
    history = rowwise.fit(model, x_train, y_train, validation_split=0.15, batch_size=32, epochs=epochs)
    print(model.evaluate(x_test, y_test, verbose=0, return_dict=True))
    return history


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
