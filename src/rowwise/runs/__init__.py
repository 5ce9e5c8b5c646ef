"""A training → a run that can be opened and used again."""
