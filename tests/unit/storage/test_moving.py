"""A data folder moves to PostgreSQL and to a bucket: everything, compared, and only if nobody uses it."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

import s3_process
from job_examples import Jobs, artifact, finish, new, progress
from postgres_process import PASSWORD, emptied, needs_postgres
from quickml import composition
from quickml.errors import StoreError
from quickml.jobs.keys import LINKS, KeyStore
from quickml.jobs.tokens import TokenStore
from quickml.service.contents import ArtifactContents
from quickml.settings import Settings
from quickml.storage.addresses import Addresses
from quickml.storage.artifacts.checksums import check
from quickml.storage.artifacts.composed import Composition, FilePiece
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.storage.backends import Backends
from quickml.storage.database.postgres import PostgresDatabase
from quickml.storage.database.sqlite import SqliteDatabase

pytestmark = needs_postgres
ODD = 'a\0b \ufdd0 é数\U0001f600 "'


@pytest.fixture
def folder(tmp_path):
    database = SqliteDatabase(tmp_path / "quickml.db")
    store = Jobs(database)
    store.submit(new(document=ODD, key=ODD))
    store.append(store.claim(), [progress(loss=float("nan"))])
    store.submit(new("bob"))
    attempt = store.claim()
    finish(store, attempt, artifact(attempt.job_id, "a b.bin"))
    store.submit(new("eve"))
    database.secret = TokenStore(database).create("ada")[1]
    yield database
    database.close()


def moved(folder, address):
    return composition.move(Settings.of(data=folder.path.parent, database=address)).rows


def seen(database):
    store = Jobs(database)
    jobs = [(job, store.events(job.id), store.artifacts(job.id)) for job in store.jobs()]
    return repr((jobs, store.counts(), store.counters(), store.feed.changes("ada", 0, 100)))


def test_everything_moves_and_goes_on(folder):
    before, address = seen(folder), emptied()
    assert moved(folder, address) > 10
    assert not folder.path.exists()
    assert folder.path.with_name("quickml.db.moved").exists()
    database = PostgresDatabase(address)
    assert seen(database) == before
    assert TokenStore(database).verify(folder.secret)
    store = Jobs(database)
    assert store.submit(new(document=ODD, key=ODD))[1] is False
    attempt = store.claim()
    assert attempt.owner == "eve"
    assert store.append(attempt, [progress()]) == 1  # its position follows those that were moved
    database.close()


def test_what_is_there_is_not_overwritten(folder):
    address = emptied()
    database = PostgresDatabase(address)
    Jobs(database).submit(new())
    with pytest.raises(StoreError, match=r"expected an empty database, found .*1 jobs") as error:
        moved(folder, address)
    assert PASSWORD not in str(error.value)
    assert len(Jobs(database).jobs()) == 1
    assert folder.path.exists()
    database.close()


def test_a_move_that_was_cut_off_is_repeated(folder, monkeypatch):
    address = emptied()
    with monkeypatch.context() as patched:
        patched.setattr(composition, "copy", lambda *given: [copied(*given), 1 / 0])
        from quickml.storage.moving import copy as copied

        with pytest.raises(ZeroDivisionError):
            moved(folder, address)
    assert folder.path.exists()
    assert moved(folder, address) > 10


def test_a_move_that_was_cut_off_at_its_end_is_repeated(folder, monkeypatch):
    address = emptied()
    folder.path.with_name("link.key").write_bytes(bytes(32))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            moved(folder, address)
    assert moved(folder, address) > 10
    database = PostgresDatabase(address)
    assert KeyStore(database).find(LINKS) == bytes(32)
    database.close()


def test_a_folder_in_use_and_one_without_a_database_are_refused(folder, tmp_path):
    settings = Settings.of(data=folder.path.parent)
    with pytest.raises(StoreError, match=r"expected the address of a new database or of a bucket"):
        composition.move(settings)
    with composition.service(settings), pytest.raises(StoreError, match=r"expected no other server"):
        moved(folder, emptied())
    with pytest.raises(StoreError, match=r"expected a database to move, found none"):
        composition.move(Settings.of(data=tmp_path / "other", database=emptied()))


MADE = b"of small"


def put_together(job_id, sha256):
    """A file that is not stored itself, and so is not copied."""
    made = Composition(pieces=(b"of ", FilePiece(sha256, 0, 5)), parts=())
    row = artifact(job_id, "made.zip", hashlib.sha256(MADE).hexdigest(), len(MADE))
    return replace(row, composition=made.to_json())


@pytest.fixture
def files(folder):
    """The sha256 of three files that are used, by their content, and one that nobody uses."""
    root = folder.path.parent
    store, jobs = FilesystemArtifactStore(root / "artifacts"), Jobs(folder)
    contents = {"model.mlmodel": b"small", "b c.bin": bytes(3 << 20), "empty.txt": b"", "unused": b"x"}
    found = {}
    for name, content in contents.items():
        (root / "draft").write_bytes(content)
        found[name] = store.put(root / "draft").sha256
    attempt = jobs.claim()
    used = [name for name in contents if name != "unused"]
    stored = [artifact(attempt.job_id, name, found[name]) for name in used]
    finish(jobs, attempt, *stored, put_together(attempt.job_id, found["model.mlmodel"]))
    return {name: (sha256, contents[name]) for name, sha256 in found.items()}


def with_bucket(folder, bucket, **given):
    place, _, query = bucket.partition("&credentials_file=")
    keys = s3_process.shared().keys
    assert query
    data = folder.path.parent
    return Settings.of(data=data, files=place, files_credentials_file=keys, **given)


@s3_process.needs_s3
def test_files_move_to_a_bucket_with_the_database(folder, files, monkeypatch):
    root, bucket, address = folder.path.parent, s3_process.shared().new(), emptied()
    settings = with_bucket(folder, bucket, database=address)
    from quickml.storage import moving_files

    calls, copied = [], moving_files._copy

    def cut_off(*given):
        calls.append(given)
        return copied(*given) if len(calls) == 1 else 1 / 0

    with monkeypatch.context() as patched, pytest.raises(ZeroDivisionError):
        patched.setattr(moving_files, "_copy", cut_off)
        composition.move(settings)
    assert folder.path.exists(), "nothing was moved, and the next call goes on"
    moved = composition.move(settings)
    # The job of the other tests has a file that was never there.
    assert (moved.files.kept, moved.files.copied, moved.files.lost) == (1, 2, ("ab" * 32,))
    assert moved.rows > 10
    backends = Backends.open(Addresses(database=address, files=f"{bucket}&cache={root / 'cache'}"))
    for name, (sha256, content) in files.items():
        if name == "unused":
            assert Jobs(backends.database).referenced() & {sha256} == set()
            continue
        check(backends.artifacts, sha256)
        with backends.artifacts.open(sha256) as reader:
            assert hashlib.sha256(reader.read()).digest() == hashlib.sha256(content).digest()
    model, _ = files["model.mlmodel"]
    made = Jobs(backends.database).artifact(hashlib.sha256(MADE).hexdigest(), "made.zip")
    with ArtifactContents(backends.artifacts).open(made) as reader:
        assert reader.read() == MADE
    kind = {"media_type": "application/octet-stream", "expires_s": 60}
    assert backends.artifacts.redirect_url(model, name="model.mlmodel", **kind)
    assert FilesystemArtifactStore(root / "artifacts").stat(model), "the folder stays as it was"
    backends.close()


@s3_process.needs_s3
def test_files_alone_move_and_what_is_damaged_is_told(folder, files):
    root = folder.path.parent
    damaged, _ = files["model.mlmodel"]
    path = root / "artifacts" / damaged[:2] / damaged
    path.chmod(0o600)
    path.write_bytes(b"other")
    settings = with_bucket(folder, s3_process.shared().new())
    moved = composition.move(settings)
    assert (moved.rows, moved.files.copied) == (None, 2)
    assert set(moved.files.lost) == {damaged, "ab" * 32}
    assert folder.path.exists()
    with composition.service(settings), pytest.raises(StoreError, match=r"expected no other server"):
        composition.move(settings)
    with pytest.raises(StoreError, match=r"files: expected s3://bucket/prefix, found .*elsewhere"):
        composition.move(Settings.of(data=root, files=root / "elsewhere"))
