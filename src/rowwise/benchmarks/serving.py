"""A trained model → how many requests a second it answers over HTTP, by kind of body; beside FastAPI with Keras.

The load comes from wrk, on the same cores: each body by so many connections of one thread of it.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.benchmarks.contestants import HIDDEN
from rowwise.serve.start import check_installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset

    Row = dict[str, Any]

SECONDS = 3  # of each turn of wrk
ONE, MANY = 64, 4  # connections, of one record a request and of many
RECORDS = 1000  # that are many
READY = 60.0  # seconds that a server may take until it answers
PEER = "FastAPI, Keras predict"
# The method, headers and body of each request; and, at the end, what wrk has counted, as JSON.
SCRIPT = """
local file = io.open({body}, "rb")
wrk.method, wrk.body = "POST", file:read("*a")
file:close()
for name, value in pairs({{{headers}}}) do wrk.headers[name] = value end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('\\n{{"requests": %d, "microseconds": %d, "p99": %d, "errors": %d}}\\n', summary.requests,
    summary.duration, latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


class Load(NamedTuple):
    """What wrk sends: its name, where, the headers, the body, records a request."""

    name: str
    place: str
    headers: dict[str, str]
    body: bytes
    records: int


def serving(train: Dataset, repeats: int) -> list[Row]:
    """Requests and records a second, the time within which 99 of 100 are answered, and errors: a row a kind of body.

    All servers run at once, and are asked in turn. `ratio` is how many times as many requests rowwise answers as the
    peer, of the same body in the same round.

    Raises:
        UsageError: what `rowwise serve` needs is not installed.
    """
    if shutil.which("wrk") is None:
        return [{"what": "rowwise (wrk is not installed)"}]
    check_installed()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        model = _model(train, folder)
        loads = _loads(train.x, opened.enter_context(_server(["-m", "rowwise", "serve", f"model={model}", "--port"])))
        if has_peer := importlib.util.find_spec("fastapi") is not None:
            script = str(Path(__file__).with_name("serve_peer_script.py"))
            place = opened.enter_context(_server([script, str(model)]))
            like = loads[0]
            loads.append(Load(PEER, f"{place}/predict", like.headers, like.body, like.records))
        turns: dict[str, list[Row]] = {load.name: [] for load in loads}
        for _ in range(repeats):
            for load in loads:
                turns[load.name].append(_asked(load, folder))
    rows = [_row(load, turns[load.name], turns.get(PEER) if load is loads[0] else None) for load in loads]
    return rows if has_peer else [*rows, {"what": f"{PEER} (not installed)"}]


def _model(train: Dataset, folder: Path) -> Path:
    """The file of the course model, one epoch trained."""
    from rowwise.engine import fit
    from rowwise.models.dense import dense

    model = dense(train, HIDDEN, seed=0)
    fit(model, train, epochs=1, verbose=0)
    file = folder / "model.keras"
    model.save(file)
    return file


def _loads(x: NDArray[Any], place: str) -> list[Load]:
    loads = []
    for count in (1, RECORDS):
        some = np.ascontiguousarray(x[:count])
        file = io.BytesIO()
        np.save(file, some)
        tensor: Row = {"name": "x", "shape": list(some.shape), "datatype": "UINT8"}
        whole = tensor | {"data": some.ravel().tolist()}
        size = {"parameters": {"binary_data_size": some.nbytes}}
        head = json.dumps({"inputs": [tensor | size], "parameters": {"binary_data_output": True}}).encode()
        behind = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}
        is_json = {"Content-Type": "application/json"}
        v1, v2, own = f"{place}/v1/models/model:predict", f"{place}/v2/models/model/infer", f"{place}/predict/model"
        loads += [
            Load(f"instances, JSON, {count}", v1, is_json, json.dumps({"instances": some.tolist()}).encode(), count),
            Load(f"V2, JSON, {count}", v2, is_json, json.dumps({"inputs": [whole]}).encode(), count),
            Load(f"V2, bytes, {count}", v2, behind, head + some.tobytes(), count),
            Load(f".npy, {count}", own, {"Content-Type": "application/x-npy"}, file.getvalue(), count),
        ]
    return loads


@contextmanager
def _server(arguments: list[str]) -> Iterator[str]:
    """A server that runs within the block, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place, ends = f"http://127.0.0.1:{port}", time.monotonic() + READY
    command = [sys.executable, *arguments, str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | {"KERAS_BACKEND": "jax"})
    try:
        while True:
            try:
                urllib.request.urlopen(place).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > ends:
                    raise
                time.sleep(0.1)
        yield place
    finally:
        process.terminate()
        process.wait()


def _asked(load: Load, folder: Path) -> Row:
    """What wrk counts in one turn."""
    body, script = folder / "body", folder / "load.lua"
    body.write_bytes(load.body)
    headers = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in load.headers.items())
    script.write_text(SCRIPT.format(body=json.dumps(str(body)), headers=headers))
    connections = ONE if load.records == 1 else MANY
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}", "--timeout", "30", "-s", str(script), load.place]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    counted: Row = json.loads(said.strip().splitlines()[-1])
    return counted | {"a second": counted["requests"] / counted["microseconds"] * 1e6}


def _row(load: Load, turns: list[Row], peer: list[Row] | None) -> Row:
    speed = median(turn["a second"] for turn in turns)
    row = {
        "what": load.name,
        "requests_per_second": round(speed),
        "per_second": round(speed * load.records),
        "p99_ms": median(turn["p99"] for turn in turns) / 1000,
        "errors": sum(turn["errors"] for turn in turns),
    }
    if peer:
        ratios = (mine["a second"] / theirs["a second"] for mine, theirs in zip(turns, peer, strict=True))
        row["ratio"] = median(ratios)
    return row
