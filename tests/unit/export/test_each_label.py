"""The labels that the metadata of a file has, of which a sample can have several."""

from __future__ import annotations

import pytest

from quickml.export.coreml.reading import proto
from quickml.export.coreml.reading.columns import LABELS, each_label


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('["cat", "größer"]', ("cat", "größer")),
        (None, ()),
        ("[1, 2]", ()),
        ('{"cat": 1}', ()),
        ('"cat"', ()),
        ("[", ()),
        ("[" * 100_000, ()),
    ],
)
def test_labels_are_read_if_they_are_intact(written: str | None, expected: tuple[str, ...]) -> None:
    model = proto.new_model()
    if written is not None:
        model.description.metadata.userDefined[LABELS] = written
    assert each_label(model) == expected
