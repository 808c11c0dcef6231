"""The heartbeat of an executor: what it makes of a database that fails for a while."""

from contextlib import nullcontext
from datetime import UTC, datetime

from quickml.errors import StoreError
from quickml.executors.heartbeat import Heartbeat
from quickml.jobs.job import Attempt
from quickml.jobs.leases import Lease

ATTEMPT = Attempt(job_id="job_1", number=1, document="{}")


class FailingLeases:
    """The leases of a database that can be read, and that cannot be written while `is_full`."""

    lease_s = 0.0

    def __init__(self):
        self.is_full, self.released = False, []

    def held(self, holder):
        return {(ATTEMPT.job_id, ATTEMPT.number): False}

    def renew(self, holder, attempts):
        if self.is_full:
            raise StoreError("the database cannot be used (database or disk is full)")

    def running(self):
        return [Lease(job_id="job_2", attempt=1, holder="host_2", until=datetime.now(UTC).isoformat())]

    def reaping(self):
        return nullcontext(True)

    def release(self, lease, reason):
        self.released.append(lease)
        return True


def test_a_database_that_fails_for_long_is_logged_when_it_begins_and_ends(caplog):
    leases = FailingLeases()
    heartbeat = Heartbeat(leases, "host_1", attempts=lambda: [ATTEMPT], heed=lambda *_: None)
    for leases.is_full in (False, True, True, True, False, False):
        heartbeat.beat()
    assert [record.levelname for record in caplog.records if "renewed" in record.message] == [
        "ERROR",
        "WARNING",
    ]
