"""Runs that read files of users: what their processes get and may answer, and how many wait."""

import json
import os
import sys
from contextlib import contextmanager, nullcontext

import pytest

from quickml.service import import_run, import_runs
from quickml.service.import_run import ImportRun, ImportTask
from quickml.service.import_runs import ImportRuns
from waiting import until


class Files:
    """An artifact store whose files nobody opens."""

    @contextmanager
    def local_path(self, sha256):
        yield sha256


def task(number=0, *, owner="ada", is_slow=True):
    return ImportTask(owner=owner, asked={"work": number}, pins=("ab",), timeout_s=60, is_slow=is_slow)


def runs():
    return ImportRuns(Files(), lambda _: nullcontext({}), lambda *_: True, lambda *_: None)


def performed(program):
    run = ImportRun(task())
    run.perform([sys.executable, "-c", program], {})
    return run


def test_a_process_gets_no_secrets(monkeypatch):
    for name in ("PGPASSWORD", "QUICKML_SECRET", "LANGUAGE_KEY"):
        monkeypatch.setenv(name, "secret")
    program = "import json, os; print(json.dumps({'answer': dict(os.environ)}))"
    found = performed(program).answer
    assert "secret" not in found.values()
    assert found["PATH"] == os.environ["PATH"]


def test_an_answer_that_is_too_long_is_not_taken(monkeypatch):
    monkeypatch.setattr(import_run, "MOST_ANSWER_BYTES", 1000)
    assert performed("print('x' * 10_000)").answer == {"long": True}


@pytest.fixture
def held(monkeypatch):
    """Runs go on until they are released."""
    active = []
    monkeypatch.setattr(ImportRun, "perform", lambda run, *_: active.append(run) or run.wait())
    yield active
    for run in active:
        run.end({})


def test_the_oldest_run_that_waits_makes_way(held, monkeypatch):
    monkeypatch.setattr(import_runs, "MOST_WAITING", 2)
    all_of_them = runs()
    first, *waiting = [all_of_them.start(task(number)) for number in range(4)]
    other = all_of_them.start(task(owner="ben"))
    assert [run.is_done for run in (first, *waiting, other)] == [False, True, False, False, False]
    assert waiting[0].answer == {"later": True}
    assert all_of_them.start(task(1)) is not waiting[0]  # it is done after all if somebody asks again
    assert len(all_of_them._waiting) == 2
    until(lambda: {*held} == {first, other}, "the start of those that need not wait")
    all_of_them.close()


def test_answers_are_forgotten_when_they_take_much_memory(monkeypatch):
    monkeypatch.setattr(import_runs, "KEPT_BYTES", 25)

    def perform(run, *_):
        run.size_bytes = 10
        run.end({"answer": json.dumps(run.task.asked)})

    monkeypatch.setattr(ImportRun, "perform", perform)
    all_of_them = runs()
    found = []
    for number in range(4):
        found.append(all_of_them.start(task(number, is_slow=False)))
        found[-1].wait()
    assert all_of_them.start(task(3, is_slow=False)) is found[3]
    assert list(all_of_them._runs.values()) == found[2:]


SLOW = """
import json, sys, time
about = json.loads(sys.stdin.readline())
while about["work"] == "hold":
    time.sleep(0.01)
print(json.dumps({"answer": {"rows": []}}))
"""


@pytest.fixture
def shared(monkeypatch):
    """Runs of processes, of which those that hold their places go on until they are ended."""
    monkeypatch.setattr(import_runs, "COMMAND", (sys.executable, "-c", SLOW))
    all_of_them = runs()
    yield all_of_them
    all_of_them.close()


def asked(work, owner):
    return ImportTask(owner=owner, asked={"work": work}, pins=("ab",), timeout_s=60, is_slow=True)


def test_who_holds_a_place_for_long_makes_way_for_others_and_has_another_turn(shared, monkeypatch):
    monkeypatch.setattr(import_run, "SHARE_S", 0.2)
    hostile = [shared.start(asked("hold", owner)) for owner in ("eve", "mallory")]
    honest = shared.start(asked("read", "ada"))
    assert honest.wait() == {"rows": []}
    until(lambda: max(run.share_s for run in hostile) > 0.2, "a longer share")
    assert not any(run.is_done for run in hostile)
    until(lambda: sorted(shared._active, key=id) == sorted(hostile, key=id), "another turn of both")


def test_nobody_makes_way_for_what_is_ones_own(shared, monkeypatch):
    monkeypatch.setattr(import_run, "SHARE_S", 0.0)
    holding = [shared.start(asked("hold", owner)) for owner in ("eve", "mallory")]
    until(lambda: all(run._process for run in holding), "two processes")
    shared.start(asked("read", "eve"))
    shared._share()
    assert [(run.share_s, run.is_done) for run in holding] == [(0.0, False)] * 2


def test_the_owner_comes_first_who_has_taken_less_time(held):
    all_of_them = runs()
    active = [all_of_them.start(task(0, owner=owner)) for owner in ("eve", "mallory")]
    first = [all_of_them.start(task(number, owner="eve")) for number in range(1, 4)]
    other = all_of_them.start(task(0, owner="ada"))
    until(lambda: len(held) == 2, "two runs")
    active[0].end({})
    until(lambda: len(held) == 3, "the next run")
    assert held[2] is other
    other.end({})
    until(lambda: len(held) == 4, "the one after it")
    assert held[3] is first[0]
    all_of_them.close()
