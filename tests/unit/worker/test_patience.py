"""Waiting for storage that fails."""

import pytest

from quickml.errors import ArtifactError, CopiesError, FencedError, StoreError
from quickml.worker import patience
from quickml.worker.patience import Patience


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(patience, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(patience, "LONGEST_PAUSE_S", 0.01)


def failing(times, error):
    calls = []

    def call():
        calls.append(1)
        if len(calls) <= times:
            raise error
        return len(calls)

    return call


@pytest.mark.parametrize("error", [StoreError("full"), ArtifactError("full")])
def test_a_call_is_repeated_until_it_succeeds(error):
    patiently = Patience(60.0)
    assert patiently(failing(0, error)) == 1
    assert patiently.waited_s == 0.0
    assert patiently(failing(5, error)) == 6
    first_s = patiently.waited_s
    assert first_s > 0.005
    assert patiently(failing(5, error)) == 6
    assert patiently.waited_s > first_s + 0.005


def test_patience_ends_with_the_last_error():
    with pytest.raises(StoreError, match="full"):
        Patience(0.02)(failing(10**6, StoreError("full")))


def test_other_errors_are_not_waited_for():
    fenced = FencedError(job_id="job_1", attempt=1)
    call = failing(1, fenced)
    with pytest.raises(FencedError):
        Patience(60.0)(call)


@pytest.mark.parametrize("before", [[], [ArtifactError("away")]])
def test_room_that_another_machine_may_have_is_not_waited_for(before):
    errors, calls = [*before, CopiesError("full")], []

    def call():
        calls.append(1)
        raise errors[len(calls) - 1]

    with pytest.raises(CopiesError):
        Patience(60.0)(call)
    assert len(calls) == len(errors)


def test_who_waits_says_what_for_and_tells_of_it_at_the_second_failure():
    patiently, seen, told = Patience(60.0), [], []

    def call():
        seen.append(patiently.waits_for)
        if len(seen) < 5:
            raise ArtifactError("full")
        return len(seen)

    assert patiently(call, at_wait=told.append) == 5
    assert seen == ["", "full", "full", "full", "full"]
    assert patiently.waits_for == ""
    assert list(map(str, told)) == ["full"]
    with pytest.raises(StoreError):
        Patience(0.0)(failing(10, StoreError("full")), at_wait=told.append)
    assert len(told) == 1, "it fails at once"
