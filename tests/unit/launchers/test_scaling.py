"""How many seats there are to be."""

import pytest

from quickml.launchers.scaling import LaunchedSeat, Need, Scale, SeatChange, SeatState, change

STATES = {"s": SeatState.STARTING, "i": SeatState.IDLE, "b": SeatState.BUSY, "l": SeatState.LEAVING}
SCALE = Scale(least=0, most=5, idle_s=10)


def seats(text, idle_s=0.0):
    """One seat for each letter."""
    return [
        LaunchedSeat(host_id=f"{letter}{number}", state=STATES[letter], idle_s=idle_s)
        for number, letter in enumerate(text)
    ]


@pytest.mark.parametrize(
    ("held", "startable", "free_elsewhere", "started"),
    [
        ("", 0, 0, 0),
        ("", 3, 0, 3),
        ("", 3, 2, 1),
        ("", 3, 4, 0),
        ("ss", 3, 0, 1),  # those that start are counted: no more are started while they do
        ("sib", 3, 0, 1),
        ("bbb", 9, 0, 2),
        ("bbbll", 9, 0, 0),  # those that leave still have their cores
        ("lllll", 1, 0, 0),
    ],
)
def test_what_the_queue_lacks_is_started(held, startable, free_elsewhere, started):
    found = change(seats(held), SCALE, Need(startable=startable, free_elsewhere=free_elsewhere))
    assert found == SeatChange(start=started)


def test_the_least_number_is_kept_whatever_the_queue_is():
    scale = Scale(least=2, most=5, idle_s=10)
    assert change([], scale, Need(startable=0)) == SeatChange(start=2)
    assert change(seats("l"), scale, Need(startable=0)) == SeatChange(start=2)
    assert change(seats("iii", idle_s=99), scale, Need(startable=0)) == SeatChange(drain=("i0",))


def test_what_has_been_idle_for_long_is_ended_the_longest_first():
    held = [*seats("b", 99), LaunchedSeat(host_id="x", state=SeatState.IDLE, idle_s=11), *seats("lis", 12)]
    assert change(held, SCALE, Need(startable=0)) == SeatChange(drain=("i1", "s2", "x"))
    assert change(held, SCALE, Need(startable=2)) == SeatChange(drain=("i1",))
    assert change(held, SCALE, Need(startable=3)) == SeatChange()
    assert change(seats("ii", 9), SCALE, Need(startable=0)) == SeatChange()
