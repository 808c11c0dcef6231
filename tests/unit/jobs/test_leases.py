"""Which leases have run out: those that did not change while somebody watched them for a whole lease."""

import pytest

from job_examples import HOLDER, Clock, Jobs, new, opened
from quickml.jobs.leases import Lease, Leases, LeaseWatch

LEASE_S = 15.0


def lease(until="1", job_id="job_1"):
    return Lease(job_id=job_id, attempt=1, holder="host_1", until=until)


class Watched:
    """A watch that looks every second, by a clock of its own."""

    def __init__(self):
        self.time = 1000.0
        self.watch = LeaseWatch(LEASE_S, clock=lambda: self.time)

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
        assert watched.look([lease("1", "job_1"), lease(str(second), "job_2")], 1) == []
    assert watched.look([lease("1", "job_1"), lease("x", "job_2")], 2) == [lease("1", "job_1")]


@pytest.mark.parametrize("outage_s", [8, 15, 3600])
def test_after_an_outage_it_is_watched_anew(outage_s):
    """The database could not be read, or this process was stopped: the holders may have been as well."""
    watched = Watched()
    assert watched.look([lease()], 14) == []
    watched.time += outage_s
    assert watched.look([lease()], 15) == []
    assert watched.look([lease()], 1) == [lease()]


def test_no_clock_of_the_day_is_compared(tmp_path):
    """A holder whose clock is set back, or years behind, keeps its attempts by renewing."""
    database, clock, watched = opened(tmp_path / "quickml.db"), Clock(), Watched()
    store, leases = Jobs(database, clock), Leases(database, clock)
    store.submit(new())
    attempt = store.claim()
    for _ in range(10):
        clock.put_on(-3600)
        leases.renew(HOLDER, [attempt])
        assert watched.look(leases.running(), 5) == []
    assert watched.look(leases.running(), 15) == leases.running()
