"""Kill -9, again and again, while jobs run: what was promised is kept.

What is killed, and after what pause, follows from the seed; what that interrupts is up to the machine. There are
two jobs for every three crashes. `pytest --full` takes six minutes on two idle cores.
"""

import hashlib
import json
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from random import Random

import pytest

import rounds
from crashing import Customer, Site
from quickml.executors.executor import RESTARTED
from quickml.files.listing import matching
from quickml.jobs.job import Job
from quickml.jobs.jobs import JobStore
from quickml.jobs.lifecycle import FORGIVEN_LOSSES
from quickml.jobs.tokens import TokenStore
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.storage.database.sqlite import SqliteDatabase
from server_process import PATIENCE_S, ROOT

CRASHES = rounds.choose(few=12, full=120)
JOBS = CRASHES * 2 // 3
WORKERS = 2
OWNERS = ("ada", "ben", "cleo")
FLAGS = (
    "--workers", WORKERS, "--access", "tokens", "--checkpoint-every-s", "0.1", "--log-format", "json"
)  # fmt: skip
DEATH = "the worker was killed by SIGKILL"

IRIS = json.loads((ROOT / "iris_spec.json").read_text())
LONG = {
    "name": "long",
    "dataset": {"name": "circles", "num_samples": 20_000},
    "model": {
        "layers": [
            {"type": "Dense", "units": 16, "activation": "relu"},
            {"type": "Dropout", "rate": 0.1},
            {"type": "Dense", "units": 2, "activation": "softmax"},
        ]
    },
    "training": {"epochs": 120},
    "export": {"formats": ["mlmodel"]},
}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One job, when all is over: what its owner saw while it went on, and sees now."""

    owner: str
    document: dict
    told: list
    """(number, event), as they came to a client that reconnects."""
    replay: list
    job: dict
    files: dict
    repeated: str
    """The id that the same POST gives again."""
    stored: Job


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    site: Site
    seen: list
    listed: dict
    """The ids of each owner's jobs."""
    processes: list
    """Before the server is asked to end."""
    exit_code: int
    left: list
    """Processes, when it has."""


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory):
    data = tmp_path_factory.mktemp("crash") / "data"
    data.mkdir()
    site = Site(data, Random(rounds.seed), CRASHES, *FLAGS)
    customers = _customers(data, site)
    with ThreadPoolExecutor(JOBS) as crowd:
        try:
            site.start()
            _crash(site, crowd, customers)
            return _looked_through(site, customers)
        finally:
            site.end()


def _customers(data, site):
    database = SqliteDatabase(data / "quickml.db")
    tokens = TokenStore(database)
    secrets = [(owner, tokens.create(owner)[1]) for owner in OWNERS]
    database.close()
    return [
        Customer(site, *secrets[number % len(OWNERS)], f"key-{number}", LONG if number % 4 == 0 else IRIS)
        for number in range(JOBS)
    ]


def _crash(site, crowd, customers):
    """Jobs come over the first four fifths of the crashes, so that there is something to hit until the end."""
    visits = []

    def is_idle():
        return all(visit.done() for visit in visits)

    while site.left:
        share = 1.25 * (1 - site.left / CRASHES)
        visits += [crowd.submit(one.run) for one in customers[len(visits) : 3 + int(share * JOBS)]]
        site.crash(is_idle)
    visits += [crowd.submit(one.run) for one in customers[len(visits) :]]
    for visit in visits:
        visit.result(timeout=PATIENCE_S)


def _looked_through(site, customers):
    """Everything, from the last server and from the folder that it leaves."""
    scratch = site.data / "scratch"
    site.server().until(lambda: not any(matching(scratch, "*/*")), "an empty scratch folder")
    found = [_asked(customer) for customer in customers]
    listed = {
        one.owner: [job["id"] for job in one.get("/v1/jobs", limit=200).json()["jobs"]] for one in customers
    }
    processes = site.processes()
    exit_code, left = site.end(), site.processes()
    database = SqliteDatabase(site.data / "quickml.db")
    store = JobStore(database)
    seen = [Seen(**fields, stored=store.job(fields["job"]["id"])) for fields in found]
    database.close()
    return Aftermath(site=site, seen=seen, listed=listed, processes=processes, exit_code=exit_code, left=left)


def _asked(customer):
    job = customer.get(f"/v1/jobs/{customer.job_id}").json()
    return {
        "owner": customer.owner,
        "document": customer.document,
        "told": customer.told,
        "replay": customer.replay(),
        "job": job,
        "files": {one["url"]: customer.get(one["url"]).content for one in _files(job)},
        "repeated": customer.post(),
    }


def _files(job):
    """All rows of the manifest that are files, those in packages among them."""
    inside = [file for one in job["artifacts"] if one["package"] for file in one["package"]["files"]]
    return job["artifacts"] + inside


def _attempts(seen):
    """The events of each attempt."""
    found = [[]]
    for _, event in seen.replay:
        found[-1].append(event)
        if event["type"] == "interrupted":
            found.append([])
    return found


def _interruptions(seen):
    return [event for _, event in seen.replay if event["type"] == "interrupted"]


def _losses(seen, reason):
    """Events that tell of it: of attempts that are forgiven, and of the one that is not."""
    return [
        event
        for _, event in seen.replay
        if event["type"] in ("interrupted", "failed")
        and event.get("reason", event.get("message")).startswith(reason)
    ]


def _deaths(seen):
    return _losses(seen, DEATH)


def _restarts(seen):
    return _losses(seen, RESTARTED)


def test_it_was_killed_as_often_as_asked(aftermath):
    site = aftermath.site
    assert len(site.server_kills) + len(site.worker_kills) >= 0.9 * CRASHES, "some had died before"
    kinds = [any(map(kind, aftermath.seen)) for kind in (_deaths, _restarts)]
    assert all(kinds) if rounds.is_full else any(kinds), "few crashes may all be of one kind"


def test_no_job_is_lost_or_made_twice(aftermath):
    for owner, listed in aftermath.listed.items():
        mine = [seen.job["id"] for seen in aftermath.seen if seen.owner == owner]
        assert sorted(listed) == sorted(mine)
        assert len(set(mine)) == len(mine) > 0
    for seen in aftermath.seen:
        assert seen.repeated == seen.job["id"]
        assert seen.job["document"] == seen.document


def test_every_job_is_ready_unless_it_was_lost_again_and_again(aftermath):
    for seen in aftermath.seen:
        assert seen.stored.failures == 0, "no job is to blame"
        if seen.job["status"] == "failed":
            assert seen.stored.lost == FORGIVEN_LOSSES + 1
            assert len(_deaths(seen)) + len(_restarts(seen)) > FORGIVEN_LOSSES
            assert seen.replay[-1][1]["message"] == seen.job["error"]
            assert seen.job["error"].endswith("attempts were lost without progress")
        else:
            assert seen.job["status"] == "ready"
            assert seen.stored.lost <= FORGIVEN_LOSSES
    failed = [seen for seen in aftermath.seen if seen.job["status"] == "failed"]
    site = aftermath.site
    most = len(site.worker_kills) + WORKERS * len(site.server_kills)
    assert len(failed) <= most // (FORGIVEN_LOSSES + 1)


def test_what_interrupts_is_what_was_killed(aftermath):
    for seen in aftermath.seen:
        told = _interruptions(seen)
        assert [event["reason"] for event in told if event not in _restarts(seen) + _deaths(seen)] == []
        assert seen.stored.lost <= len(_deaths(seen)) + len(_restarts(seen))
    site = aftermath.site
    _assert_caused([_deaths(seen) for seen in aftermath.seen], site.worker_kills, most=1)
    _assert_caused([_restarts(seen) for seen in aftermath.seen], site.server_kills, most=WORKERS)


def _assert_caused(events_of_jobs, kills, *, most):
    """By the time of each event there were kills enough: of all jobs, and of this one."""
    for some, most_each in [([*chain(*events_of_jobs)], most), *((events, 1) for events in events_of_jobs)]:
        times = sorted(datetime.fromisoformat(event["time"]) for event in some)
        for count, time in enumerate(times, start=1):
            assert count <= most_each * sum(kill < time for kill in kills)


def test_no_job_is_run_to_its_end_twice(aftermath):
    for seen in aftermath.seen:
        kinds = Counter(event["type"] for _, event in seen.replay)
        is_ready = seen.job["status"] == "ready"
        assert (kinds["verified"], kinds["failed"], kinds["cancelled"]) == (is_ready, not is_ready, 0)
        assert seen.replay[-1][1]["type"] == ("verified" if is_ready else "failed")


def test_events_have_no_gap_and_no_repeat_for_a_client_that_reconnects(aftermath):
    for seen in aftermath.seen:
        assert [number for number, _ in seen.told] == list(range(1, seen.job["last_event"] + 1))
        assert seen.told == seen.replay, "what was once seen is never taken back"


def test_each_attempt_is_told_from_its_beginning(aftermath):
    for seen in aftermath.seen:
        attempts = _attempts(seen)
        assert len(attempts) == seen.job["attempt"]
        assert [event["attempt"] for event in _interruptions(seen)] == list(range(1, len(attempts)))
        for attempt in attempts:
            kinds = [
                event["type"]
                for event in attempt
                if event["type"] not in ("progress", "warning", "epoch", "batches", "snapshot")
            ]
            whole = ["started", "built", "trained", "compiled"]
            assert kinds[:-1] == whole[: len(kinds) - 1]
        assert kinds[-1] == "failed" or kinds[:-1] == whole


def test_a_training_goes_on_from_its_checkpoint(aftermath):
    for seen in aftermath.seen:
        reached = 0
        for number, attempt in enumerate(_attempts(seen), start=1):
            epochs = [event["epoch"] for event in attempt if event["type"] == "epoch"]
            if epochs:
                assert epochs == list(range(epochs[0], epochs[0] + len(epochs)))
                assert epochs[0] <= reached + 1, "an epoch was never told of"
                assert epochs[0] >= _kept_before(aftermath.site, seen, number)
                reached = max(reached, epochs[-1])
        if seen.job["status"] == "ready":
            assert reached == seen.document["training"]["epochs"]


def _kept_before(site, seen, attempt):
    """The epoch that was under way when this job was last kept by an earlier attempt, as far as it was seen."""
    mine = [epoch for job_id, number, epoch in site.kept if job_id == seen.job["id"] and number < attempt]
    return max(mine, default=1)


def test_files_are_whole(aftermath):
    for seen in aftermath.seen:
        manifest = seen.job["artifacts"]
        assert {one["kind"] for one in manifest} >= (
            {"mlmodel", "keras", "report", "spec"} if seen.job["status"] == "ready" else set()
        )
        for one in _files(seen.job):
            content = seen.files[one["url"]]
            assert (hashlib.sha256(content).hexdigest(), len(content)) == (one["sha256"], one["size_bytes"])
        if manifest:
            told = {one["name"]: one["sha256"] for one in seen.replay[-1][1]["files"]}
            assert told["model.mlmodel"] == next(
                one["sha256"] for one in manifest if one["name"] == "model.mlmodel"
            )


def _put_together(data):
    """The files that are not stored themselves."""
    with closing(sqlite3.connect(data / "quickml.db")) as connection:
        found = connection.execute("SELECT sha256 FROM artifacts WHERE composition IS NOT NULL")
        return {sha256 for (sha256,) in found}


def test_nothing_lies_about(aftermath):
    """What was under way to the store when its worker died goes with a later sweep, and nothing else does."""
    data = aftermath.site.data
    for place in data.glob(f"artifacts/??/{'?' * 64}"):
        assert hashlib.sha256(place.read_bytes()).hexdigest() == place.name
    known = {one["sha256"] for seen in aftermath.seen for one in _files(seen.job)} - _put_together(data)
    FilesystemArtifactStore(data / "artifacts").sweep(known, age_s=-1)
    assert {place.name for place in data.glob(f"artifacts/??/{'?' * 64}")} == known
    assert list(data.glob("artifacts/partial/*")) == []
    assert list((data / "scratch").iterdir()) == []
    assert list(aftermath.site.temporary.iterdir()) == []


def test_no_process_is_left(aftermath):
    assert len(aftermath.processes) <= 1 + WORKERS
    assert aftermath.left == []
    assert aftermath.exit_code == 0


def test_the_database_is_sound(aftermath):
    with closing(sqlite3.connect(aftermath.site.data / "quickml.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_nothing_went_wrong_that_nobody_foresaw(aftermath):
    log = aftermath.site.data.with_name("data.log").read_text()
    assert "Traceback" not in log
    assert "unexpected error" not in log
