"""The heartbeat of a host: what it makes of a database that fails for a while, and of having been given up."""

import pytest

from job_examples import Clock, Jobs, new, opened
from quickml.errors import StoreError
from quickml.events import Status
from quickml.executors.heartbeat import Heartbeat
from quickml.jobs.hosts import SERVER, Host, Hosts, HostWatch

ME = Host(id="host_1", name="room-1", lease_s=15.0)


class Place:
    """A host whose beats are called, and whose leases are always due."""

    def __init__(self, database):
        self.clock = Clock()
        self.store, self.hosts = Jobs(database, self.clock), Hosts(database, self.clock)
        self.attempts, self.heeded, self.offers = [], [], 0
        self.heartbeat = Heartbeat(
            self.hosts,
            ME,
            attempts=lambda: list(self.attempts),
            heed=lambda attempt, wish: self.heeded.append((attempt.number, wish)),
            offer=self._offered,
        )

    def _offered(self):
        self.offers += 1

    def beat(self):
        self.heartbeat._renewed_at = self.heartbeat._reaped_at = float("-inf")
        self.clock.put_on()
        self.heartbeat.beat()

    def submit(self):
        self.store.submit(new())
        self.attempts.append(self.store.claim(holder=ME.id))


@pytest.fixture
def place(tmp_path):
    return Place(opened(tmp_path / "quickml.db"))


def test_a_database_that_fails_for_long_is_logged_when_it_begins_and_ends(place, monkeypatch, caplog):
    renew, answers = place.hosts.renew, iter((False, True, True, True, False, False))

    def renewed(host_id):
        if next(answers):
            raise StoreError("the database cannot be used (database or disk is full)")
        return renew(host_id)

    monkeypatch.setattr(place.hosts, "renew", renewed)
    for _ in range(6):
        place.beat()
    assert [record.levelname for record in caplog.records if "renewed" in record.message] == [
        "ERROR",
        "WARNING",
    ]


def test_a_host_claims_nothing_before_it_has_joined_and_when_it_was_not_seen_for_long(place, monkeypatch):
    assert not place.heartbeat.may_claim
    place.beat()
    assert place.heartbeat.may_claim
    place.heartbeat._renewed_at -= ME.lease_s + 1
    assert not place.heartbeat.may_claim, "it was frozen, say"


def test_a_host_that_was_given_up_ends_its_attempts_and_joins_again(place):
    place.beat()
    place.submit()
    place.beat()
    assert place.heeded == []
    place.hosts.give_up(place.hosts.leases()[0][0])
    (orphan,) = place.hosts.leases()[1]
    assert place.hosts.release(orphan, "lost")
    place.beat()
    assert place.heeded == [(1, "end")]
    assert [lease.host_id for lease in place.hosts.leases()[0]] == [ME.id]
    assert place.offers, "and takes what waits"


def test_a_claim_whose_answer_was_lost_is_given_back_after_a_lease(place):
    place.beat()
    place.submit()
    (attempt,) = place.attempts
    place.attempts.clear()  # this host was never told
    place.beat()
    assert place.store.job(attempt.job_id).status is Status.BUILDING, "it may just be told"
    place.heartbeat._unknown[attempt.job_id, 1] -= ME.lease_s
    place.beat()
    job = place.store.job(attempt.job_id)
    assert (job.status, job.lost, job.failures) == (Status.QUEUED, 0, 0)
    place.beat()
    assert place.heartbeat._unknown == {}


def test_hosts_that_are_not_seen_are_given_up_after_a_whole_lease_in_which_the_database_was_seen(place):
    now = [0.0]
    place.heartbeat._watch = HostWatch(15.0, clock=lambda: now[0])
    place.hosts.join(Host(id="host_2", name="room-2"))
    job, _ = place.store.submit(new())
    place.store.claim(holder="host_2")
    for _ in range(14):
        now[0] += 1
        place.beat()
    now[0] += 60  # this host could not see the database, so the others may not have been able to either
    for _ in range(15):
        place.beat()
        now[0] += 1
    assert place.store.job(job.id).status is Status.BUILDING
    place.beat()
    assert (place.store.job(job.id).status, place.store.job(job.id).lost) == (Status.QUEUED, 1)
    assert [lease.host_id for lease in place.hosts.leases()[0]] == [ME.id]


def test_a_host_of_another_release_claims_nothing_and_says_why(place, caplog):
    place.hosts.join(Host(id="host_2", name="web", kind=SERVER, version="9.9"))
    place.beat()
    assert not place.heartbeat.may_claim
    assert "expected version 9.9" in caplog.text
    place.hosts.leave("host_2")
    place.beat()
    assert place.heartbeat.may_claim


def test_of_two_processes_with_one_id_one_takes_a_new_one_and_the_other_keeps_its_attempts(tmp_path, caplog):
    """Such as those of a machine and of its copy. Each would give back what the other one runs."""
    database = opened(tmp_path / "quickml.db")
    one, other = Place(database), Place(database)
    other.clock = one.clock
    other.store, other.hosts = one.store, Hosts(database, one.clock)
    other.heartbeat._hosts = other.hosts
    one.beat()
    one.submit()
    other.heartbeat._has_joined = True
    other.hosts._renewals[ME.id] = one.hosts._renewals[ME.id]
    other.attempts = list(one.attempts)
    one.beat()
    other.beat()
    one.beat()
    assert other.heartbeat.host_id != one.heartbeat.host_id == ME.id
    assert (one.heeded, other.heeded) == ([], [(1, "end")])
    assert {lease.host_id for lease in one.hosts.leases()[0]} == {ME.id, other.heartbeat.host_id}
    assert other.heartbeat.may_claim
    assert len([record for record in caplog.records if "has the id host_1, too" in record.message]) == 1


def test_a_process_that_is_given_the_id_of_one_that_lives_takes_another(tmp_path):
    database = opened(tmp_path / "quickml.db")
    one, other = Place(database), Place(database)
    one.beat()
    other.beat()
    one.beat()
    assert one.heartbeat.host_id == ME.id != other.heartbeat.host_id
