from itertools import pairwise

import pytest

from quickml.document.training import EarlyStopping
from quickml.training.chunks import GROWTH, TARGET_S, ChunkSizer
from quickml.training.early_stopper import EarlyStopper


def lengths(step_s: float, calls: int, *, compiling_s: float = 1.0, remaining: int = 10**9) -> list[int]:
    pace, result = ChunkSizer(), []
    for call in range(calls):
        length = pace.length(remaining)
        pace.took(length, length * step_s + (compiling_s if call == 0 else 0))
        result.append(length)
    return result


def test_chunks_settle_at_the_target():
    assert lengths(0.03, 8)[-1] == int(TARGET_S / 0.03)


def test_compiling_does_not_count_as_slowness():
    assert lengths(0.001, 3, compiling_s=60)[:3] == [1, 1, GROWTH]


def test_the_compiling_chunk_gives_no_rate():
    pace = ChunkSizer()
    pace.took(1, 9.0)
    assert not pace.is_timed
    pace.took(1, 0.1)
    assert pace.is_timed


def test_a_slow_step_is_taken_alone():
    assert lengths(5.0, 4) == [1, 1, 1, 1]


def test_growth_is_bounded_so_that_one_lucky_timing_does_no_harm():
    taken = lengths(1e-6, 10)
    assert all(later <= GROWTH * earlier for earlier, later in pairwise(taken))


def test_a_chunk_ends_with_the_epoch():
    assert max(lengths(1e-6, 10, remaining=7)) == 7


def test_the_last_short_chunk_of_an_epoch_does_not_slow_the_next_down():
    pace = ChunkSizer()
    pace.took(1, 1)
    for _ in range(8):
        pace.took(pace.length(10**9), pace.length(10**9) * 0.001)
    usual = pace.length(10**9)
    pace.took(pace.length(2), 0.002)
    assert pace.length(10**9) == usual


@pytest.mark.parametrize(
    ("monitor", "values", "expected"),
    [
        ("loss", [3, 2, 2.5, 2.4, 1], [True, True, False, False, True]),
        ("accuracy", [0.5, 0.7, 0.7, 0.8, 0.6], [True, True, False, True, False]),
        ("val_mean_absolute_error", [3, 4, 2, 2, 1], [True, False, True, False, True]),
    ],
)
def test_better_means_lower_but_for_accuracy(monitor, values, expected):
    patience = EarlyStopper(EarlyStopping(monitor=monitor, patience=3))
    assert [patience.is_better({monitor: value}) for value in values] == expected


def test_min_delta_is_what_counts_as_better():
    patience = EarlyStopper(EarlyStopping(monitor="loss", min_delta=0.5))
    assert [patience.is_better({"loss": value}) for value in (2, 1.6, 1.4)] == [True, False, True]


@pytest.mark.parametrize(("rule", "epochs"), [(0, 2), (1, 2), (3, 4)])
def test_patience_ends_after_as_many_epochs_as_keras_waits(rule, epochs):
    patience = EarlyStopper(EarlyStopping(monitor="loss", patience=rule))
    count = 0
    while not patience.is_over:
        patience.is_better({"loss": 1.0})
        count += 1
    assert count == epochs


def test_a_loss_that_is_no_number_is_not_better():
    patience = EarlyStopper(EarlyStopping(monitor="loss"))
    assert not patience.is_better({"loss": float("nan")})
