"""Trained models → answers over HTTP: an ASGI app that `rowwise serve` runs and that others can mount."""
