"""A name → a function that trains a dense model for one more epoch, with Adam, as its users write it."""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rowwise.engine.native import instruction_sets
from rowwise.engine.order import epoch_order
from rowwise.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import keras

    from rowwise.data.dataset import Dataset

    Epoch = Callable[[int], object]

HIDDEN = (100, 30)
STEPS_PER_EXECUTION = 125  # the Keras guides' way to call Python less often


def available(against: list[str], threads: int) -> tuple[dict[str, Callable[..., Epoch]], list[str]]:
    """The contestants by name, rowwise's engines first, and the asked-for names whose library is not installed.

    PyTorch and scikit-learn compute on `threads` threads.
    """
    families: dict[str, tuple[str, dict[str, Callable[..., Epoch]]]] = {
        "keras": ("keras", {f"keras, steps_per_execution={STEPS_PER_EXECUTION}": keras_steps, "keras": keras_plain}),
        "torch": ("torch", {"torch": partial(torch_loop, threads=threads)}),
        "sklearn": ("sklearn", {"scikit-learn": partial(sklearn_mlp, threads=threads)}),
    }
    chosen: dict[str, Callable[..., Epoch]] = {"rowwise": rowwise_fit}
    if instruction_sets():
        chosen |= {"rowwise, 1 thread": rowwise_one_thread, "rowwise, whole_epoch": rowwise_whole_epoch}
    missing = []
    for name in against:
        module, contestants = families[name]
        if importlib.util.find_spec(module) is None:
            missing.append(name)
        else:
            chosen |= contestants
    return chosen, missing


def rowwise_fit(
    train: Dataset, batch_size: int, hidden: tuple[int, ...] = HIDDEN, engine: str = "auto", threads: int | None = None
) -> Epoch:
    """`rowwise.fit`, on the uint8 pixels."""
    from rowwise.engine import fit
    from rowwise.models.dense import dense

    model = dense(train, hidden, seed=0)

    def epoch(number: int) -> object:
        return fit(
            model,
            train,
            epochs=number + 1,
            initial_epoch=number,
            batch_size=batch_size,
            engine=engine,
            threads=threads,
            verbose=0,
        )

    return epoch


def rowwise_one_thread(train: Dataset, batch_size: int, hidden: tuple[int, ...] = HIDDEN) -> Epoch:
    """The native engine on one thread."""
    return rowwise_fit(train, batch_size, hidden, "native", 1)


def rowwise_whole_epoch(train: Dataset, batch_size: int, hidden: tuple[int, ...] = HIDDEN) -> Epoch:
    """The JAX engine."""
    return rowwise_fit(train, batch_size, hidden, "whole_epoch")


def keras_plain(
    train: Dataset, batch_size: int, hidden: tuple[int, ...] = HIDDEN, steps_per_execution: int = 1
) -> Epoch:
    """`model.fit` of the same model on the same backend, on the same uint8 pixels."""
    import keras

    from rowwise.models.dense import dense

    model: keras.Model = dense(train, hidden, seed=0)
    model.compile(
        keras.optimizers.Adam(1e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution,
    )
    x, y = train.x, train.y
    return lambda epoch: model.fit(x, y, batch_size=batch_size, epochs=1, verbose=0)


def keras_steps(train: Dataset, batch_size: int, hidden: tuple[int, ...] = HIDDEN) -> Epoch:
    """The same with `steps_per_execution`."""
    return keras_plain(train, batch_size, hidden, STEPS_PER_EXECUTION)


@contextmanager
def keras_on_tensorflow(
    python: str,
    train: Dataset,
    batch_size: int,
    threads: int,
    hidden: tuple[int, ...] = HIDDEN,
    steps_per_execution: int = 1,
) -> Iterator[Epoch]:
    """`model.fit` of the same model in another Python, whose Keras runs on TensorFlow; idle between its epochs.

    Raises:
        UsageError: that Python has no Keras on TensorFlow.
    """
    with tempfile.TemporaryDirectory() as folder:
        file, stderr = Path(folder) / "records.npz", Path(folder) / "errors.txt"
        np.savez(file, x=train.x, y=train.y)
        script = str(Path(__file__).with_name("epochs_script.py"))
        settings = (str(file), str(batch_size), ",".join(map(str, hidden)), str(steps_per_execution))
        environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "OMP_NUM_THREADS": str(threads)}
        try:
            with stderr.open("w") as errors:
                process = subprocess.Popen(
                    [python, script, *settings],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    encoding="utf-8",
                    env=environment,
                )
        except OSError as cause:
            raise UsageError("bench.tensorflow", python=python, cause=cause) from None
        assert process.stdin is not None
        assert process.stdout is not None
        requests, answers = process.stdin, process.stdout

        def epoch(number: int) -> object:
            try:
                print(number, file=requests, flush=True)
                return float(answers.readline())
            except (OSError, ValueError):  # it has ended
                cause = (stderr.read_text().strip().splitlines() or [""])[-1]
                raise UsageError("bench.tensorflow", python=python, cause=cause) from None

        try:
            yield epoch
        finally:
            answers.close()
            process.kill()  # what it has left to say is nothing
            process.wait()
            with suppress(OSError):
                requests.close()


def torch_loop(train: Dataset, batch_size: int, hidden: tuple[int, ...] = HIDDEN, *, threads: int) -> Epoch:
    """The usual loop over tensors in memory: index, forward, loss, backward, step; no DataLoader."""
    import torch  # type: ignore[import-not-found,unused-ignore]

    torch.set_num_threads(threads)
    features = int(np.prod(train.shape))
    widths = [features, *hidden, len(train.classes)]
    layers: list[torch.nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer, loss_of = torch.optim.Adam(model.parameters(), 1e-3), torch.nn.CrossEntropyLoss()
    x = torch.from_numpy(train.x.reshape(len(train), features).astype(np.float32) / 255)
    y = torch.from_numpy(train.y.astype(np.int64))

    def epoch(number: int) -> float:
        order = torch.from_numpy(epoch_order(0, number, len(train)).astype(np.int64))
        total = torch.zeros(())
        for rows in order.split(batch_size):
            optimizer.zero_grad()
            loss = loss_of(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return float(total)

    return epoch


def sklearn_mlp(train: Dataset, batch_size: int, hidden: tuple[int, ...] = HIDDEN, *, threads: int) -> Epoch:
    """`MLPClassifier.partial_fit`, which trains one epoch."""
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    model = MLPClassifier(hidden, batch_size=batch_size, learning_rate_init=1e-3, random_state=0)
    x = train.x.reshape(len(train), -1).astype(np.float32) / 255
    classes = np.arange(len(train.classes))

    def epoch(number: int) -> object:
        with threadpool_limits(threads):
            return model.partial_fit(x, train.y, classes=classes)

    return epoch
