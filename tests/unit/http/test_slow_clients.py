"""When a client is given up on, by a clock that stands still until it is put on."""

import pytest

from quickml.http.server.slow_clients import CHECKS, StallDetector

STALL_S = 60.0


class Clock:
    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


def waiting(clock, min_rate_bytes=None):
    return StallDetector(stall_s=STALL_S, min_rate_bytes=min_rate_bytes, clock=clock)


def looks(one, clock, taken_after, seconds):
    """Look as often as it wants for so long; after how many seconds it says that the client has to go."""
    began = clock.time
    while clock.time - began < seconds:
        clock.time += one.next_check_s
        if one.check(taken_after(clock.time - began)):
            return clock.time - began
    return None


def test_a_client_that_takes_nothing_goes_after_the_agreed_time(clock):
    one = waiting(clock)
    one.begin(5000)
    gone = looks(one, clock, lambda _: 5000, 1000)
    assert STALL_S <= gone <= STALL_S * 1.01


def test_a_client_that_stops_later_goes_so_long_after_it_stopped(clock):
    one = waiting(clock)
    one.begin(0)
    gone = looks(one, clock, lambda s: min(s, 200.0), 1000)
    assert 200 + STALL_S <= gone <= 200 + STALL_S * (1 + 2 / CHECKS)


def test_a_client_that_reads_slowly_and_steadily_stays(clock):
    one = waiting(clock)
    one.begin(0)
    assert looks(one, clock, lambda s: s // 50, 100_000) is None, "a byte in 50 s"


def test_time_in_which_nobody_waits_for_the_client_does_not_count(clock):
    one = waiting(clock, min_rate_bytes=1000)
    for _ in range(10):
        one.begin(0)
        clock.time += STALL_S / 20
        assert not one.end(0)
        clock.time += 10 * STALL_S  # a stream with nothing to tell


def test_a_wait_that_did_not_begin_does_not_end(clock):
    one = waiting(clock, min_rate_bytes=1000)
    assert not one.end(0)
    one.begin(0)
    clock.time += STALL_S / 2
    assert not one.end(0)
    clock.time += 10 * STALL_S
    assert not one.end(0)


def test_a_wait_begins_anew_each_time(clock):
    one = waiting(clock)
    for taken in range(10):
        one.begin(taken)
        clock.time += STALL_S * 0.9
        assert not one.check(taken)
        one.end(taken)


@pytest.mark.parametrize(("rate", "stays"), [(900, False), (1100, True)])
def test_a_minimum_rate_counts_over_a_window(clock, rate, stays):
    one = waiting(clock, min_rate_bytes=1000)
    one.begin(0)
    gone = looks(one, clock, lambda s: int(s * rate), 10 * STALL_S)
    assert (gone is None) if stays else (STALL_S <= gone <= STALL_S * 1.2)


@pytest.mark.parametrize(("rate", "stays"), [(900, False), (1100, True)])
def test_many_short_waits_make_up_a_window(clock, rate, stays):
    one, taken, gone = waiting(clock, min_rate_bytes=1000), 0, False
    for _ in range(100):
        one.begin(taken)
        clock.time += 1.0
        taken += rate
        gone = gone or one.end(taken)
        taken += 10_000  # what goes into a buffer at once, which says nothing about the client
    assert gone != stays


def test_a_pause_within_a_window_is_forgiven(clock):
    one = waiting(clock, min_rate_bytes=1000)
    one.begin(0)
    assert looks(one, clock, lambda s: 0 if s < STALL_S * 0.5 else 200_000, STALL_S) is None
