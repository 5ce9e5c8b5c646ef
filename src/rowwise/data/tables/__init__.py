"""CSV, Parquet and DataFrames → Datasets of records with a schema.

    read.py            a file or DataFrame → a Table, in batches; with csv_dialect.py, ragged_rows.py, frames.py
    profile.py         its columns, read once → what is known of their values
    infer_schema.py    that and the user's options → the Schema: the kind of each column, the task
    columns/           one module for each kind of column: recognised, encoded, summarised, described
    parse.py           texts → numbers, yes or no, timestamps
    encode.py          a schema and rows → X
    split_keys.py      a column of groups or times → the keys that records are held out by
    statistics.py      training records → the schema with levels, means, ranges
    load.py            all of these in order
    schema.py          what is kept of it, as JSON; schema_text.py prints it

Where does a new kind of column go? Into `columns/`, whose first lines say what else it needs.
"""
