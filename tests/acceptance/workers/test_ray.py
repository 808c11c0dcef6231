"""`quickml cluster` on a real Ray cluster, whose actors, nodes and head are killed."""

import signal
from functools import partial

import psutil
import pytest

import waiting
from executor_bench import gone
from host_process import Site
from postgres_process import PASSWORD, needs_postgres
from quickml.events import RUNNING, Status
from quickml.executors.heartbeat import Heartbeat
from quickml.jobs.hosts import SERVER, Host
from ray_process import RayCluster, needs_ray

pytestmark = [needs_postgres, needs_ray]
until = partial(waiting.until, patience_s=300.0)
DOCUMENT = {
    "name": "digits",
    "dataset": "digits",
    "model": {"layers": [{"type": "Flatten"}, {"type": "Dense", "units": 10, "activation": "softmax"}]},
    "training": {"batch_size": 8, "precision": "float32"},
}


@pytest.fixture(scope="module")
def cluster():
    cluster = RayCluster()
    cluster.machines = {"head": cluster.head()}
    cluster.machines["node"] = cluster.node()
    yield cluster
    cluster.close()


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    server = Host(id="host_server", name="server", kind=SERVER, seats=0)  # releases what dead hosts held
    heartbeat = Heartbeat(site.hosts, server, attempts=list, heed=lambda *_: None)
    heartbeat.start()
    yield site
    heartbeat.close()
    heartbeat.join()
    site.close()


def learning(site, job_id, after=None):
    """The host and the checkpoint of a job, once it has another holder and checkpoint than `after`."""

    def found():
        job = site.store.job(job_id)
        assert job.status in RUNNING | {Status.QUEUED}, (job, log_of(site))
        now = (job.holder, job.checkpoint)
        return None not in now and (after is None or (now[0] != after[0] and now[1] != after[1])) and now

    return until(found, "a checkpoint of another host")


def seats(site):
    """Those that live."""
    return [one for one in site.hosts.states() if one.host.seats and not one.gone_at]


def log_of(site):
    return (site.folder / "cluster.log").read_text()


def worker_of(host_id):
    """The process of `quickml worker` that is a host."""
    for one in psutil.process_iter(["cmdline"]):
        if host_id in (one.info["cmdline"] or []):
            return one
    return None


def test_a_job_is_trained_on_a_node_and_the_seats_end_with_their_launcher(site, cluster):
    launcher = cluster.launcher(site, cluster.client_address, "--idle-s", 1)
    ready = site.submit(DOCUMENT, epochs=2)
    until(lambda: site.store.job(ready).status is Status.READY, "the end of a job")
    until(lambda: not seats(site), "the end of the idle seat")
    long = site.submit(DOCUMENT, epochs=5000)
    host_id, _ = learning(site, long)
    worker = worker_of(host_id)
    processes = [worker, *worker.children(recursive=True)]
    launcher.send_signal(signal.SIGKILL)
    launcher.wait()
    until(lambda: all(gone(one.pid) for one in processes), "the end of the seat")


def test_a_job_survives_its_actor_its_node_and_the_head_of_the_cluster(site, cluster):
    launcher = cluster.launcher(site, cluster.address)
    job_id = site.submit(DOCUMENT, epochs=5000)
    seen = learning(site, job_id)

    worker = worker_of(seen[0])
    shown = [" ".join(one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"])]
    assert not [line for line in shown if PASSWORD in line or cluster.token in line]
    assert "RAY_AUTH_TOKEN" not in worker.environ()
    worker.parent().kill()
    until(lambda: gone(worker.pid), "the end of the worker with its actor")
    seen = learning(site, job_id, after=seen)

    cluster.machines["node"].kill()
    cluster.machines["node"] = cluster.node()
    seen = learning(site, job_id, after=seen)

    worker = worker_of(seen[0])
    cluster.machines["head"].kill()
    until(lambda: gone(worker.pid), "the end of the node without its head")
    until(lambda: "tried again" in log_of(site), "the launcher, which notices it")
    cluster.machines["node"].kill()
    cluster.machines = {"head": cluster.head()}
    cluster.machines["node"] = cluster.node()
    seen = learning(site, job_id, after=seen)

    site.store.stop(job_id)
    until(lambda: site.store.job(job_id).status is Status.READY, "the end of the job")
    assert site.store.job(job_id).failures == 0
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait() == 0, log_of(site)
    assert not seats(site)
    assert PASSWORD not in log_of(site)
    assert cluster.token not in log_of(site)


def test_a_cluster_that_refuses_the_token_is_named_in_one_line(site, cluster):
    launcher = cluster.launcher(site, cluster.address, RAY_AUTH_TOKEN="0" * 64)
    assert launcher.wait() == 1
    last = log_of(site).splitlines()[-1]
    assert last.startswith(f"error: Ray cluster at {cluster.address}: expected a cluster, found none")
    assert "token" in last
