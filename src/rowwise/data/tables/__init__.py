"""CSV, Parquet and DataFrames → Datasets of records with a schema."""
