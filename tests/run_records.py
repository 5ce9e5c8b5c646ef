"""What a run.json holds at least, for the tests that damage it."""

from rowwise.runs.settings import Settings

WHOLE = {
    "schema": 1,
    "data": {"name": "digits", "classes": ["0", "1"], "source": {}},
    "settings": Settings().to_dict() | {"hidden": [100, 30]},
    "epochs": [{"epoch": 1, "loss": 0.5, "seconds": 0.1}],
    "test": {"accuracy": 0.9},
}
