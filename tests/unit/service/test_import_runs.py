"""Runs that read files of users: what their processes get and may answer, and how many wait."""

import json
import os
import sys
from contextlib import contextmanager, nullcontext

import pytest

from quickml.service import import_runs
from quickml.service.import_runs import ImportRun, ImportRuns, ImportTask
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
    monkeypatch.setattr(import_runs, "MOST_ANSWER_BYTES", 1000)
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
    until(lambda: held == [first, other], "the start of those that need not wait")
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
