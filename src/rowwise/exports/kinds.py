"""How a table's columns are handed to an export."""

INPUTS = MATRIX, COLUMNS = ("matrix", "columns")  # one array of all; or each by itself, categories as texts
FLOATS = "floats"  # a matrix of float32 alone, for what has nothing else
