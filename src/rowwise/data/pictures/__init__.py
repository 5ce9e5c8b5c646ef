"""Picture files and folders → Datasets of records."""
