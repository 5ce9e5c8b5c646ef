"""A run of each kind, trained once, and a client of a server of all of them."""

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient

import rowwise
from rowwise.serve.guard import policy
from rowwise.serve.service import Service
from rowwise.serve.start import guarded

BASE = "http://127.0.0.1:8000"
RECORDS = 400


def houses(records=RECORDS, seed=0):
    """A table with every kind of column, values missing in two of them, and a target of each kind."""
    draw = np.random.default_rng(seed)
    rooms, age, river = draw.normal(6, 1, records).round(3), draw.integers(1, 100, records), draw.random(records) < 0.3
    town = draw.choice(["city", "coast", "hill"], records)
    worth = 2 * rooms - age / 50 + river + (town == "hill")

    def holes(values):
        return [None if draw.random() < 0.1 else value for value in values.tolist()]

    return pl.DataFrame(
        {
            "town": holes(town),
            "rooms": holes(rooms),
            "age": age,
            "river": np.where(river, "yes", "no"),
            "sold": (np.datetime64("2020-01-01") + draw.integers(0, 1500, records)).astype(str),
            "kind": np.where(worth > np.median(worth), "dear", "cheap"),
            "price": (10 * worth).round(2),
            "tax": (worth + age).round(1),
            "big": np.where(rooms > 6, "yes", "no"),
            "old": np.where(age > 60, "yes", "no"),
        }
    )


TARGETS = {
    "classes": (["kind"], {}),
    "price": (["price"], {}),
    "two": (["price", "tax"], {}),
    "quantiles": (["price"], {"quantiles": (0.1, 0.5, 0.9)}),
    "labels": (["big", "old"], {}),
}


@pytest.fixture(scope="session")
def table():
    return houses()


@pytest.fixture(scope="session")
def runs(tmp_path_factory, table):
    """The folders by name."""
    folder = tmp_path_factory.mktemp("served")
    quick = {"hidden": (8,), "epochs": 2, "verbose": 0, "pictures": False}
    for name, (targets, more) in TARGETS.items():
        others = [other for other in ("kind", "price", "tax", "big", "old") if other not in targets]
        rowwise.train(table.drop(others), targets, out=folder / name, **quick, **more)
    rowwise.train("digits", out=folder / "digits", **quick)
    return {name: folder / name for name in (*TARGETS, "digits")}


@pytest.fixture(scope="session")
def service(runs):
    with Service([*runs.values()]) as service:
        yield service


@pytest.fixture(scope="session")
def client(service):
    with TestClient(guarded(service, policy()), base_url=BASE) as client:
        yield client


@pytest.fixture(scope="session")
def rows(table):
    """The table's columns that models take, as JSON has them."""
    return table.drop("kind", "price", "tax", "big", "old").to_dicts()
