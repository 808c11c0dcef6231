"""Windows cross nothing: no end of a recording, no gap, no change of the label, no side of the split."""

import math

import numpy as np
import pytest

import rounds
from quickml.recordings.divide import divide
from quickml.recordings.runs import RecordingWindow, runs_of
from quickml.recordings.times import Clock, clock, plain
from quickml.tables.cells import Cells

CASES = rounds.choose(few=60, full=2000)


def rows(random):
    """Random recordings with labels, gaps and missing values."""
    sessions, labels = int(random.integers(1, 9)), int(random.integers(1, 4))
    lengths = random.integers(1, 120, sessions)
    session = np.repeat(np.arange(sessions), lengths)
    label = np.repeat(random.integers(0, labels, len(session)), random.integers(1, 60))[: len(session)]
    is_whole = random.random(len(session)) > random.choice([0, 0.02])
    is_cut = random.random(len(session)) < random.choice([0, 0.03])
    return session, label, is_whole, is_cut


def drawn(random):
    steps = int(random.integers(2, 20))
    return RecordingWindow(
        steps=steps, stride=int(random.integers(1, steps + 1)), ahead=int(random.choice([0, 0, 3]))
    )


@pytest.mark.parametrize("case", range(CASES))
def test_no_window_crosses_anything(case):
    random = np.random.default_rng((rounds.seed, case))
    session, label, is_whole, is_cut = rows(random)
    window = drawn(random)
    runs = runs_of(session, label, is_whole, is_cut)
    starts = window.starts(runs)
    assert len(starts) == window.counts(runs).sum()
    for start in starts:
        inside = slice(start, start + window.needed)
        assert start + window.needed <= len(session)
        assert len(set(session[inside])) == len(set(label[inside])) == 1
        assert is_whole[inside].all()
        assert not is_cut[start + 1 : start + window.needed].any()


@pytest.mark.parametrize("case", range(CASES))
def test_no_row_is_on_both_sides_and_whole_recordings_are_where_they_can_be(case):
    random = np.random.default_rng((rounds.seed, case, 1))
    session, label, is_whole, is_cut = rows(random)
    window = drawn(random)
    runs = runs_of(session, label, is_whole, is_cut)
    by_time = bool(window.ahead)
    if by_time:
        runs = runs_of(session, np.zeros_like(label), is_whole, is_cut)
    division = divide(runs, window, fraction=0.2, seed=case, by_time=by_time)
    again = divide(runs, window, fraction=0.2, seed=case, by_time=by_time)
    assert np.array_equal(window.starts(division.test), window.starts(again.test))
    used = [set(), set()]
    for side, part in zip(used, (division.train, division.test), strict=True):
        for start, stop in zip(part.start, part.stop, strict=True):
            side |= set(range(start, stop))
    assert not used[0] & used[1]
    counts = window.counts(runs)
    for one in range(label.max() + 1 if not by_time else 1):
        sessions = set(runs.session[(runs.label == one) & (counts > 0)].tolist())
        learned = set(division.train.label[window.counts(division.train) > 0].tolist())
        assert not sessions or one in learned, "a label that cannot be learned"
        if one in division.ended or by_time:
            continue
        both = set(division.train.session[division.train.label == one]) & set(
            division.test.session[division.test.label == one]
        )
        assert not both & sessions


def test_each_label_has_its_share_of_recordings_in_the_test():
    session = np.repeat(np.arange(30), 100)
    label = session % 3
    runs = runs_of(session, label, np.ones(3000, bool), np.zeros(3000, bool))
    window = RecordingWindow(steps=20, stride=10)
    for seed in range(10):
        division = divide(runs, window, fraction=0.2, seed=seed)
        assert np.bincount(division.test.label).tolist() == [2, 2, 2]
        assert division.ended == ()


def test_one_recording_is_cut_in_time_for_each_label():
    label = np.repeat([0, 1, 0, 1], 100)
    runs = runs_of(np.zeros(400, np.intp), label, np.ones(400, bool), np.zeros(400, bool))
    window = RecordingWindow(steps=10, stride=5)
    division = divide(runs, window, fraction=0.2, seed=0)
    assert division.ended == (0, 1)
    assert division.test.start.tolist() == [260, 360]
    assert division.train.stop.tolist() == [100, 200, 260, 360]


def test_the_end_is_longer_where_it_consists_of_short_pieces():
    is_cut = np.zeros(200, bool)
    is_cut[160::3] = True
    runs = runs_of(np.zeros(200, np.intp), np.zeros(200, np.intp), np.ones(200, bool), is_cut)
    division = divide(runs, RecordingWindow(steps=10, stride=5), fraction=0.2, seed=0)
    assert division.test.start.min() == 120


def test_folders_say_what_is_for_the_test():
    session = np.repeat(np.arange(4), 50)
    runs = runs_of(session, session % 2, np.ones(200, bool), np.zeros(200, bool))
    division = divide(runs, RecordingWindow(steps=10, stride=5), fraction=0.2, seed=0, test=np.array([1, 2]))
    assert division.test.session.tolist() == [1, 2]
    assert division.train.session.tolist() == [0, 3]


# --- times -------------------------------------------------------------------------------------------------


def times(*texts, name="time"):
    cells = Cells(".", 1 << 31)
    cells.add(texts)
    cells.finish()
    return clock(cells, name)


@pytest.mark.parametrize(
    "texts",
    [
        ("2024-05-01T12:00:00.00", "2024-05-01T12:00:00.02", "2024-05-01T12:00:00.04"),
        ("2024-05-01 12:00:00.00Z", "2024-05-01 12:00:00.02Z", "2024-05-01 12:00:00.04Z"),
        ("12:00:00.00", "12:00:00.02", "12:00:00.04"),
        ("01.05.2024 12:00:00.00", "01.05.2024 12:00:00.02", "01.05.2024 12:00:00.04"),
    ],
)
def test_dates_and_times_are_seconds(texts):
    found = times(*texts)
    assert isinstance(found, Clock)
    assert np.diff(found.times) == pytest.approx([0.02, 0.02], abs=1e-6)
    assert found.rate(found.distance(np.zeros(3, np.intp))) == "50 per second"


@pytest.mark.parametrize(
    ("name", "texts", "rate"),
    [
        ("time_ms", ("0", "20", "40"), "50 per second"),
        ("t [µs]", ("0", "20000", "40000"), "50 per second"),
        ("elapsed (s)", ("0", "60", "120"), "one every 60 seconds"),
        ("timestamp", ("1714557600000", "1714557600020", "1714557600040"), "50 per second"),
        ("timestamp", ("1714557600", "1714557601", "1714557602"), "1 per second"),
        ("t", ("0", "20", "40"), "one every 20 of the time column"),
    ],
)
def test_the_unit_is_in_the_name_or_in_times_since_1970(name, texts, rate):
    found = times(*texts, name=name)
    assert isinstance(found, Clock)
    assert found.rate(found.distance(np.zeros(3, np.intp))) == rate


def test_what_is_no_time_is_named():
    assert times("2024-05-01T12:00:00", "later") == "later"
    assert times("", "NA") == ""


def test_the_distance_of_recordings_is_not_one_of_rows():
    found = times("0", "1", "2", "1000", "1001")
    assert isinstance(found, Clock)
    assert found.distance(np.array([0, 0, 0, 1, 1])) == 1
    assert math.isnan(found.distance(np.arange(5)))
    assert found.rate(math.nan) == ""


def test_names_are_compared_without_signs():
    assert plain("Time (ms)") == "time_ms"
    assert plain("t [µs]") == "t_us"
