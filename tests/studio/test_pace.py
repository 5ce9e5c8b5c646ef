"""How often the page is told of a training: so that telling it costs that training little."""

import pytest

from rowwise.studio.pace import LONGEST, SHARE, SHORTEST, Pace

STEP = 0.001  # seconds of an undisturbed step
PART = 25  # steps of which a training tells at a time
EPOCH = 1000


def trained(pace, cost, seconds, step=STEP):
    """A training of which a state is told as the pace says, each of which costs these seconds; how many were told."""
    now, told, last, done, states, debt = 0.0, 0.0, -10.0, 0, 0, 0.0
    pace.begin()
    while now < seconds:
        if now - last >= pace.seconds:
            pace.told(now)
            last, states, debt = now, states + 1, cost
        took = PART * step
        slowed = min(debt, took)  # drawing has half of the cores as long as it goes on
        debt -= slowed
        now, done = now + took + slowed, done + PART
        pace.steps(now, 1 + (done - 1) // EPOCH, 1 + (done - 1) % EPOCH)
        told += took
    return states, now / told - 1


@pytest.mark.parametrize("cost", [0.01, 0.02, 0.035])
def test_telling_takes_its_share_of_the_training_at_most(cost):
    pace = Pace()
    trained(pace, cost, 60)  # until the cost is known
    states, more = trained(pace, cost, 60)
    assert pace.seconds == pytest.approx(cost / SHARE, rel=0.15)
    assert more < SHARE * 1.15
    assert states == pytest.approx(60 * SHARE / cost, rel=0.2)


@pytest.mark.parametrize(("cost", "seconds"), [(0.0, SHORTEST), (0.3, LONGEST)])
def test_free_states_come_quickly_and_dear_ones_still_come(cost, seconds):
    pace = Pace()
    trained(pace, cost, 60)
    assert pace.seconds == pytest.approx(seconds)


def test_a_slower_network_is_no_cost_of_the_page():
    pace = Pace()
    trained(pace, 0.0, 20)
    trained(pace, 0.0, 20, step=5 * STEP)
    assert pace.seconds == pytest.approx(SHORTEST)
