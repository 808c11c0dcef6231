"""Which leases have run out: those that did not change while somebody watched them for a whole lease."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import update

from job_examples import Clock, opened
from quickml.errors import StoreError
from quickml.jobs.hosts import Host, HostLease, Hosts, HostWatch
from quickml.jobs.values import text_of
from quickml.storage.database.tables import hosts as hosts_table

LEASE_S = 15.0


def lease(seen_at="1", host_id="host_1", lease_s=LEASE_S):
    return HostLease(host_id=host_id, seen_at=seen_at, lease_s=lease_s)


class Watched:
    """A watch that looks every second, by a clock of its own."""

    def __init__(self):
        self.time = 1000.0
        self.watch = HostWatch(LEASE_S, clock=lambda: self.time)

    def look(self, leases, seconds):
        for _ in range(seconds):
            self.time += 1
            if found := self.watch.expired(leases):
                return found
        return []


def test_a_lease_runs_out_when_it_did_not_change_for_its_whole_length():
    watched = Watched()
    assert watched.look([lease()], 15) == []
    assert watched.look([lease()], 1) == [lease()]
    assert watched.look([lease()], 1) == [lease()], "until it is released"


def test_a_lease_that_is_renewed_does_not_run_out():
    watched = Watched()
    for renewal in range(10):
        assert watched.look([lease(str(renewal))], 5) == []


def test_each_lease_runs_out_by_itself():
    watched = Watched()
    for second in range(14):
        assert watched.look([lease("1", "host_1"), lease(str(second), "host_2")], 1) == []
    assert watched.look([lease("1", "host_1"), lease("x", "host_2")], 2) == [lease("1", "host_1")]


@pytest.mark.parametrize("outage_s", [8, 15, 3600])
def test_after_an_outage_it_is_watched_anew(outage_s):
    """The database could not be read, or this process was stopped: the holders may have been as well."""
    watched = Watched()
    assert watched.look([lease()], 14) == []
    watched.time += outage_s
    assert watched.look([lease()], 15) == []
    assert watched.look([lease()], 1) == [lease()]


def test_each_host_has_the_lease_that_it_asked_for():
    watched, long = Watched(), lease("1", "host_2", lease_s=60.0)
    assert watched.look([lease(), long], 16) == [lease()]
    assert watched.look([long], 60) == [long]


def test_no_clock_of_the_day_is_compared(tmp_path):
    """A host whose clock is set back, or years behind, keeps its attempts by renewing."""
    database, clock, watched = opened(tmp_path / "quickml.db"), Clock(), Watched()
    hosts = Hosts(database, clock)
    hosts.join(Host(id="host_1", name="room-1"))
    for _ in range(10):
        clock.put_on(-3600)
        assert hosts.renew("host_1")
        assert watched.look(hosts.leases()[0], 5) == []
    assert watched.look(hosts.leases()[0], 15) == hosts.leases()[0]


def test_a_renewal_by_another_process_is_noticed_and_one_that_a_crash_has_undone_is_not_taken_for_one(
    tmp_path,
):
    database, clock = opened(tmp_path / "quickml.db"), Clock()
    mine, theirs = Hosts(database, clock), Hosts(database, clock)
    mine.join(Host(id="host_1", name="room-1"))
    for _ in range(3):
        clock.put_on()
        assert mine.renew("host_1")
    with database.write() as connection:
        connection.execute(update(hosts_table).values(seen_at=text_of(clock() - timedelta(seconds=2))))
    clock.put_on()
    assert mine.renew("host_1")
    assert not mine.is_taken("host_1")
    clock.put_on()
    assert theirs.renew("host_1")
    clock.put_on()
    assert not mine.renew("host_1")
    assert mine.is_taken("host_1")


def test_a_renewal_whose_answer_was_lost_is_not_taken_for_one_of_another_process(tmp_path, monkeypatch):
    database, clock = opened(tmp_path / "quickml.db"), Clock()
    hosts = Hosts(database, clock)
    write = database.brief_write

    @contextmanager
    def unanswered():
        with write() as connection:
            yield connection
        raise StoreError("the connection is lost")

    hosts.join(Host(id="host_1", name="room-1"))
    clock.put_on()
    monkeypatch.setattr(database, "brief_write", unanswered)
    for _ in range(2):
        with pytest.raises(StoreError):
            hosts.renew("host_1")
        clock.put_on(-0.5)
    monkeypatch.undo()
    assert hosts.renew("host_1")
