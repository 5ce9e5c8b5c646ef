"""What is drawn of a training can be drawn from its figures alone, epoch by epoch."""

import io
import sys

import numpy as np
import pytest

import rowwise
from rowwise.engine.progress import display


def test_the_table_of_fit_is_the_one_that_its_figures_give(capsys):
    data = rowwise.Dataset("made", np.eye(40, dtype="uint8"), np.arange(40) % 4, tuple("abcd"))
    history = rowwise.fit(
        rowwise.dense(data, hidden=()), data, epochs=3, batch_size=8, validation=0.2, verbose=2, seed=0
    )
    drawn = capsys.readouterr().err
    shown = display(2, 32, 3)
    for epoch, seconds in enumerate(history.rowwise.seconds):
        shown.epoch(epoch, {name: values[epoch] for name, values in history.history.items()}, seconds)
    shown.close()
    assert capsys.readouterr().err == drawn
    assert len(drawn.splitlines()) == 4


def test_nothing_is_drawn_where_nobody_wants_it():
    assert display(0, 10, 3) is None


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("verbose", [1, "auto"])
def test_a_bar_stands_below_the_table_until_it_is_closed(monkeypatch, verbose):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    shown = display(verbose, 1000, 5, initial_epoch=2)
    assert "2/5" in screen.getvalue()
    shown.epoch(2, {"loss": 0.5, "accuracy": 0.75}, 0.5)
    shown.close()
    text = screen.getvalue()
    assert "3/5" in text
    assert "━" in text
    assert "2,000" in text  # records a second
    shown.close()
    assert screen.getvalue() == text
