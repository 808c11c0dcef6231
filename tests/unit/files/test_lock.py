"""One holder at a time, between threads, tasks and processes."""

import asyncio
import fcntl
import stat
import subprocess
import sys
import threading

import pytest

from quickml.files.lock import Lock
from waiting import until


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_lock_is_held_by_one_at_a_time(tmp_path):
    """Many take it and let go of it; the file goes and comes."""
    inside, most, turns = [0], [0], [0]
    guard = threading.Lock()

    def work():
        for _ in range(30):
            lock = Lock(tmp_path / "lock")
            while not lock.take():
                pass
            with guard:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            with guard:
                inside[0] -= 1
                turns[0] += 1
            lock.release()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most[0], turns[0]) == (1, 120)
    assert left(tmp_path) == []


def test_who_lets_go_removes_no_lock_of_others(tmp_path):
    first, second, third = (Lock(tmp_path / "lock") for _ in range(3))
    assert first.take()
    (tmp_path / "lock").unlink()
    assert second.take()
    first.release()
    assert not third.take()
    second.release()
    assert left(tmp_path) == []


def test_a_lock_file_that_was_removed_locks_nothing(tmp_path, monkeypatch):
    """It was opened before its holder let go of it, and locked after."""
    first, second, third = (Lock(tmp_path / "lock") for _ in range(3))
    assert first.take()
    locked = fcntl.flock

    def late(descriptor, how):
        monkeypatch.undo()
        first.release()
        assert third.take()
        return locked(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    assert not second.take()
    assert not second.take()
    third.release()
    assert second.take()
    second.release()


HOLDS = """
import sys, time
from pathlib import Path
from quickml.files.lock import Lock
assert Lock(Path(sys.argv[1])).take()
print("held", flush=True)
time.sleep(600)
"""


def test_who_is_killed_lets_go(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path / "lock")], stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"held\n"
        lock = Lock(tmp_path / "lock")
        assert not lock.take()
        holder.kill()
        until(lock.take, "the lock")
        lock.release()
        assert left(tmp_path) == []
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_a_lock_is_released_in_another_thread_than_it_was_taken_in(tmp_path):
    """`asyncio.to_thread` uses whichever thread is free."""

    async def work():
        held, waiting = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
        assert await asyncio.to_thread(held.take)
        assert not await asyncio.to_thread(waiting.take)
        held.release()
        assert await asyncio.to_thread(waiting.take)
        await asyncio.to_thread(waiting.release)

    asyncio.run(work())
    assert left(tmp_path) == []


def test_releasing_what_is_not_held_does_nothing(tmp_path):
    Lock(tmp_path / "lock").release()
    held = Lock(tmp_path / "lock")
    assert held.take()
    held.release()
    held.release()
    assert not held.is_held


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        Lock(tmp_path / "lock").take()
    assert left(tmp_path) == ["lock"]


def test_permissions_are_exact(tmp_path):
    held = Lock(tmp_path / "lock", mode=0o600)
    assert held.take()
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
    held.release()
