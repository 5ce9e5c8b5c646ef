"""Row numbers and identifiers are left out with a word, and can be named back in; measures are not."""

import polars as pl
import pytest

import rowwise

N = 60


def kind(name, values):
    records = len(values)
    frame = pl.DataFrame(
        {name: values, "w": [n * 0.3 for n in range(records)], "y": ["ab"[n % 2] for n in range(records)]}
    )
    return rowwise.load(frame, "y")[0].schema.columns[0]


ROWS = list(range(1, N + 1))
GAPS = [n * 7919 % 10007 + 15_000_000 for n in range(N)]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "id",
            "ID",
            "customer_id",
            "customerID",
            "PassengerId",
            "Kundennummer",
            "CustomerId",
            "customerid",
            "RowNumber",
            "연번",
            "번호",
        ),
        *(
            "순번",
            "일련번호",
            "Sr. No",
            "S.No.",
            "Sl No",
            "#",
            "No.",
            "Unnamed: 0",
            "index",
            "__index_level_0__",
            "序号",
        ),
        *("Nr.", "Sl No", "customerid", "lfd. Nr.", "número", "№", "uuid", "Order ID", "rownames", "level_0"),
        *("SN", "obs", "Observation", "Order", "entry"),
        *("학번", "사번", "SSN", "MRN", "IDpatient", "num_client", "codigo_cliente", "n° client", "nº pedido"),
    ],
)
def test_row_numbers_are_left_out(name):
    column = kind(name, ROWS)
    assert (column.kind, column.reason) == ("dropped", "numbering")
    frame = pl.DataFrame({name: ROWS, "w": [n * 0.3 for n in ROWS], "y": ["ab"[n % 2] for n in ROWS]})
    assert rowwise.load(frame, "y", numeric=name)[0].schema.columns[0].kind == "numeric"


@pytest.mark.parametrize(
    "name",
    [
        "CustomerId",
        "고객번호",
        "InvoiceNo",
        "patient id",
        "account number",
        "顧客ID",
        "订单号",
        "KdNr",
        "codice cliente",
        "matricule",
        "phone",
        "PID",
    ],
)
def test_identifiers_with_gaps_are_left_out(name):
    assert kind(name, GAPS).reason == "numbering"


def test_shuffled_identifiers_of_a_long_table_are_left_out():
    values = [n * 7919 % 20011 for n in range(20_000)]
    assert kind("CustomerId", values).reason == "numbering"
    assert kind("amount", values).kind == "numeric"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("year", list(range(1960, 1960 + N))),
        ("t", ROWS),
        ("v", ROWS),
        ("timestamp", [1_600_000_000 + 3600 * n for n in range(N)]),
        ("price", [n + 0.25 for n in ROWS]),
        ("index", [100 + n * 0.37 for n in ROWS]),
        ("number", GAPS),
        ("humid", GAPS),
        ("order", GAPS),
        ("SN", GAPS),
        ("paid", GAPS),
        ("phone calls", GAPS),
        ("信号", GAPS),
        ("customer_id", [n % 20 for n in ROWS]),
        ("rank_no", [n * n for n in ROWS]),
    ],
)
def test_measures_are_used(name, values):
    assert kind(name, values).kind in ("numeric", "date")
