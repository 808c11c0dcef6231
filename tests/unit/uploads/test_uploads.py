"""Rows of files and uploads: limits, names, which jobs need a file, and that nothing is left of deleted ones."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from job_examples import DATABASES, Jobs, finish, new, opened
from quickml.errors import (
    FileInUseError,
    FileTooLargeError,
    QuotaError,
    TooManyFilesError,
    TooManyUploadsError,
    UploadLengthError,
    UploadNotFoundError,
)
from quickml.events import Status
from quickml.jobs.job import NewJob
from quickml.uploads.record import FileLimits, NewUpload
from quickml.uploads.rows import MAX_NAMES
from quickml.uploads.uploads import UploadStore

ADA, BEN = "ada", "ben"
ONE, TWO = "1" * 64, "2" * 64
LIMITS = FileLimits(
    max_file_bytes=100, files_per_owner_bytes=150, uploads_per_owner=3, keep_unused_files_s=3600.0
)


class Clock:
    def __init__(self):
        self.now = datetime(2026, 5, 1, tzinfo=UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=DATABASES)
def database(tmp_path, request):
    database = opened(tmp_path / "quickml.db", request.param)
    yield database
    database.close()


@pytest.fixture
def store(database, clock):
    return UploadStore(database, LIMITS, clock)


def begin(store, owner=ADA, size_bytes=10, name="a.csv", sha256=None, **options):
    return store.begin(owner, NewUpload(name=name, size_bytes=size_bytes, sha256=sha256), **options)


def put(store, owner=ADA, sha256=ONE, size_bytes=10, name="a.csv"):
    return store.complete(begin(store, owner, size_bytes, name), sha256=sha256, size_bytes=size_bytes)


def submit(database, owner, *files):
    about = vars(new(owner)) | {"files": files}
    return Jobs(database).submit(NewJob(**about))[0]


def test_a_completed_upload_is_a_file(store, clock):
    upload = begin(store)
    assert store.open_uploads(ADA) == [upload]
    file = store.complete(upload, sha256=ONE, size_bytes=10)
    assert (file.owner, file.sha256, file.names, file.created_at) == (ADA, ONE, ("a.csv",), clock.now)
    assert (store.file(ONE, ADA), store.open_uploads(ADA)) == (file, [])
    known = store.upload(upload.id, ADA)
    assert (known.is_complete, known.content) == (True, ONE)
    assert store.complete(upload, sha256=ONE, size_bytes=10) == file  # once is enough


def test_files_and_open_uploads_share_the_quota(store):
    put(store, size_bytes=60)
    begin(store, size_bytes=50)
    with pytest.raises(QuotaError) as raised:
        begin(store, size_bytes=41)
    assert raised.value.free_bytes == 40
    begin(store, size_bytes=40)
    begin(store, owner=BEN, size_bytes=100)  # each owner has a quota of its own
    with pytest.raises(FileTooLargeError):
        begin(store, owner=BEN, size_bytes=101)


def test_an_owner_has_so_many_files(database, clock):
    store = UploadStore(database, FileLimits(files_per_owner=2, uploads_per_owner=9), clock)
    put(store, size_bytes=1)
    begin(store, size_bytes=1)
    with pytest.raises(TooManyFilesError, match="fewer than 2 of one owner, open uploads included, found 2"):
        begin(store, size_bytes=1)
    begin(store, owner=BEN, size_bytes=1)


def test_an_upload_without_a_length_reserves_what_it_takes(store):
    upload = begin(store, size_bytes=None)
    store.reserve(upload, 100)
    with pytest.raises(FileTooLargeError):
        store.reserve(upload, 101)
    with pytest.raises(QuotaError):
        begin(store, size_bytes=51)
    store.reserve(upload, 20)
    begin(store, size_bytes=100)
    with pytest.raises(QuotaError):
        store.set_length(upload, 51)
    assert store.set_length(upload, 50).size_bytes == 50
    with pytest.raises(UploadLengthError):
        store.set_length(upload, 51)


def test_many_that_begin_at_once_stay_below_the_limits(store):
    barrier, outcomes = threading.Barrier(8), []

    def work():
        barrier.wait()
        try:
            outcomes.append(begin(store, size_bytes=60))
        except (QuotaError, TooManyUploadsError) as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(QuotaError) == 6
    assert len(store.open_uploads(ADA)) == 2


def test_open_uploads_are_few_and_completed_ones_do_not_count(store):
    first = begin(store)
    begin(store)
    begin(store)
    with pytest.raises(TooManyUploadsError):
        begin(store)
    store.complete(first, sha256=ONE, size_bytes=10)
    begin(store)


def test_only_the_same_file_is_resumed(store):
    upload = begin(store, sha256=ONE)
    assert begin(store, sha256=ONE, resumes=True) == upload
    others = [
        begin(store, owner=BEN, sha256=ONE, resumes=True),
        begin(store, sha256=ONE),
        begin(store, sha256=ONE, name="other", resumes=True),
    ]
    assert len({upload.id, *(other.id for other in others)}) == 4


def test_owners_see_their_own_only(store):
    upload = begin(store)
    put(store, sha256=TWO)
    for call in (
        lambda: store.upload(upload.id, BEN),
        lambda: store.remove(upload.id, BEN),
        lambda: store.file(TWO, BEN),
        lambda: store.delete(TWO, BEN),
        lambda: store.upload("upl_nothing", ADA),
    ):
        with pytest.raises(UploadNotFoundError):
            call()
    assert store.known(BEN, TWO, "x") is None
    assert store.newest("a.csv", BEN) is None
    assert store.files(BEN, 10) == ([], None)


def test_the_newest_file_of_a_name_is_the_one_that_was_named_last(store, clock):
    put(store, sha256=ONE)
    clock.now += timedelta(seconds=1)
    put(store, sha256=TWO)
    assert store.newest("a.csv", ADA).sha256 == TWO
    clock.now += timedelta(seconds=1)
    assert store.known(ADA, ONE, "a.csv").used_at == clock.now
    assert store.newest("a.csv", ADA).sha256 == ONE
    assert store.newest("b.csv", ADA) is None


def test_a_file_that_a_job_needs_is_not_deleted(store, database):
    put(store)
    job = submit(database, ADA, ONE)
    assert store.jobs_with(store.file(ONE, ADA)) == [job.id]
    with pytest.raises(FileInUseError) as raised:
        store.delete(ONE, ADA)
    assert job.id in str(raised.value)
    finish(Jobs(database), Jobs(database).claim())
    store.delete(ONE, ADA)
    assert Jobs(database).job(job.id).status is Status.READY


def test_a_job_needs_files_that_its_owner_has(store, database):
    put(store, owner=BEN)
    with pytest.raises(UploadNotFoundError):
        submit(database, ADA, ONE)
    assert Jobs(database).jobs() == []
    job = submit(database, BEN, ONE, ONE)
    Jobs(database).cancel(job.id)
    Jobs(database).delete(job.id)
    assert store.jobs_with(store.file(ONE, BEN)) == []


def test_files_of_users_are_kept_by_sweeps(store, database):
    upload = begin(store)
    assert Jobs(database).referenced() == set()
    store.note_content(upload, ONE)
    assert Jobs(database).referenced() == {ONE}
    store.complete(upload, sha256=ONE, size_bytes=10)
    put(store, owner=BEN, sha256=TWO)
    assert Jobs(database).referenced() == {ONE, TWO}
    store.delete(ONE, ADA)
    assert (Jobs(database).referenced(), store.is_referenced(ONE), store.is_referenced(TWO)) == (
        {TWO},
        False,
        True,
    )


def test_old_uploads_and_unused_files_are_found(store, database, clock):
    upload = begin(store)
    put(store, sha256=ONE)
    put(store, sha256=TWO)
    job = submit(database, ADA, TWO)
    assert (store.expired(), store.unused()) == ([], [])
    clock.now += timedelta(hours=2)
    assert [file.sha256 for file in store.unused()] == [ONE]
    Jobs(database).cancel(job.id)
    assert len(store.unused()) == 1  # the job was submitted by another clock
    store.known(ADA, ONE, "again")
    assert ONE not in [file.sha256 for file in store.unused()]
    clock.now += timedelta(hours=24)
    assert upload.id in [one.id for one in store.expired()]


def test_unused_files_may_be_kept_for_ever(database, clock):
    store = UploadStore(database, FileLimits(), clock)
    put(store)
    clock.now += timedelta(days=1000)
    assert store.unused() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nothing_is_left_of_deleted_names(store, database, tmp_path):
    """Also not in free pages, on pages that were rebuilt, or in the write-ahead log."""
    store = UploadStore(database, FileLimits(uploads_per_owner=1000))
    names = [f"GEHEIM-{number}-{'x' * (number % 200)}.csv" for number in range(400)]
    for number, name in enumerate(names):
        put(store, sha256=f"{number:064x}", size_bytes=1, name=name)
    begin(store, name="GEHEIM-open", sha256=f"{7:064x}")
    before = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"GEHEIM" in before
    for number in range(400):
        store.delete(f"{number:064x}", ADA)
    assert store.purge()
    for path in tmp_path.iterdir():
        assert b"GEHEIM" not in path.read_bytes(), path.name


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_reader_delays_the_removal_from_the_log(store, database):
    put(store)
    with database.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM files").scalar()
        store.delete(ONE, ADA)
        assert not store.purge()
    assert store.purge()


def test_a_purge_leaves_other_rows(store):
    put(store, name="a.csv")
    put(store, sha256=TWO, name="b.csv")
    store.delete(ONE, ADA)
    assert store.purge()
    assert [file.names for file in store.files(ADA, 9)[0]] == [("b.csv",)]


def test_a_file_that_is_deleted_while_a_job_is_submitted(store, database):
    """Either the job has its file, or it is refused: in 20 rounds."""
    jobs = Jobs(database)
    for number in range(20):
        sha256, outcomes = f"{number:064x}", []
        put(store, sha256=sha256, size_bytes=1)
        wanted = NewJob(owner=ADA, name="x", document="{}", epochs=1, files=(sha256,))

        def outcome(call, *arguments, outcomes=outcomes):
            try:
                call(*arguments)
            except (FileInUseError, UploadNotFoundError) as error:
                outcomes.append(type(error))

        threads = [
            threading.Thread(target=outcome, args=(jobs.submit, wanted)),
            threading.Thread(target=outcome, args=(store.delete, sha256, ADA)),
        ]
        for thread in threads[:: 1 - 2 * (number % 2)]:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes in ([FileInUseError], [UploadNotFoundError])


def test_totals_are_those_of_all_owners(store):
    put(store, size_bytes=60)
    put(store, owner=BEN, size_bytes=60)
    begin(store)
    found = store.totals()
    assert (found.open_uploads, found.files, found.file_bytes) == (1, 2, 120)


def test_the_newest_names_of_a_file_are_kept(store, clock):
    put(store, BEN, name="his.csv")
    for number in range(MAX_NAMES + 5):
        clock.now += timedelta(seconds=1)
        put(store, name=f"{number}.csv")
    newest = [f"{number}.csv" for number in range(MAX_NAMES + 4, 4, -1)]
    assert list(store.file(ONE, ADA).names) == newest
    assert (store.newest("0.csv", ADA), store.file(ONE, BEN).names) == (None, ("his.csv",))


def test_a_name_is_found_in_both_forms_of_its_umlauts(store):
    file = put(store, name="Fl\u00e4che.csv")
    assert store.newest("Fla\u0308che.csv", ADA) == store.newest("Fl\u00e4che.csv", ADA) == file
