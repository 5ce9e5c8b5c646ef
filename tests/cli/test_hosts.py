"""Two processes that `jax.distributed` has joined train one model as one process does; what cannot be so is said."""

import os
import socket
import subprocess
import sys

import numpy as np
import pytest

import rowwise
from rowwise.environment import launched

COMMON = """
import keras
import numpy as np

random = np.random.default_rng(0)
x = random.normal(size=(521, 6)).astype("float32")  # the last batch cannot be divided by two
y = (x @ random.normal(size=(6, 1)) + random.normal(size=(521, 1))).astype("float32")

def model(seed):
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    made = keras.Sequential([
        layers.Input((6,)), layers.Dense(16, "relu"), layers.BatchNormalization(), layers.Dropout(0.2), layers.Dense(1)
    ])
    made.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return made

def trained(made, **more):
    options = dict(epochs=3, batch_size=32, validation_split=0.2, seed=3, verbose=0) | more
    return rowwise.fit(made, x, y, **options)
"""
SCRIPT = (
    """
import os, sys
import jax
import rowwise
from rowwise.errors import HostError, UsageError
host, port = int(sys.argv[1]), sys.argv[2]
jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize("127.0.0.1:" + port, 2, host)
"""
    + COMMON
    + """
made = model(seed=host)  # host 0's weights and seed are everybody's
history = trained(made, seed=3 + host)
np.savez(f"{host}.npz", *made.get_weights(), **{"history_" + name: kept for name, kept in history.history.items()})
print(history.rowwise["reason"])
for options in ({"engine": "native"}, {"batch_size": 33}):
    try:
        trained(made, **options)
    except UsageError as error:
        print(error)
kept, x = x, x + host
try:
    trained(made)
except UsageError as error:
    print(error)
x = kept

class Dies(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if host == 1 and epoch == 2:
            os._exit(9)

try:
    trained(made, callbacks=[Dies()])
except HostError as error:
    print(error)
    print("epochs done:", len(made.history.epoch))
sys.stdout.flush()
os._exit(0)
"""
)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """What each of two processes printed and kept."""
    folder = tmp_path_factory.mktemp("hosts")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = os.environ | {"ROWWISE_LANG": "en", "KERAS_BACKEND": "jax"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(host), port],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for host in range(2)
    ]
    ended = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0, 9], [error[-2000:] for _, error in ended]
    return [(printed, dict(np.load(folder / f"{host}.npz"))) for host, (printed, _) in enumerate(ended)]


@pytest.mark.slow
def test_two_hosts_train_as_one_does(hosts):
    scope = {"rowwise": rowwise}
    exec(COMMON, scope)
    alone = scope["model"](seed=0)
    history = scope["trained"](alone, engine="whole_epoch")
    for _, kept in hosts:
        for number, weights in enumerate(alone.get_weights()):
            np.testing.assert_allclose(kept[f"arr_{number}"], weights, atol=1e-5, rtol=1e-5)
        for name, values in history.history.items():
            np.testing.assert_allclose(kept[f"history_{name}"], values, rtol=1e-5)
    assert all(np.array_equal(hosts[0][1][name], hosts[1][1][name]) for name in hosts[0][1])


@pytest.mark.slow
def test_what_hosts_cannot_do_together_is_said(hosts):
    for printed, _ in hosts:
        assert "2 hosts train together" in printed
        assert "Engine native cannot run this" in printed
        assert "A batch of 33 records cannot be divided among 2 devices" in printed
        assert "Host 1 has other records than host 0" in printed
    assert "no longer answers" in hosts[0][0]
    assert "epochs done: 2" in hosts[0][0]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--hosts", "2"], "--host-id is missing"),
        (["--host-id", "1"], "--hosts is missing"),
        (["--hosts", "2", "--host-id", "0"], "--coordinator is missing"),
        (["--hosts", "2", "--host-id", "2", "--coordinator", "a:1"], "expected a number from 0 to 1"),
        (["--hosts", "2", "--host-id", "1", "--coordinator", "a"], "expected the address and port of host 0"),
        (["--hosts", "2", "--host-id", "1", "--coordinator", "a:99999"], "expected the address and port of host 0"),
        (["--hosts", "auto"], "no launcher has started this process"),
        (["--hosts", "some"], "expected a whole number of at least 1, or auto"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_is_read(rowwise, monkeypatch, options, expected):
    for name in ("WORLD_SIZE", "SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    code, _, err = rowwise("train", "missing.csv", "--target", "y", *options, "--lang", "en")
    assert code == 2
    assert expected in err


def test_what_launchers_say_of_the_process_is_read(monkeypatch):
    for name in ("WORLD_SIZE", "SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert launched() is None
    monkeypatch.setenv("SLURM_NTASKS", "4")
    monkeypatch.setenv("SLURM_PROCID", "3")
    assert launched() == (4, 3, "")
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", "MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29500"}.items():
        monkeypatch.setenv(name, value)
    assert launched() == (2, 1, "10.0.0.1:29500")
