"""A stored file whose bytes changed on the server's disk: what client, server log and prediction say."""

import json
import os

import pytest

from quickml import Client
from quickml.errors import ServiceError
from served import IRIS
from server_process import serving
from stored_files import flip_bit, store_files
from waiting import until

MIB = 1 << 20


@pytest.fixture
def site(tmp_path):
    """A server, and a file of 3 MiB of a ready job, of whose second one a bit changes before it starts."""
    (tmp_path / "model.mlmodel").write_bytes(os.urandom(3 * MIB))
    (file,) = store_files(tmp_path / "data", tmp_path / "model.mlmodel", document=json.dumps(IRIS))
    path = tmp_path / "data" / "artifacts" / file.sha256[:2] / file.sha256
    path.chmod(0o644)
    path.write_bytes(flip_bit(path.read_bytes(), at=MIB + 5))
    with serving(tmp_path / "data") as server:
        yield server, file


def test_client_log_and_prediction_say_that_the_stored_file_is_damaged(site, tmp_path):
    server, file = site
    with Client(server.address) as client:
        (artifact,) = client.artifacts(file.job_id)
        with pytest.raises(ServiceError, match=f"stored file {file.sha256}: expected the content") as caught:
            client.download(artifact, tmp_path / "phone")
        assert (caught.value.status, caught.value.kind) == (500, "damaged")
        assert not (tmp_path / "phone" / "model.mlmodel").exists()
        with pytest.raises(ServiceError, match=f"stored file {file.sha256}") as caught:
            client.predictions(file.job_id, [[5.1, 3.5, 1.4, 0.2]])
        assert (caught.value.status, caught.value.kind) == (500, "damaged")
    path, line = tmp_path / "data.log", f"stored file {file.sha256}: expected the content that was stored"
    until(lambda: line in path.read_text(encoding="utf-8"), "the line of the log")
    log = path.read_text(encoding="utf-8")
    assert "restore it from a backup, or submit the job again" in log
    assert "Traceback" not in log
