"""A finished job with files of one's choosing, in the data folder of a server that does not run yet."""

from pathlib import Path

from job_examples import Jobs, artifact, finish, new
from quickml import composition, data_folder
from quickml.service import OPEN_OWNER
from quickml.settings import Settings
from quickml.storage.backends import Backends
from quickml.worker.upload import upload
from result_rows import rows


def store_files(data: Path, *paths: Path, owner: str = OPEN_OWNER, document: str = "{}"):
    """Store copies of files under their names as what one job has made; its artifacts, in this order."""

    def put(job_id, store):
        for path in paths:
            stored = store.put(path)
            yield artifact(job_id, path.name, stored.sha256, stored.size_bytes)

    return _stored(data, put, owner, document)


def store_result(data: Path, folder: Path):
    """Store a result folder as a worker does."""
    return _stored(data, lambda job_id, store: upload(folder, rows(folder), job_id, store), OPEN_OWNER, "{}")


def _stored(data, put, owner, document):
    composition.jobs(Settings.of(data=data))  # makes the folder
    backends = Backends.open(data_folder.DataFolder(folder=data).addresses)
    jobs = Jobs(backends.database)
    job_id = jobs.submit(new(owner, document=document))[0].id
    attempt = jobs.claim()
    assert attempt.job_id == job_id, "another job was waiting in this folder"
    files = list(put(job_id, backends.artifacts))
    finish(jobs, attempt, *files)
    backends.close()
    return files


def change_stored_file(store, sha256, change):
    """Overwrite a stored file's content, as a failing disk does. `change` maps the content to the new one."""
    with store.local_path(sha256) as path:
        path.chmod(0o644)
        path.write_bytes(change(path.read_bytes()))


def flip_bit(content, at=100):
    """The content with one bit flipped."""
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def url(file) -> str:
    """Where a server has it."""
    return f"/v1/artifacts/{file.sha256}/{file.name}"
