"""Small tables for the tests: houses with columns of every kind."""

import numpy as np

VIEWS = ("park", "sea", "street")


def houses(records=200, seed=0):
    """`{column: list}` with `price` and `dear`; None where a value is missing."""
    random = np.random.default_rng(seed)
    rooms = random.normal(6, 1, records).round(2)
    status = random.gamma(2, 5, records).round(2)
    view = random.choice(3, records)
    river = random.random(records) < 0.4
    days = np.datetime64("2015-01-01") + random.integers(0, 2000, records)
    price = 25 + 9 * (rooms - 6) - 0.6 * status + 4 * view + 3 * river + random.normal(0, 1, records)
    return {
        "id": list(range(1, records + 1)),
        "rooms": rooms.tolist(),
        "status": [None if random.random() < 0.1 else value for value in status.tolist()],
        "view": [None if random.random() < 0.1 else VIEWS[number] for number in view],
        "river": ["yes" if one else "no" for one in river],
        "sold": [str(day) for day in days],
        "price": (1000 * price).round().tolist(),
        "dear": ["dear" if one > 25 else "cheap" for one in price],
    }


def csv_of(columns, separator=",", missing="", decimal="."):
    """The text of a CSV file; fields that hold the separator are quoted."""

    def shown(value):
        text = missing if value is None else str(value)
        text = text.replace(".", decimal) if isinstance(value, float) else text
        return '"' + text.replace('"', '""') + '"' if separator in text or '"' in text else text

    rows = [list(columns), *zip(*columns.values(), strict=True)]
    return "".join(separator.join(map(shown, row)) + "\n" for row in rows)


def write(path, columns, **how):
    """The CSV file of the columns, in `encoding` (UTF-8)."""
    encoding = how.pop("encoding", "utf-8")
    path.write_bytes(csv_of(columns, **how).encode(encoding))
    return path


def without(columns, *names):
    """The columns but those."""
    return {name: values for name, values in columns.items() if name not in names}


class PandasFrame:
    """What rowwise asks of pandas's DataFrame: columns, shape, and a column, an array, by its place."""

    def __init__(self, labels, arrays):
        self.columns, self._values = list(labels), list(arrays)
        self.shape = (len(self._values[0]), len(self._values))

    @property
    def iloc(self):
        return self

    def __getitem__(self, where):
        return self._values[where[1]]


def object_frame(columns):
    """A `PandasFrame` whose columns are arrays of objects, as pandas holds texts and what is mixed."""
    return PandasFrame(columns, [np.array(values, object) for values in columns.values()])
