"""Servers and workers notice that they were given other files than those of the database."""

import logging

import pytest

from job_examples import DATABASES, opened
from quickml.errors import ArtifactError, StoreError
from quickml.jobs import file_mark
from quickml.jobs.jobs import JobStore
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.storage.backends import Backends


class Unreachable(FilesystemArtifactStore):
    """A store that is away."""

    def put(self, path):
        raise ArtifactError(f"{path.name}: away")

    def open(self, sha256, start=0, stop=None):
        raise ArtifactError("away")


@pytest.mark.parametrize("kind", DATABASES)
def test_other_files_are_refused(tmp_path, kind):
    database = opened(tmp_path / "quickml.db", kind)
    own, other = (
        Backends(database=database, artifacts=FilesystemArtifactStore(tmp_path / name))
        for name in ("own", "other")
    )
    file_mark.compare(other)  # nothing is noted yet
    file_mark.mark(own)
    file_mark.mark(own)
    file_mark.compare(own)
    assert own.artifacts.sweep(JobStore(database).referenced(), age_s=-1) == set()
    file_mark.compare(own)
    for check in (file_mark.mark, file_mark.compare):
        with pytest.raises(
            StoreError, match="files: expected those that belong to the database, found others"
        ):
            check(other)
    database.close()


def test_files_that_are_away_are_no_others(tmp_path, caplog):
    database = opened(tmp_path / "quickml.db", "sqlite")
    away = Backends(database=database, artifacts=Unreachable(tmp_path / "files"))
    with caplog.at_level(logging.WARNING):
        file_mark.mark(away)
        file_mark.mark(Backends(database=database, artifacts=FilesystemArtifactStore(tmp_path / "files")))
        file_mark.compare(away)
    assert len(caplog.records) == 2
    database.close()
