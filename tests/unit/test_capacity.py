"""The simulation that says how many machines a number of students needs."""

import importlib.util
import sys

import pytest

from server_process import ROOT

spec = importlib.util.spec_from_file_location("capacity", ROOT / "benchmarks" / "capacity.py")
capacity = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = capacity  # its dataclasses look for it there
spec.loader.exec_module(capacity)

SHORT = capacity.Kind(name="short", weight=3, seconds=10.0)
LONG = capacity.Kind(name="long", weight=1, seconds=600.0)


def test_with_a_seat_for_each_nobody_waits():
    found = capacity.simulate(50, 10, capacity.Seats(all=50), [SHORT])
    assert (found.wait_s, found.longest_queue, len(found.short_waits)) == (0, 0, 50)
    assert found.most_running <= 50


def test_one_seat_does_one_after_the_other():
    found = capacity.simulate(100, 0, capacity.Seats(all=1), [SHORT])
    assert (found.most_running, found.longest_queue) == (1, 99)
    assert found.end_s == pytest.approx(1000)
    assert found.short_waits == pytest.approx([10 * number for number in range(100)])


def test_seats_for_short_jobs_keep_them_from_waiting_behind_long_ones():
    def wait(express):
        return capacity.simulate(400, 10, capacity.Seats(all=40, express=express), [SHORT, LONG])

    without, with_some = wait(0), wait(10)
    assert capacity.percentile(with_some.short_waits, 0.5) < capacity.percentile(without.short_waits, 0.5) / 4
    assert len(with_some.short_waits) == len(without.short_waits)
    assert len(with_some.short_waits) + len(with_some.long_waits) == 400


def test_the_fewest_machines_are_enough_and_one_less_is_not():
    seats = capacity.fewest(300, 5, 20, 4, 0.25, [SHORT, LONG])
    assert seats.all % 4 == 0
    assert seats.express == seats.all // 4
    less = capacity.Seats(all=seats.all - 4, express=(seats.all - 4) // 4)
    assert capacity.simulate(300, 5, seats, [SHORT, LONG]).wait_s <= 20
    assert capacity.simulate(300, 5, less, [SHORT, LONG]).wait_s > 20


def test_it_prints_a_table_of_the_examples(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["capacity.py", "--students", "10", "60", "--minutes", "2"])
    capacity.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[-2:]] == ["10", "60"]
    assert all(f"submit {name}:" in "\n".join(lines) for name in capacity.MIX)
    assert len(lines[-1].split()) == len(lines[-3].split())


def test_the_table_of_the_page_is_what_it_prints(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["capacity.py"])
    capacity.main()
    printed = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
    page = ROOT / "docs" / "how-to" / "from-a-laptop-to-many-machines.md"
    assert printed in page.read_text(encoding="utf-8")


def test_percentiles_are_of_values_that_there_are():
    assert capacity.percentile([], 0.95) == 0
    assert capacity.percentile(range(1, 101), 0.95) == 95
    assert capacity.percentile([7.0], 0.5) == 7
