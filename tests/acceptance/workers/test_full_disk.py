"""A host whose disk takes no more: another one gets its jobs, no job is to blame, and nothing half-written stays.

It may write no large files, which is told as a full disk is, and needs no disk that a test may mount.
"""

import json
import sys
from functools import partial

import psutil
import pytest

import waiting
from documents import DIGITS, LONG
from host_process import Site
from postgres_process import needs_postgres
from quickml.events import Status

pytestmark = [
    needs_postgres,
    pytest.mark.skipif(sys.platform != "linux", reason="of a process of another one"),
]
until = partial(waiting.until, patience_s=300.0)
WIDE = {
    **DIGITS,
    "model": {
        "layers": [
            {"type": "Flatten"},
            {"type": "Dense", "units": 4000, "activation": "relu"},
            {"type": "Dense", "units": 10, "activation": "softmax"},
        ]
    },
    "training": {"batch_size": 256},
}
"""Weights of 1.2 MB."""


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    yield site
    site.close()


def test_a_host_whose_disk_is_full_leaves_its_jobs_to_another(site):
    other = site.host("b")
    busy = site.submit(LONG, epochs=5000)
    until(lambda: site.of(busy) is other, "the other host to be busy")
    full = site.host("a")
    until(lambda: len(full.all()) > 1, "its worker")
    for process in full.all():
        process.rlimit(psutil.RLIMIT_FSIZE, (200_000, 200_000))
    job_id = site.submit(WIDE, epochs=3)
    until(lambda: site.store.job(job_id).lost, "the loss of an attempt")
    assert site.store.job(job_id).status is Status.QUEUED
    until(lambda: not full.runs(job_id), "its folder to be removed")
    site.store.cancel(busy)
    until(lambda: site.store.job(job_id).status in (Status.READY, Status.FAILED), "the end")
    job = site.store.job(job_id)
    assert (job.status, job.attempt, job.failures) == (Status.READY, 2, 0), job
    told = [json.loads(event.body) for event in site.store.events(job_id, limit=10**6)]
    reasons = [event["reason"] for event in told if event["type"] == "interrupted"]
    assert reasons == ["the disk of the server failed (File too large)"]
    warnings = {event["message"] for event in told if event["type"] == "warning"}
    assert "no checkpoint could be written (File too large); training continues without it" in warnings
    assert not [path for path in full.data.rglob("*") if path.is_file() and path.stat().st_size >= 100_000]
    assert not list((site.folder / "artifacts" / "partial").iterdir())
