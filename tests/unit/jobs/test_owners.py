"""For how long what owners have is kept."""

import pytest

from job_examples import DATABASES, opened
from quickml.errors import OwnerError
from quickml.jobs.owners import FOREVER, OTHERS, Keeping, OwnerStore


@pytest.fixture(params=DATABASES)
def store(tmp_path, request):
    database = opened(tmp_path / "quickml.db", request.param)
    yield OwnerStore(database)
    database.close()


def test_what_is_said_is_changed_field_by_field(store):
    assert store.keeping("ada") == Keeping()
    assert store.keep("ada", {"keep_jobs_s": 90.0}) == Keeping(keep_jobs_s=90.0)
    assert store.keep("ada", {"keep_files_s": 7.5}) == Keeping(keep_jobs_s=90.0, keep_files_s=7.5)
    store.keep("bob", {"keep_files_s": FOREVER})
    assert store.all() == {"ada": store.keeping("ada"), "bob": Keeping(keep_files_s=FOREVER)}
    store.keep("ada", {"keep_jobs_s": None, "keep_files_s": None})
    assert store.all().keys() == {"bob"}


def test_files_are_not_kept_longer_than_their_jobs(store):
    store.keep("ada", {"keep_jobs_s": 60.0})
    with pytest.raises(OwnerError, match=r"ada: expected .* as their jobs, 60 s, found 61 s"):
        store.keep("ada", {"keep_files_s": 61.0})
    assert store.keep("ada", {"keep_files_s": FOREVER}).keep_files_s == FOREVER, "as long as their jobs"
    assert store.keep("ada", {"keep_files_s": 60.0}) == Keeping(keep_jobs_s=60.0, keep_files_s=60.0)


@pytest.mark.parametrize("name", ["", " ada", "a\nb", "x" * 65])
def test_it_has_to_be_a_name(store, name):
    if name != OTHERS:
        with pytest.raises(OwnerError, match="owner: expected a name"):
            store.keep(name, {"keep_jobs_s": 60.0})


def test_what_is_not_said_is_as_for_the_others():
    others = Keeping(keep_jobs_s=60.0, keep_files_s=10.0)
    assert Keeping().over(others) == others
    assert Keeping(keep_jobs_s=FOREVER).over(others) == Keeping(keep_jobs_s=FOREVER, keep_files_s=10.0)
