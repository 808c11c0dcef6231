"""What is shown of a download: bars, lines, and a connection that is lost."""

import io

import pytest

from quickml.cli.outages import QUIET_S, Outages
from quickml.cli.transfer import BarTransfer, LineTransfer, NoTransfer, Rate, duration, sentence, transfer_on
from quickml.client import Progress
from quickml.errors import ServiceError, UnreachableError

LOST = UnreachableError("gone", was_sent=True)


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def progress(done, fetched=None, doing="fetching", name="model.mlmodel"):
    fetched = done if fetched is None else fetched
    return Progress(name=name, size_bytes=200_000_000, done_bytes=done, fetched_bytes=fetched, doing=doing)


def test_the_rate_is_that_of_the_last_seconds():
    clock = Clock()
    rate = Rate(clock)
    assert rate.per_second == 0.0
    for second in range(30):
        rate.add(1000 * second)
        clock.now_s += 1.0
    assert rate.per_second == pytest.approx(1000.0)
    for _ in range(30):
        rate.add(29_000)
        clock.now_s += 1.0
    assert rate.per_second == 0.0
    rate.add(0)
    assert rate.per_second == 0.0, "another file"


def test_lines_come_now_and_then():
    clock, stream = Clock(), io.StringIO()
    transfer = LineTransfer(stream, clock)
    for step in range(200):
        transfer.show(progress(125_000 * step))
        clock.now_s += 0.125
    assert stream.getvalue().splitlines() == [
        "model.mlmodel  10.0 MB of 200.0 MB",
        "model.mlmodel  20.0 MB of 200.0 MB, 1.0 MB/s, 3:00 min left",
    ]


def test_a_bar_tells_the_name_and_the_bytes(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setenv("TERM", "xterm")
    with transfer_on(stream, as_json=False) as transfer:
        assert isinstance(transfer, BarTransfer)
        transfer.show(progress(200_000_000, name="[red]a\x1b"))
    assert "[red]a\N{REPLACEMENT CHARACTER}" in stream.getvalue()
    assert "200.0 MB of 200.0 MB" in stream.getvalue()


def test_programs_and_pipes_get_no_bar():
    assert type(transfer_on(io.StringIO(), as_json=True)) is NoTransfer
    assert type(transfer_on(io.StringIO(), as_json=False)) is LineTransfer


def test_what_else_is_done_is_said():
    assert sentence(progress(5, doing="repairing"), 1e6) == "5 B of 200.0 MB, fetching damaged parts again"
    assert sentence(progress(5, doing="waiting"), 0.0).endswith("waiting for another download of it")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59.6, "1:00 min"), (185, "3:05 min"), (7800, "2:10 h")]
)
def test_durations_as_people_say_them(seconds, text):
    assert duration(seconds) == text


def test_an_outage_is_told_once(capsys):
    clock = Clock()
    outages = Outages(clock)
    for pause_s in (0.2, 2.0, 4.0):
        outages(LOST, pause_s)
        clock.now_s += pause_s
    assert capsys.readouterr().err == "connection lost, trying again in 1 s\n"
    outages.over()
    outages(ServiceError("the server is busy", status=503), 7.4)
    assert capsys.readouterr().err == "the server is busy, trying again in 7 s\n"
    clock.now_s += 7.4 + QUIET_S + 1
    outages(LOST, 2.0)
    assert capsys.readouterr().err == "connection lost, trying again in 2 s\n"
