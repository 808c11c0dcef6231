"""Ranges and conditions, in all the ways that a client can write them."""

import itertools
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from quickml.http.files.conditions import Validators, Verdict
from quickml.http.files.ranges import MAX_RANGES, ByteRange, ranges_of

SIZES = st.integers(0, 40)
NUMBERS = st.integers(0, 60)
RANGES = st.one_of(st.tuples(NUMBERS, NUMBERS), st.tuples(NUMBERS, st.none()), st.tuples(st.none(), NUMBERS))
SPACES = st.sampled_from(["", " ", "\t", " \t "])


def positions(first, last, size):
    """The positions that one range asks for, found by going through all; None where it is malformed."""
    if first is not None and last is not None and last < first:
        return None
    if first is None:
        return [place for place in range(size) if place >= size - last]
    return [place for place in range(size) if place >= first and (last is None or place <= last)]


def written(first, last):
    return f"{'' if first is None else first}-{'' if last is None else last}"


@given(st.lists(RANGES, min_size=1, max_size=20), SIZES, SPACES)
def test_ranges_are_what_going_through_all_positions_finds(ranges, size, space):
    field = "bytes=" + f"{space},{space}".join(written(*one) for one in ranges)
    found = [positions(*one, size) for one in ranges]
    spans = ranges_of(field, size)
    is_end_of_nothing = size == 0 and any(first is None and last for first, last in ranges)
    if None in found or len(ranges) > MAX_RANGES or sum(map(len, found)) > size or is_end_of_nothing:
        assert spans is None
    else:
        assert [list(range(*span)) for span in spans] == [one for one in found if one]


def test_every_range_of_a_small_file():
    ends = [None, *range(8)]
    for size, first, last in itertools.product(range(7), ends, ends):
        if first is None and (last is None or (last and not size)):
            expected = None
        else:
            expected = positions(first, last, size)
        spans = ranges_of(f"bytes={written(first, last)}", size)
        found = None if spans is None else [place for span in spans for place in range(*span)]
        assert found == expected, (first, last, size)


@given(st.text(), SIZES)
def test_no_field_is_too_odd(text, size):
    for field in (text, f"bytes={text}"):
        spans = ranges_of(field, size)
        assert spans is None or all(0 <= span.start < span.stop <= size for span in spans)


@given(st.text(alphabet="0123456789-, ", max_size=1200), SIZES)
def test_what_looks_like_ranges_is_either_ignored_or_within_the_file(text, size):
    spans = ranges_of(f"bytes={text}", size)
    assert spans is None or (
        len(spans) <= MAX_RANGES
        and sum(span.size for span in spans) <= size
        and all(0 <= span.start < span.stop <= size for span in spans)
    )


def test_numbers_of_any_length_are_read_or_ignored_at_once():
    assert ranges_of("bytes=" + "9" * 900 + "-", 10) == []
    assert ranges_of("bytes=0-" + "9" * 900, 10) == [ByteRange(0, 10)]
    assert ranges_of("bytes=0-" + "9" * 100_000, 10) is None


# Conditions

MODIFIED = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
OURS = Validators(etag='"ours"', modified=MODIFIED)
TAG = st.text(
    st.characters(codec="latin-1", exclude_characters='"', exclude_categories=["Cc", "Zs"]), max_size=5
)
TAGS = st.lists(st.tuples(st.booleans(), TAG), min_size=1, max_size=5)


def verdict(**fields):
    return OURS.judge(Headers({name.replace("_", "-"): value for name, value in fields.items()}))


def listed(tags):
    return ", ".join(f'{"W/" if is_weak else ""}"{tag}"' for is_weak, tag in tags)


@given(TAGS, st.booleans(), st.booleans())
def test_a_list_of_tags_names_ours_or_does_not(tags, has_ours, is_weak):
    tags = [(weak, tag) for weak, tag in tags if tag != "ours"] + [(is_weak, "ours")] * has_ours
    failed = not has_ours or is_weak
    assert (verdict(if_match=listed(tags)) is Verdict.FAILED) == failed
    assert (verdict(if_none_match=listed(tags)) is Verdict.NOT_MODIFIED) == has_ours


@given(st.integers(-(10**8), 10**8))
def test_dates_are_compared_by_the_second(seconds):
    date = format_datetime(MODIFIED + timedelta(seconds=seconds), usegmt=True)
    assert (verdict(if_modified_since=date) is Verdict.NOT_MODIFIED) == (seconds >= 0)
    assert (verdict(if_unmodified_since=date) is Verdict.FAILED) == (seconds < 0)
    assert OURS.allow_range(Headers({"if-range": date})) == (seconds == 0)


@given(st.integers(-(10**8), 10**8))
def test_where_an_older_file_may_come_back_no_later_date_means_it(seconds):
    one = Validators(etag='"ours"', modified=MODIFIED, may_go_back=True)
    date = format_datetime(MODIFIED + timedelta(seconds=seconds), usegmt=True)
    is_known = one.judge(Headers({"if-modified-since": date})) is Verdict.NOT_MODIFIED
    assert is_known == (seconds == 0)


@given(st.text())
def test_no_condition_is_too_odd(text):
    raw = text.encode("utf-8", "replace")
    for name in (b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range"):
        headers = Headers(raw=[(name, raw)])
        assert OURS.judge(headers) in Verdict
        assert not OURS.allow_range(headers) or name != b"if-range"


@pytest.mark.parametrize("text", ['"ours" "x"', "ours", '"ours', '"ours",x', 'w/"ours"', '"ours";'])
def test_what_is_no_list_of_tags_names_none(text):
    assert verdict(if_match=text) is Verdict.FAILED
    assert verdict(if_none_match=text) is Verdict.SEND
