"""A finished job with files of one's choosing, in the data folder of a server that does not run yet."""

from pathlib import Path

from job_examples import artifact, finish, new
from quickml import composition
from quickml.service import OPEN_OWNER
from quickml.settings import Settings
from quickml.storage.backends import Backends


def store_files(data: Path, *paths: Path, owner: str = OPEN_OWNER):
    """Store copies of files under their names as what one job has made; its artifacts, in this order."""
    settings = Settings.of(data=data)
    jobs = composition.jobs(settings)
    store = Backends.open(composition.DataFolder(folder=data).addresses).artifacts
    job_id = jobs.submit(new(owner))[0].id
    attempt = jobs.claim()
    assert attempt.job_id == job_id, "another job was waiting in this folder"
    files = []
    for path in paths:
        sha256, size_bytes = store.put(path)
        files.append(artifact(job_id, path.name, sha256, size_bytes))
    finish(jobs, attempt, *files)
    return files


def url(file) -> str:
    """Where a server has it."""
    return f"/v1/artifacts/{file.sha256}/{file.name}"
