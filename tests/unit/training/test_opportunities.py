"""When frames are taken."""

import itertools

import pytest

from quickml.training.film.opportunities import marks


@pytest.mark.parametrize(
    ("epochs", "steps", "expected"),
    [
        (100, 8, 1),
        (200, 25, 1),
        (12, 469, 16),
        (100, 469, 8),
        (1, 20, 16),
        (5, 8, 8),
        (1, 1, 1),
        (10_000, 469, 1),
    ],
)
def test_the_number_of_opportunities_of_an_epoch(epochs, steps, expected):
    assert len(marks(epochs, steps)) == expected


def test_opportunities_are_evenly_spaced_and_end_with_the_epoch():
    for epochs, steps in itertools.product([1, 3, 12, 100, 3000], [1, 2, 7, 8, 100, 469, 12_345]):
        found = marks(epochs, steps)
        assert found[-1] == steps
        spaces = [end - start for start, end in itertools.pairwise((0, *found))]
        assert max(spaces) - min(spaces) <= 1
        assert min(spaces) >= 1
        assert len(found).bit_count() == 1
        assert epochs * len(found) <= max(960, epochs)
