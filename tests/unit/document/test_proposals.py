"""What proposed documents share."""

from __future__ import annotations

import pytest

from quickml.document.proposals import MOST_LABELS, duration, listed_labels


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        (10, (16, 40)),
        (999, (16, 24)),
        (1000, (32, 40)),
        (9999, (32, 5)),
        (10_000, (64, 10)),
        (10**6, (64, 5)),
    ],
)
def test_duration_takes_about_the_steps_within_the_limits(train: int, expected: tuple[int, int]) -> None:
    assert duration(train, steps=1500, epochs=(5, 40)) == expected


def test_duration_of_many_rows() -> None:
    assert duration(19_999, steps=2000, epochs=(10, 100), many=20_000, large=128)[0] == 32
    assert duration(20_000, steps=2000, epochs=(10, 100), many=20_000, large=128) == (128, 13)


def test_only_a_list_that_somebody_reads_is_written() -> None:
    few = [str(label) for label in range(MOST_LABELS)]
    assert listed_labels(tuple(few)) == few
    assert listed_labels([*few, "more"]) is None
    assert listed_labels(()) is None
    assert listed_labels(None) is None
