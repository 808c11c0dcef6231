"""Whatever is asked in whatever order, the store keeps its promises."""

import itertools
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from job_examples import (
    HOLDER,
    Clock,
    Jobs,
    artifact,
    epoch_ended,
    new,
    opened,
    progress,
    started,
    trained,
    verified,
)
from postgres_process import needs_postgres
from quickml.errors import (
    FencedError,
    IdempotencyError,
    JobError,
    JobNotFoundError,
    QueueFullError,
    TransitionError,
)
from quickml.events import RUNNING, TERMINAL, Status
from quickml.jobs.hosts import Hosts
from quickml.jobs.job import TRANSITIONS, Attempt, Limits
from quickml.jobs.lifecycle import FORGIVEN, FORGIVEN_LOSSES

NONE = "job_00000000000000000000000000"
"""The id of no job."""
OWNERS = st.sampled_from(["ada", "bob", "eve"])
LIMITS = st.builds(
    Limits,
    queued_per_owner=st.none() | st.integers(1, 3),
    running_per_owner=st.none() | st.integers(1, 2),
    queue_length=st.none() | st.integers(1, 5),
)
NEWS = st.lists(
    st.one_of(
        st.builds(started, epochs=st.integers(1, 5)),
        st.builds(progress, epoch=st.integers(1, 5), step=st.integers(0, 10), epochs=st.integers(1, 5)),
        st.builds(epoch_ended, epoch=st.integers(1, 5), epochs=st.integers(1, 5), loss=st.floats(0, 10)),
        st.builds(trained, stopped=st.sampled_from([None, "asked"])),
    ),
    max_size=3,
)
HASHES = st.sampled_from(["aa" * 32, "bb" * 32, "cc" * 32])


class Promises(RuleBasedStateMachine):
    kind = "sqlite"
    jobs = Bundle("jobs")
    attempts = Bundle("attempts")

    @initialize()
    def open(self):
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.database = opened(Path(self.folder.name) / "quickml.db", self.kind)
        self.store, self.hosts = Jobs(self.database, self.clock), Hosts(self.database, self.clock)
        self.claims = itertools.count(1)
        self.last_claim = {}
        self.seen = {}
        self.held = {}

    def teardown(self):
        self.database.close()
        self.folder.cleanup()

    def ask(self, name, *arguments, **keywords):
        """What the store answers, or the error that it raises."""
        try:
            return getattr(self.store, name)(*arguments, **keywords)
        except JobError as error:
            return type(error), vars(error)

    @rule(
        target=jobs,
        owner=OWNERS,
        limits=LIMITS,
        key=st.sampled_from([None, None, "k", "l"]),
        document=st.sampled_from("12"),
    )
    def submit(self, owner, limits, key, document):
        self.clock.put_on(0.25)
        before = {job.id: job for job in self.store.jobs(limit=1000)}
        answer = self.ask("submit", new(owner, key=key, document=document), limits)
        waiting = [job.owner for job in before.values() if job.status is Status.QUEUED]
        is_full = (limits.queued_per_owner or 99) <= waiting.count(owner) or (
            limits.queue_length or 99
        ) <= len(waiting)
        if answer[0] is QueueFullError:
            assert is_full
        elif answer[0] is IdempotencyError:
            assert key and before[answer[1]["job_id"]].document != document
        else:
            job, is_new = answer
            assert (job.owner, job.document) == (owner, document)
            assert job.id > max(before, default="") if is_new else job.id in before
            assert not (is_new and is_full)
            return job.id
        return NONE

    @rule(target=attempts, limits=LIMITS)
    def claim(self, limits):
        before = {job.id: job for job in self.store.jobs(limit=1000)}
        attempt = self.ask("claim", limits)
        may_run = [
            job
            for job in before.values()
            if job.status is Status.QUEUED and self.has_room(job.owner, before, limits)
        ]
        assert (attempt is None) == (not may_run)
        if attempt is None:
            return Attempt(job_id=NONE, number=1, document="")
        owner = before[attempt.job_id].owner
        assert self.last_claim.get(owner, 0) == min(self.last_claim.get(job.owner, 0) for job in may_run)
        assert attempt.job_id == min(job.id for job in may_run if job.owner == owner)
        self.last_claim[owner] = next(self.claims)
        assert attempt.number > self.held.get(attempt.job_id, 0)
        self.held[attempt.job_id] = attempt.number
        return attempt

    @staticmethod
    def has_room(owner, jobs, limits):
        running = sum(job.owner == owner and job.status in RUNNING for job in jobs.values())
        return limits.running_per_owner is None or running < limits.running_per_owner

    @rule(attempt=attempts, news=NEWS)
    def append(self, attempt, news):
        self.fenced(attempt, self.ask("append", attempt, news))

    @rule(attempt=attempts, status=st.sampled_from(Status))
    def advance(self, attempt, status):
        self.fenced(attempt, self.ask("advance", attempt, status))

    @rule(attempt=attempts, sha256=HASHES, other=HASHES)
    def complete(self, attempt, sha256, other):
        for status in (Status.TRAINING, Status.COMPILING, Status.VERIFYING):
            self.ask("advance", attempt, status)
        files = [artifact(attempt.job_id, "a", sha256), artifact(attempt.job_id, "b", other)]
        self.fenced(attempt, self.ask("complete", attempt, files, verified()))

    @rule(attempt=attempts, reason=st.sampled_from(["killed", "memory"]), retry=st.booleans())
    def fail(self, attempt, reason, retry):
        self.fenced(attempt, self.ask("fail", attempt, reason, retry=retry))

    @rule(attempt=attempts)
    def lose(self, attempt):
        self.fenced(attempt, self.ask("lose", attempt, "killed"))

    @rule(attempt=attempts)
    def release(self, attempt):
        self.fenced(attempt, self.ask("release", attempt, "drained"))

    @rule(attempt=attempts, sha256=HASHES)
    def keep_checkpoint(self, attempt, sha256):
        self.fenced(attempt, self.ask("keep_checkpoint", attempt, sha256))

    @rule(attempt=attempts, news=NEWS)
    def append_again(self, attempt, news):
        """The answer to the first call was lost."""
        after = self.seen[attempt.job_id].last_event if attempt.job_id in self.seen else 0
        first = self.ask("append", attempt, news, after=after)
        assert self.ask("append", attempt, news, after=after) == first
        self.fenced(attempt, first)

    def fenced(self, attempt, answer):
        """Whoever does not hold the job was refused; who does was not."""
        was = self.seen.get(attempt.job_id)
        holds = was is not None and was.attempt == attempt.number and was.status in RUNNING
        assert (isinstance(answer, tuple) and answer[0] is FencedError) == (not holds)

    @rule(job_id=jobs, owner=st.none() | OWNERS, name=st.sampled_from(["stop", "cancel", "delete", "job"]))
    def wish(self, job_id, owner, name):
        job = self.seen.get(job_id)
        answer = self.ask(name, job_id, owner)
        if job is None or owner not in (None, job.owner):
            assert answer[0] is JobNotFoundError
        elif name == "delete" and job.status not in TERMINAL:
            assert answer[0] is TransitionError
        elif name == "delete":
            del self.seen[job_id]

    @rule()
    def release_what_dead_hosts_held(self):
        for orphan in self.hosts.leases()[1]:
            assert self.hosts.release(orphan, "restarted")
        assert self.hosts.leases() == ([], [])

    @rule(seconds=st.sampled_from([1.0, -1.0]))
    def time_passes(self, seconds):
        self.clock.put_on(seconds)

    @rule(owner=OWNERS, limit=st.integers(1, 3), before=jobs, sha256=HASHES)
    def read(self, owner, limit, before, sha256):
        if before != NONE:
            wanted = [Status.QUEUED, Status.READY]
            found = self.store.jobs(owner=owner, limit=limit, before=before, statuses=wanted)
            expected = [
                job
                for _, job in sorted(self.seen.items(), reverse=True)
                if job.owner == owner and job.id < before and job.status in wanted
            ]
            assert found == expected[:limit]
            sequences = [event.sequence for event in self.store.events(before, after=1, limit=2)]
            assert sequences == list(range(2, 2 + len(sequences)))
            assert bool(self.store.artifacts(before)) == (
                before in self.seen and self.seen[before].status is Status.READY
            )
        has = any(
            one.sha256 == sha256 and one.name == "a"
            for job in self.seen.values()
            if job.owner == owner
            for one in self.store.artifacts(job.id)
        )
        assert isinstance(self.ask("artifact", sha256, "a", owner), tuple) == (not has)

    @invariant()
    def jobs_live_by_the_rules(self):
        if not hasattr(self, "store"):
            return
        jobs = self.store.jobs(limit=1000)
        counted = Counter(job.status for job in jobs)
        assert self.store.counts() == {status: counted[status] for status in Status}
        running = [job for job in jobs if job.status in RUNNING]
        assert {(one.job_id, one.attempt, one.holder) for one in self.hosts.leases()[1]} == {
            (job.id, job.attempt, HOLDER) for job in running
        }
        assert set(self.hosts.look(HOLDER).held) == {(job.id, job.attempt) for job in running}
        files = {one.sha256 for job in jobs for one in self.store.artifacts(job.id)}
        assert self.store.referenced() == files | {job.checkpoint for job in jobs if job.checkpoint}
        news = self.store.news({job.id: 0 for job in jobs})
        for job in jobs:
            sequences = [event.sequence for event in news.get(job.id, ())]
            assert sequences == list(range(1, job.last_event + 1))
            self.check_step(self.seen.get(job.id, replace(job, status=Status.QUEUED, attempt=0)), job)
        assert set(self.seen) <= {job.id for job in jobs}, "only what was deleted is gone"
        self.seen = {job.id: job for job in jobs}

    @staticmethod
    def check_step(was, now):
        if was.status in TERMINAL:
            assert now == was
        reachable, edge = {was.status}, {was.status}
        while edge:
            edge = {after for status in edge for after in TRANSITIONS[status]} - reachable
            reachable |= edge
        assert now.status in reachable
        assert now.attempt - was.attempt in (0, 1)
        assert now.failures <= FORGIVEN + 1
        assert now.lost <= FORGIVEN_LOSSES + 1
        assert (now.finished_at is not None) == (now.status in TERMINAL)
        assert (now.holder is not None) == (now.begun_at is not None) == (now.status in RUNNING)
        assert now.checkpoint is None or now.status not in TERMINAL


class PostgresPromises(Promises):
    kind = "postgres"


def _tested(machine, examples):
    machine.TestCase.settings = settings(
        max_examples=examples, stateful_step_count=40, deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )  # fmt: skip
    return machine.TestCase


TestPromises = _tested(Promises, 25)
TestPostgresPromises = needs_postgres(_tested(PostgresPromises, 10))
