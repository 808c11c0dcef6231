"""Whatever is asked in whatever order, the store on disk and its twin answer alike, and keep what they promise."""

import itertools
import tempfile
from dataclasses import replace
from pathlib import Path
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from job_examples import Clock, artifact, epoch_ended, new, opened, progress, started, trained, verified
from quickml.errors import FencedError, JobError
from quickml.events import RUNNING, TERMINAL, Status
from quickml.jobs.job import TRANSITIONS, Attempt, Limits
from quickml.jobs.jobs import SqlJobStore
from quickml.jobs.memory import MemoryJobStore

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


class Stores(RuleBasedStateMachine):
    jobs = Bundle("jobs")
    attempts = Bundle("attempts")

    @initialize()
    def open(self):
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.database = opened(Path(self.folder.name) / "quickml.db")
        self.twin, self.store = MemoryJobStore(self.clock), SqlJobStore(self.database, self.clock)
        # Without chance both give the same ids, which then rise by one.
        self.chance = mock.patch("quickml.jobs.ids.secrets.randbits", return_value=0)
        self.chance.start()
        self.claims = itertools.count(1)
        self.last_claim = {}
        self.seen = {}
        self.held = {}

    def teardown(self):
        self.chance.stop()
        self.database.close()
        self.folder.cleanup()

    def both(self, name, *arguments, **keywords):
        """What both stores answer, or the error that both raise."""
        answers = []
        for store in (self.twin, self.store):
            try:
                answers.append(getattr(store, name)(*arguments, **keywords))
            except JobError as error:
                answers.append((type(error), vars(error)))
        assert answers[0] == answers[1]
        return answers[0]

    @rule(
        target=jobs,
        owner=OWNERS,
        limits=LIMITS,
        key=st.sampled_from([None, None, "k", "l"]),
        document=st.sampled_from("12"),
    )
    def submit(self, owner, limits, key, document):
        self.clock.put_on(0.25)
        answer = self.both("submit", new(owner, key=key, document=document), limits)
        return answer[0].id if isinstance(answer[1], bool) else "job_none"

    @rule(target=attempts, limits=LIMITS)
    def claim(self, limits):
        before = {job.id: job for job in self.store.jobs(limit=1000)}
        attempt = self.both("claim", limits)
        may_run = [
            job
            for job in before.values()
            if job.status is Status.QUEUED and self.has_room(job.owner, before, limits)
        ]
        assert (attempt is None) == (not may_run)
        if attempt is None:
            return Attempt(job_id="job_none", number=1, document="")
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
        self.fenced(attempt, self.both("append", attempt, news))

    @rule(attempt=attempts, status=st.sampled_from(Status))
    def advance(self, attempt, status):
        self.fenced(attempt, self.both("advance", attempt, status))

    @rule(attempt=attempts, sha256=HASHES, other=HASHES)
    def complete(self, attempt, sha256, other):
        for status in (Status.TRAINING, Status.COMPILING, Status.VERIFYING):
            self.both("advance", attempt, status)
        files = [artifact(attempt.job_id, "a", sha256), artifact(attempt.job_id, "b", other)]
        self.fenced(attempt, self.both("complete", attempt, files, verified()))

    @rule(attempt=attempts, reason=st.sampled_from(["killed", "memory"]), retry=st.booleans())
    def fail(self, attempt, reason, retry):
        self.fenced(attempt, self.both("fail", attempt, reason, retry=retry))

    @rule(attempt=attempts)
    def release(self, attempt):
        self.fenced(attempt, self.both("release", attempt, "drained"))

    @rule(attempt=attempts)
    def stop_requested(self, attempt):
        self.fenced(attempt, self.both("stop_requested", attempt))

    def fenced(self, attempt, answer):
        """Whoever does not hold the job was refused; who does was not."""
        was = self.seen.get(attempt.job_id)
        holds = was is not None and was.attempt == attempt.number and was.status in RUNNING
        assert (isinstance(answer, tuple) and answer[0] is FencedError) == (not holds)

    @rule(job_id=jobs, owner=st.none() | OWNERS, name=st.sampled_from(["stop", "cancel", "delete", "job"]))
    def ask(self, job_id, owner, name):
        self.both(name, job_id, owner)

    @rule()
    def recover(self):
        self.both("recover", "restarted")

    @rule(seconds=st.sampled_from([1.0, -1.0]))
    def time_passes(self, seconds):
        self.clock.put_on(seconds)

    @rule(owner=OWNERS, limit=st.integers(1, 3), before=jobs, sha256=HASHES)
    def read(self, owner, limit, before, sha256):
        if before != "job_none":
            self.both("jobs", owner=owner, limit=limit, before=before, statuses=[Status.QUEUED, Status.READY])
            self.both("events", before, after=1, limit=2)
            self.both("artifacts", before)
        self.both("artifact", sha256, "a", owner)

    @invariant()
    def stores_are_alike_and_jobs_live_by_the_rules(self):
        if not hasattr(self, "store"):
            return
        jobs = self.both("jobs", limit=1000)
        for name in ("counts", "running", "position", "referenced"):
            self.both(name)
        news = self.both("news", 0)
        for job in jobs:
            sequences = [event.sequence for event in news if event.job_id == job.id]
            assert sequences == list(range(1, job.last_event + 1))
            self.check_step(self.seen.get(job.id, replace(job, status=Status.QUEUED, attempt=0)), job)
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
        assert now.failures <= 2
        assert (now.finished_at is not None) == (now.status in TERMINAL)


TestStores = Stores.TestCase
TestStores.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip
