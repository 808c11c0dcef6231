"""One worker: what it says, stores and tells, and the real one at real work."""

import hashlib
import json
import os
import signal
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest

from documents import DIGITS
from executor_bench import ExecutorBench, gone, new, until, worker_options
from job_examples import Jobs, opened
from quickml import events
from quickml.errors import FencedError, StoreError
from quickml.events import TERMINAL, Status
from quickml.executors.executor import State
from quickml.executors.local.executor import LocalExecutor
from quickml.executors.local.supervisor import WorkerLimits
from quickml.files.listing import matching
from quickml.film.pages import loosened
from quickml.jobs.frames import FilmChange
from quickml.jobs.hosts import Hosts
from quickml.jobs.job import NewJob
from quickml.service.films import Films
from quickml.storage.backends import Backends
from quickml.testing import executor
from quickml.worker import options
from quickml.worker import reporter as reporter_module
from quickml.worker.attempt import AttemptRunner
from quickml.worker.channel import Channel
from quickml.worker.reporter import Reporter
from quickml.worker.upload import upload
from result_rows import rows


@pytest.fixture
def store(tmp_path):
    return Jobs(opened(tmp_path / "store.db"))


@pytest.fixture
def artifacts(tmp_path_factory):
    return Backends.open(worker_options(tmp_path_factory.mktemp("backends")).addresses).artifacts


@pytest.fixture
def attempt(store):
    store.submit(new())
    return store.claim()


def progress(step):
    return events.Progress(epoch=1, epochs=3, step=step, steps=9, samples_per_second=1.0, metrics={})


# ------------------------------------------------------------------------------------------ the channel


@pytest.fixture
def ends():
    ends = [Channel(end) for end in socket.socketpair()]
    yield ends
    for end in ends:
        end.close()


def test_messages_arrive_as_they_were_sent_whatever_is_in_them(ends):
    document = 'a line\nand "another" \u2028 \U0001f600'
    ends[0].send("attempt", document=document, number=3)
    ends[0].send("stop", job_id="job_1")
    messages = []
    while len(messages) < 2:
        messages += ends[1].receive()
    assert messages == [
        {"type": "attempt", "document": document, "number": 3},
        {"type": "stop", "job_id": "job_1"},
    ]


def test_a_long_message_arrives_in_pieces(ends):
    document = "x" * 4_000_000
    sender = threading.Thread(target=ends[0].send, args=("attempt",), kwargs={"document": document})
    sender.start()
    pieces = []
    while not any(pieces):
        pieces.append(ends[1].receive())
    sender.join()
    assert pieces[-1] == [{"type": "attempt", "document": document}]
    assert len(pieces) > 1


def test_a_closed_end_ends_the_other(ends):
    ends[0].close()
    with pytest.raises(EOFError):
        ends[1].receive()
    with pytest.raises(OSError):
        ends[1].send("alive")


def test_options_go_through_a_command_line(tmp_path):
    mine = worker_options(tmp_path / "a b" / "ö", checkpoint_every_s=1.5)
    assert options.from_json(mine.to_json()) == mine


# ----------------------------------------------------------------------------------------- the reporter


@contextmanager
def reporting(store, attempt, progress_every_s=0.0):
    with Reporter(store, attempt, progress_every_s=progress_every_s) as reporter:
        yield reporter


def told(store, attempt):
    return [json.loads(event.body) for event in store.events(attempt.job_id)]


def test_progress_gives_way_to_what_comes_after_it_and_epochs_do_not(store, attempt, monkeypatch):
    monkeypatch.setattr(reporter_module, "STORE_EVERY_S", 3600.0)
    with reporting(store, attempt) as reporter:
        for step in range(1, 9):
            reporter.tell(progress(step))
        reporter.flush()
        reporter.tell(progress(9))
        for epoch in (1, 2, 3):
            reporter.tell(executor.epoch_ended(epoch))
        reporter._over.set()
    found = [(event["type"], event.get("step") or event.get("epoch")) for event in told(store, attempt)]
    assert found == [("progress", 8), ("epoch", 1), ("epoch", 2), ("epoch", 3)]


def test_progress_waits_for_its_time_and_nothing_else_does(store, attempt):
    with reporting(store, attempt, progress_every_s=3600.0) as reporter:
        for step in range(1, 9):
            reporter.tell(progress(step))
            reporter.flush()
        for event in (executor.epoch_ended(1), progress(1), executor.epoch_ended(2), progress(2)):
            reporter.tell(event)
            reporter.flush()
    found = [(event["type"], event.get("step") or event.get("epoch")) for event in told(store, attempt)]
    assert found == [("progress", 1), ("epoch", 1), ("epoch", 2)]


def snapshot(frame):
    return events.Snapshot(frame=frame, epoch=1, frames=frame, size_bytes=9)


def batches(first):
    return events.Batches(first=first, every=1, losses=(0.5,))


def test_a_snapshot_gives_way_to_the_next_and_losses_do_not(store, attempt, monkeypatch):
    monkeypatch.setattr(reporter_module, "STORE_EVERY_S", 3600.0)
    with reporting(store, attempt) as reporter:
        for epoch in (1, 2):
            for event in (progress(1), batches(1), snapshot(epoch), progress(2), batches(2)):
                reporter.tell(event)
            reporter.tell(executor.epoch_ended(epoch))
        reporter.flush()
        reporter.tell(snapshot(3))
        reporter._over.set()
    assert [event["type"] for event in told(store, attempt)] == [
        *("batches", "batches", "epoch", "batches", "snapshot", "batches", "epoch"),
        "snapshot",
    ]


def test_progress_that_is_not_due_does_not_delay_what_follows_it(store, attempt):
    with reporting(store, attempt, progress_every_s=3600.0) as reporter:
        for event in (progress(1), batches(1), progress(2), batches(2), snapshot(1)):
            reporter.tell(event)
            reporter.flush()
        reporter.tell(executor.trained(1, "asked"))
    types = [event["type"] for event in told(store, attempt)]
    assert types == ["progress", "batches", "batches", "snapshot", "progress", "trained"]


def frames(store, attempt):
    return store.frames(attempt.job_id)


def test_frames_are_stored_with_the_event_that_tells_of_them(store, attempt, monkeypatch):
    monkeypatch.setattr(reporter_module, "STORE_EVERY_S", 3600.0)
    with reporting(store, attempt) as reporter:
        reporter.start(b"head")
        for number in range(9):
            reporter.add(number, b"%d" % number)
            reporter.tell(snapshot(number))
        reporter.drop([1, 3, 5, 7])
        assert (frames(store, attempt).head, told(store, attempt)) == (None, [])
        reporter.flush()
        assert frames(store, attempt).head == b"head"
        assert frames(store, attempt).frames == {number: b"%d" % number for number in (0, 2, 4, 6, 8)}
        assert [event["frame"] for event in told(store, attempt)] == [8]
        reporter.drop([2, 6])
        reporter._over.set()
    assert list(frames(store, attempt).frames) == [0, 4, 8]


def test_the_film_of_a_resumed_training_replaces_the_one_before(store, attempt):
    with reporting(store, attempt) as reporter:
        reporter.start(b"head")
        for number in range(5):
            reporter.add(number, b"first")
    store.release(attempt, "the server ends")
    assert list(frames(store, attempt).frames) == [0, 1, 2, 3, 4]  # until the training goes on
    second = store.claim()
    with reporting(store, second) as reporter:
        reporter.start(b"head")
        for number in range(3):
            reporter.add(number, b"again")
    assert frames(store, attempt).frames == dict.fromkeys(range(3), b"again")


def lose_the_first_answer(store, monkeypatch):
    append, failures = store.append, [StoreError("the connection was lost")]

    def lossy(*arguments, **options):
        last = append(*arguments, **options)
        if failures:
            raise failures.pop()
        return last

    monkeypatch.setattr(store, "append", lossy)


def test_frames_whose_commit_was_not_confirmed_are_stored_as_they_are_then(store, attempt, monkeypatch):
    """The database stores them, and its answer is lost."""
    lose_the_first_answer(store, monkeypatch)
    reporter = Reporter(store, attempt, progress_every_s=0.0)
    reporter.start(b"head")
    reporter.add(0, b"0")
    reporter.add(1, b"1")
    reporter.tell(snapshot(1))
    with pytest.raises(StoreError):
        reporter.flush()
    reporter.drop([1])
    reporter.add(2, b"2")
    reporter.tell(snapshot(2))
    reporter.flush()
    assert frames(store, attempt).frames == {0: b"0", 2: b"2"}
    assert [event["frame"] for event in told(store, attempt)] == [1, 2]


def test_frames_wait_for_a_database_that_is_full_for_a_while(store, attempt, monkeypatch):
    append, failures = store.append, [StoreError("database or disk is full")] * 2

    def full(*arguments, **options):
        if failures:
            raise failures.pop()
        return append(*arguments, **options)

    monkeypatch.setattr(store, "append", full)
    with Reporter(store, attempt, progress_every_s=0.0, patience_s=60.0) as reporter:
        reporter.start(b"head")
        reporter.add(0, b"0")
        reporter.tell(snapshot(0))
        until(lambda: len(failures) < 2, "a first try")
        for number in range(1, 300):  # the training does not wait
            reporter.add(number, b"x")
            reporter.drop([number - 1])
    assert frames(store, attempt).frames == {299: b"x"}


def test_an_attempt_that_was_given_up_on_while_frames_wait_stores_none(store, attempt):
    store.release(attempt, "the server ends")
    second = store.claim()
    store.append(second, [], film=FilmChange(head=b"second", added={0: b"0"}))

    def hears(reporter):
        try:
            reporter.add(1, b"late")
            reporter.tell(snapshot(1))
        except FencedError:
            return True
        return False

    with Reporter(store, attempt, progress_every_s=0.0) as reporter:
        reporter.start(b"first")
        until(lambda: hears(reporter), "the reporter to hear that it was given up on")
    assert (frames(store, attempt).head, frames(store, attempt).frames) == (b"second", {0: b"0"})


def test_events_are_stored_without_anybody_asking(store, attempt):
    with reporting(store, attempt) as reporter:
        reporter.tell(executor.epoch_ended(1))
        until(lambda: store.events(attempt.job_id), "the event")


def test_what_was_told_before_the_end_is_stored_at_the_end(store, attempt):
    with pytest.raises(ZeroDivisionError), reporting(store, attempt) as reporter:
        reporter.tell(executor.epoch_ended(1))
        raise ZeroDivisionError
    assert [event["type"] for event in told(store, attempt)] == ["epoch"]


def test_events_whose_commit_was_not_confirmed_are_stored_once(store, attempt, monkeypatch):
    """The database stores them, and its answer is lost."""
    lose_the_first_answer(store, monkeypatch)
    reporter = Reporter(store, attempt, progress_every_s=0.0)
    reporter.tell(executor.epoch_ended(1))
    with pytest.raises(StoreError):
        reporter.flush()
    reporter.tell(executor.epoch_ended(2))
    reporter.flush()
    assert [event["epoch"] for event in told(store, attempt)] == [1, 2]


def test_events_that_could_not_be_stored_are_stored_before_the_failure_is(store, attempt, monkeypatch):
    append, failures = store.append, [StoreError("the database is locked")]

    def refused_once(*arguments, **options):
        if failures:
            raise failures.pop()
        return append(*arguments, **options)

    monkeypatch.setattr(store, "append", refused_once)
    monkeypatch.setattr(reporter_module, "STORE_EVERY_S", 3600.0)
    with pytest.raises(StoreError), reporting(store, attempt) as reporter:
        reporter.tell(executor.epoch_ended(1))
        reporter.flush()
    assert [event["epoch"] for event in told(store, attempt)] == [1]


def test_who_was_given_up_on_hears_of_it(store, attempt):
    store.cancel(attempt.job_id)

    def hears(reporter):
        try:
            reporter.tell(progress(1))
        except FencedError:
            return True
        return False

    with reporting(store, attempt) as reporter:
        until(lambda: hears(reporter), "the error")
    assert [event["type"] for event in told(store, attempt)] == ["cancelled"]


# ------------------------------------------------------------------------------------------- an attempt


class Course:
    """Stands in for the pipeline: tells of `events`, and calls `between` before each."""

    def __init__(self, *told, between=lambda event: None):
        self.told, self.between, self.closed = told, between, False

    def run(self, plan, folder, *, stop, checkpoints, frames, catalog):
        folder.mkdir(parents=True)
        (folder / "spec.json").write_text("{}")
        self.plan, self.checkpoint = plan, checkpoints.path
        try:
            for event in self.told:
                self.between(event)
                yield event
        except GeneratorExit:
            self.closed = True
            raise

    def failure(self, error):
        return events.Failed(error=type(error).__name__, message=str(error))

    def warm(self):
        raise AssertionError


WHOLE = (
    executor.STARTED, executor.BUILT, executor.epoch_ended(1), executor.trained(1, None), executor.COMPILED, executor.VERIFIED,
)  # fmt: skip


def runner(store, attempt, artifacts, folder, work):
    return AttemptRunner(attempt, jobs=store, artifacts=artifacts, options=worker_options(folder), work=work)


def test_the_status_follows_the_events(store, attempt, tmp_path, artifacts):
    seen = []
    work = Course(*WHOLE, between=lambda event: seen.append(store.job(attempt.job_id).status))
    assert runner(store, attempt, artifacts, tmp_path, work).run() == "completed"
    assert seen == ["building", "building", "training", "training", "compiling", "verifying"]
    assert store.job(attempt.job_id).status is Status.READY
    assert [event["type"] for event in told(store, attempt)] == [event.type for event in WHOLE]
    assert [artifact.name for artifact in store.artifacts(attempt.job_id)] == ["spec.json"]


def test_cancelled_at_any_event_it_drops_everything_quietly(store, tmp_path, artifacts):
    for at in WHOLE:
        job_id = store.submit(new())[0].id
        attempt = store.claim()
        work = Course(*WHOLE, between=lambda event, at=at, job=job_id: event is at and store.cancel(job))
        assert runner(store, attempt, artifacts, tmp_path, work).run() == "fenced"
        assert store.job(job_id).status is Status.CANCELLED
        assert told(store, attempt)[-1]["type"] == "cancelled"
        assert store.artifacts(job_id) == []


@pytest.mark.parametrize("at", [executor.STARTED, executor.BUILT, WHOLE[2]], ids=lambda event: event.type)
def test_asked_to_leave_while_training_it_goes(store, attempt, tmp_path, artifacts, at):
    work = Course(*WHOLE, between=lambda event: event is at and mine.leave())
    mine = runner(store, attempt, artifacts, tmp_path, work)
    assert mine.run() == "left"
    assert work.closed
    assert told(store, attempt)[-1]["type"] == at.type


@pytest.mark.parametrize("at", WHOLE[3:], ids=lambda event: event.type)
def test_asked_to_leave_when_it_is_trained_it_finishes(store, attempt, tmp_path, artifacts, at):
    work = Course(*WHOLE, between=lambda event: event is at and mine.leave())
    mine = runner(store, attempt, artifacts, tmp_path, work)
    assert mine.run() == "completed"


def test_asked_to_leave_it_finishes_whatever_it_reports_after_the_training(
    store, attempt, tmp_path, artifacts
):
    """A warning and compressed files, say, change no status."""
    course = (*WHOLE[:4], events.Warned(pointer="", message="untrained"), *WHOLE[4:])
    work = Course(*course, between=lambda event: event is course[3] and mine.leave())
    mine = runner(store, attempt, artifacts, tmp_path, work)
    assert mine.run() == "completed"


@pytest.mark.parametrize(
    "asked, allowed, found", [(None, None, None), (None, 60.0, 60.0), (5.0, 60.0, 5.0), (5.0, None, 5.0)]
)
def test_a_training_ends_in_time_with_what_it_learned(store, tmp_path, artifacts, asked, allowed, found):
    """What the document asks for or the server allows, whichever is less."""
    document = {**DIGITS, "training": {"max_seconds": asked} if asked else {}}
    store.submit(replace(new(), document=json.dumps(document), max_seconds=allowed))
    work = Course(*WHOLE)
    assert runner(store, store.claim(), artifacts, tmp_path, work).run() == "completed"
    assert work.plan.document.training.max_seconds == found


def test_of_an_earlier_attempt_nothing_is_left(store, attempt, tmp_path, artifacts):
    folder = tmp_path / "scratch" / f"{attempt.job_id}-1"
    (folder / ".result-x.partial").mkdir(parents=True)
    (folder / "checkpoint.npz").write_text("of an attempt that could not store it")
    names = []
    work = Course(*WHOLE, between=lambda _: names.append(sorted(path.name for path in folder.iterdir())))
    assert runner(store, attempt, artifacts, tmp_path, work).run() == "completed"
    assert names[0] == ["result", "temporary"]


# ------------------------------------------------------------------------------------------ checkpoints


class Keeping(Course):
    """Writes a checkpoint before each event, and remembers what it found at its beginning."""

    def run(self, plan, folder, *, stop, checkpoints, frames, catalog):
        self.found = checkpoints.path.read_text() if checkpoints.path.exists() else None
        for event in super().run(
            plan, folder, stop=stop, checkpoints=checkpoints, frames=frames, catalog=catalog
        ):
            checkpoints.before()
            checkpoints.path.write_text(f"{event.type} {checkpoints.label}")
            checkpoints.after()
            yield event


def stored(artifacts, sha256):
    with artifacts.open(sha256) as stream:
        return stream.read().decode()


def left_in_the_middle(store, attempt, artifacts, folder):
    work = Keeping(*WHOLE, between=lambda event: event is WHOLE[2] and mine.leave())
    mine = runner(store, attempt, artifacts, folder, work)
    assert mine.run() == "left"
    return work


def test_a_checkpoint_is_stored_and_the_next_attempt_begins_with_it_anywhere(store, tmp_path, artifacts):
    job_id = store.submit(new())[0].id
    first = store.claim()
    assert left_in_the_middle(store, first, artifacts, tmp_path / "one machine").found is None
    checkpoint = store.job(job_id).checkpoint
    assert stored(artifacts, checkpoint) == f"epoch {job_id} 1"
    assert artifacts.usage_bytes() == len(f"epoch {job_id} 1"), "the ones before are deleted"
    store.release(first, "drained")
    work = Keeping(*WHOLE)
    assert runner(store, store.claim(), artifacts, tmp_path / "another", work).run() == "completed"
    assert work.found == f"epoch {job_id} 1"
    assert store.job(job_id).checkpoint is None
    assert {one.sha256 for one in store.artifacts(job_id)} == store.referenced()
    assert artifacts.sweep(store.referenced(), age_s=-1) == set(), "the checkpoint is deleted with the end"


def test_two_equal_jobs_do_not_share_a_checkpoint(store, tmp_path, artifacts):
    """The one that is done first deletes its own."""
    for _ in range(2):
        store.submit(new())
    attempts = [store.claim(), store.claim()]
    for attempt in attempts:
        assert left_in_the_middle(store, attempt, artifacts, tmp_path).found is None
    kept = [store.job(attempt.job_id).checkpoint for attempt in attempts]
    assert kept[0] != kept[1]
    store.release(attempts[0], "drained")
    assert runner(store, store.claim(), artifacts, tmp_path, Keeping(*WHOLE)).run() == "completed"
    assert stored(artifacts, kept[1]) == f"epoch {attempts[1].job_id} 1"


def test_an_attempt_that_was_given_up_on_replaces_no_checkpoint(store, tmp_path, artifacts):
    """A frozen worker that goes on when another attempt has begun."""
    job_id = store.submit(new())[0].id
    frozen, others = store.claim(), []

    def thaw(event):
        if event is WHOLE[2]:
            store.release(frozen, "lost")
            others.append(store.claim())
            (tmp_path / "kept").write_text("by the other")
            others.append(artifacts.put(tmp_path / "kept").sha256)
            store.keep_checkpoint(*others)

    work = Keeping(*WHOLE, between=thaw)
    assert runner(store, frozen, artifacts, tmp_path, work).run() == "fenced"
    assert store.job(job_id).checkpoint == others[1]
    assert artifacts.sweep({others[1]}, age_s=-1) <= {sha256_of(f"built {job_id} 1")}, "its own are deleted"


def sha256_of(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_checkpoint_that_is_lost_costs_only_what_was_learned(store, tmp_path, artifacts):
    store.submit(new())
    attempt = store.claim()
    store.keep_checkpoint(attempt, "ab" * 32)
    store.release(attempt, "drained")
    work = Keeping(*WHOLE)
    assert runner(store, store.claim(), artifacts, tmp_path, work).run() == "completed"
    assert work.found is None


def test_what_is_delivered_says_what_it_is(tmp_path, artifacts):
    for name in ("model.mlmodel", "report.html", "report.json", "spec.json", "model.keras", "model.onnx"):
        (tmp_path / name).write_text(name)
    (tmp_path / "model.mlpackage").mkdir()
    artifacts = upload(tmp_path, rows(tmp_path), "job_1", artifacts)
    assert {artifact.name: artifact.kind for artifact in artifacts} == {
        "model.keras": "keras",
        "model.mlmodel": "mlmodel",
        "model.mlpackage.zip": "mlpackage",
        "model.onnx": "onnx",
        "report.html": "report",
        "report.json": "report",
        "spec.json": "spec",
    }
    assert all(
        artifact.size_bytes == len(artifact.name) for artifact in artifacts if "zip" not in artifact.name
    )


# --------------------------------------------------------------------------------------------- the real one


@pytest.fixture
def real(tmp_path):
    """An executor with one worker as a user has it, but for the pause between checkpoints."""
    place = ExecutorBench("local", tmp_path)
    place.options = worker_options(tmp_path, checkpoint_every_s=0.0)
    executor = LocalExecutor(
        place.store,
        Hosts(place.database),
        WorkerLimits(options=place.options, threads=2),
        workers=1,
        scratch=place.options.scratch,
    )
    executor.start()
    place.running.append(executor)
    place.executor = executor
    yield place
    place.close()


def submit(place, epochs):
    document = json.dumps({**DIGITS, "training": {**DIGITS["training"], "epochs": epochs}})
    job = place.store.submit(NewJob(owner="ann", name="digits", document=document, epochs=epochs))[0]
    place.executor.wake()
    return job.id


def epochs_told(place, job_id):
    return [json.loads(e.body)["epoch"] for e in place.store.events(job_id) if e.type == "epoch"]


class Live:
    """Reads pages of the film of a job while it is recorded, and keeps every frame as it came."""

    def __init__(self, place, job_id):
        self.films, self.job_id = Films(place.store, Backends.open(place.options.addresses).artifacts), job_id
        self.frames, self.heads = {}, set()

    def read(self):
        """Read a page of what is new; all frames so far."""
        page = self.films.page(self.job_id, "ann", max(self.frames, default=-1))
        if page.content:
            film = loosened(page.content)
            self.heads.add(film.head)
            self.frames |= film.bodies
        return self.frames

    def finished(self):
        """The frames of the file, page by page."""
        found, after = {}, -1
        while page := loosened(
            self.films.page_of_file(self.films.page(self.job_id, "ann").file, after)
        ).bodies:
            found |= page
            after = max(found)
        return found


def test_killed_while_it_trains_the_job_goes_on_and_ends_with_the_same_model_and_film(real):
    whole, broken = submit(real, 24), submit(real, 24)
    assert real.over(whole).status is Status.READY
    live = Live(real, broken)
    until(lambda: live.read() and epochs_told(real, broken), "an epoch")
    within = (None, real.store.job(broken).checkpoint)  # at the latest of the second epoch
    until(lambda: real.store.job(broken).checkpoint not in within, "a checkpoint of a later epoch")
    os.kill(real.executor.workers()[0].pid, signal.SIGKILL)
    until(lambda: live.read() and real.store.job(broken).status in TERMINAL, "the end")
    job = real.over(broken)
    assert (job.status, job.attempt, job.failures) == (Status.READY, 2, 0)
    types = [event.type for event in real.store.events(broken)]
    later = types[types.index("interrupted") :].count("epoch")
    assert 0 < later < 24, "it began anew"
    assert epochs_told(real, broken)[-1] == 24
    models = [
        {artifact.name: artifact for artifact in real.store.artifacts(job_id)} for job_id in (whole, broken)
    ]
    assert set(models[0]) == set(models[1]) >= {"model.mlmodel", "model.mlpackage.zip", "report.html"}
    assert models[0]["model.mlmodel"].sha256 == models[1]["model.mlmodel"].sha256
    assert models[0]["film.bin"].sha256 == models[1]["film.bin"].sha256
    film, kept = live.finished(), live.frames.keys()
    assert len(kept & film.keys()) > 10
    assert {number: film[number] for number in kept & film.keys()} == {
        number: live.frames[number] for number in kept & film.keys()
    }
    assert len(live.heads) == 1
    assert real.store.frames(broken).head is None
    until(lambda: not any(matching(real.options.scratch, "*/*")), "an empty folder")
    assert real.store.referenced() == {
        one.sha256 for some in models for one in some.values() if one.composition is None
    }


def test_stopped_while_it_trains_it_delivers_a_model_and_drained_it_goes_on(real):
    stopped, drained = submit(real, 100_000), submit(real, 100_000)
    until(lambda: epochs_told(real, stopped), "an epoch")
    real.store.stop(stopped)
    job = real.over(stopped)
    assert (job.status, job.stopped_early) == (Status.READY, True)
    until(lambda: epochs_told(real, drained), "an epoch")
    real.executor.close(60.0)
    job = real.store.job(drained)
    assert (job.status, job.failures) == (Status.QUEUED, 0)
    assert job.checkpoint in real.store.referenced()


def test_a_warm_worker_that_loses_its_supervisor_ends(real):
    """Of the two ways, the one that works on every system: the channel ends."""
    until(lambda: real.executor.workers()[0].state is State.IDLE, "a warm worker")
    worker = real.executor.workers()[0]
    child = real.executor._supervisors[0]._process
    child._channel._connection.shutdown(socket.SHUT_RDWR)
    until(lambda: gone(worker.pid), "its end")
