"""Limits on downloads, by a clock that stands still until it is put on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quickml.errors import DownloadsError
from quickml.http.files.quotas import (
    ALL_CHUNKS_BYTES,
    CATCH_UP_S,
    MAX_CHUNK_BYTES,
    SHARED_CHUNK_BYTES,
    Downloads,
    RateLimiter,
)


class Clock:
    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        return self.time


@given(st.lists(st.tuples(st.integers(1, 10**6), st.floats(0, 3)), min_size=1, max_size=50))
def test_no_window_gets_more_than_the_rate(steps):
    rate, clock = 100_000, Clock()
    one, sent = RateLimiter(rate, clock), []
    for size, pause in steps:
        clock.time += pause
        sent.append((clock.time + one.reserve(size), size))
    for index, (begin, _) in enumerate(sent):
        for end, (until, last) in enumerate(sent[index:], index):
            total = sum(size for _, size in sent[index : end + 1]) - last
            assert total <= rate * (until - begin + CATCH_UP_S) + 1


def test_a_rate_that_is_always_asked_for_is_reached():
    clock, sent = Clock(), 0
    one = RateLimiter(100_000, clock)
    while clock.time < 1010:
        clock.time += one.reserve(10_000) + 0.01  # a timer that comes late
        sent += 10_000
    assert sent == pytest.approx(1_000_000, rel=0.05)


def test_downloads_of_one_owner_share_a_rate():
    clock = Clock()
    downloads = Downloads(max_rate_bytes=1000, clock=clock)
    with (
        downloads.opened("ada") as first,
        downloads.opened("ada") as second,
        downloads.opened("bob") as other,
    ):
        assert first.reserve(1000) == 0
        assert second.reserve(1000) == pytest.approx(1 - CATCH_UP_S, abs=CATCH_UP_S)
        assert other.reserve(1000) == 0
        first.count(1000)
        second.count(1000)
    with downloads.opened("ada") as again:
        assert again.reserve(1) > 1, "coming back is no way around it"


def test_a_turn_that_was_not_used_is_given_back():
    """Otherwise whoever asks and leaves again and again moves the owner's turns on, hours ahead."""
    clock = Clock()
    downloads = Downloads(max_rate_bytes=1_000_000, clock=clock)
    for sent in [1000] + [0] * 2000:
        with downloads.opened("ada") as one:
            one.reserve(100_000)
            one.count(sent)
    with downloads.opened("ada") as honest:
        assert honest.reserve(100_000) <= 0.001, "but for what was sent"
        assert honest.reserve(100_000) > 0


def test_nothing_is_given_back_of_what_was_sent():
    clock = Clock()
    downloads = Downloads(max_rate_bytes=1000, clock=clock)
    for _ in range(10):
        with downloads.opened("ada") as one:
            one.reserve(1000)
            one.count(1000)
    with downloads.opened("ada") as one:
        assert one.reserve(1) == pytest.approx(10, abs=CATCH_UP_S)


def test_an_owner_has_so_many_downloads_and_others_theirs():
    downloads = Downloads(per_owner=2)
    with downloads.opened("ada"):
        with downloads.opened("ada"), downloads.opened("bob"):
            assert downloads.count == 3
            with pytest.raises(DownloadsError), downloads.opened("ada"):
                pass
        with downloads.opened("ada"):
            assert downloads.count == 2
    assert downloads.count == 0


def test_what_all_hold_in_memory_is_bounded():
    downloads = Downloads()
    held = [downloads.opened("ada") for _ in range(2000)]
    total = 0
    for one in held:
        total += one.__enter__().chunk_bytes(1 << 40)
    assert downloads.chunk_bytes == SHARED_CHUNK_BYTES
    assert total <= ALL_CHUNKS_BYTES * 5, "also when all come at once, and keep what they began with"
    for one in held:
        one.__exit__(None, None, None)
    assert downloads.chunk_bytes == MAX_CHUNK_BYTES


def test_a_limited_download_goes_on_in_small_pieces():
    downloads = Downloads(max_rate_bytes=80_000)
    with downloads.opened("ada") as one:
        assert (one.chunk_bytes(1 << 30), one.chunk_bytes(7)) == (10_000, 7)
    with Downloads(max_rate_bytes=1).opened("ada") as slow:
        assert slow.chunk_bytes(1 << 30) >= 1024
