"""Why an attempt ended: the server's faults are told from the job's, and no path of the server is named."""

import errno
import os
import sys
from pathlib import Path

import pytest

import quickml
from quickml.errors import (
    ArtifactError,
    CompileError,
    CopiesError,
    DatasetError,
    EventsLostError,
    ResultError,
    RoomError,
    StoredPlanError,
    StoreError,
    TrainingError,
)
from quickml.worker import reasons

SCRATCH = Path("/srv/quickml/scratch/host_1")


def caused(error, number):
    error.__cause__ = OSError(number, os.strerror(number), "/srv/quickml/x")
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (StoreError("/srv/quickml.db: locked"), "the database of the server failed"),
        (EventsLostError(job_id="job_1", last=3, after=5), "the database of the server failed"),
        (ArtifactError("/srv/artifacts: x"), "the file storage of the server failed"),
        (
            caused(ArtifactError("/srv/artifacts: x"), errno.EROFS),
            "the file storage of the server failed (Read-only file system)",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "/srv/quickml/x"),
            "the disk of the server failed (No space left on device)",
        ),
        (caused(ResultError("/srv/x"), errno.EIO), "the disk of the server failed (Input/output error)"),
        (
            caused(CompileError("/srv/x"), errno.ENOSPC),
            "the disk of the server failed (No space left on device)",
        ),
        (OSError("no number"), "the disk of the server failed"),
        (
            caused(CopiesError("the folder"), errno.ENOSPC),
            "the disk of the server failed (No space left on device)",
        ),
        (
            RoomError(Path("/srv/quickml/x"), needed_bytes=2, free_bytes=1),
            "the disk of the server failed (No space left on device)",
        ),
        (
            StoredPlanError("Document/training/speed: Extra inputs are not permitted"),
            "a worker cannot read the plan of this job: it has another release, or the plan is damaged",
        ),
    ],
)
def test_a_fault_of_the_server_is_named_without_its_path(error, expected):
    assert reasons.is_fault_of_the_server(error)
    assert reasons.of_server(error) == expected


def test_another_machine_may_have_the_room_and_the_release_that_this_one_lacks():
    for error in (OSError(errno.ENOSPC, "full"), CopiesError("x"), ResultError("x"), StoredPlanError("x")):
        assert reasons.is_of_this_machine(error)
    for error in (StoreError("x"), ArtifactError("x"), EventsLostError(job_id="job_1", last=3, after=5)):
        assert not reasons.is_of_this_machine(error), "all of them have the same"


def test_the_cause_of_a_cause_counts():
    error = DatasetError("pictures: expected to keep decoded pictures")
    error.__cause__ = caused(DatasetError("x"), errno.ENOSPC)
    assert reasons.is_fault_of_the_server(error)


@pytest.mark.parametrize(
    "error",
    [
        TrainingError("it diverged"),
        DatasetError("x"),
        caused(DatasetError("x"), errno.ENOENT),
        ZeroDivisionError(),
        MemoryError(),
    ],
)
def test_other_errors_are_not_faults_of_the_server(error):
    assert not reasons.is_fault_of_the_server(error)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{SCRATCH}/job_1-1/result/model.mlmodel: damaged", "model.mlmodel: damaged"),
        (f"cannot open '{SCRATCH}/job_1-1/a b', twice", "cannot open 'job_1-1 b', twice"),
        (f"{Path(quickml.__file__).parent}/datasets/data/iris.csv: damaged", "iris.csv: damaged"),
        (f"{sys.prefix}/lib/x.gz: expected a file; {Path.home()}/.cache/y.gz", "x.gz: expected a file; y.gz"),
        ("/model/layers/0/units: expected a number", "/model/layers/0/units: expected a number"),
        ("the loss is not finite; 1/2 of all", "the loss is not finite; 1/2 of all"),
    ],
)
def test_a_message_names_files_of_the_server_without_their_folders(text, expected):
    found = reasons.without_paths(text, SCRATCH)
    if "a b" not in text:
        assert found == expected
    assert str(SCRATCH) not in found


def test_a_reason_is_not_longer_than_a_person_reads():
    assert len(reasons.without_paths("x" * 100_000, SCRATCH)) == reasons.MAX_REASON
