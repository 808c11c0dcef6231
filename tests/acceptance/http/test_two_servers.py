"""Two `quickml serve` on one PostgreSQL, as behind a load balancer. They share the folder of finished files."""

import hashlib
import re
import threading
from contextlib import ExitStack

import psutil
import pytest

from documents import LONG
from nginx_process import CONFIGURATION, needs_nginx, proxying
from postgres_process import PASSWORD, Postgres, needs_postgres
from quickml import Client
from server_process import PATIENCE_S, serving

pytestmark = needs_postgres


@pytest.fixture(scope="module")
def database():
    server = Postgres()
    yield server
    server.close()


def options(database, name):
    database.sql(f"CREATE DATABASE {name}")
    return database.options(name)


def folders(tmp_path):
    """Those of two servers, with one folder of finished files."""
    found = [tmp_path / "a", tmp_path / "b"]
    (tmp_path / "files").mkdir()
    for folder in found:
        folder.mkdir()
        (folder / "artifacts").symlink_to(tmp_path / "files")
    return found


def test_a_job_is_submitted_at_one_and_followed_and_downloaded_at_the_other(tmp_path, database):
    flags = options(database, "two")
    one, other = folders(tmp_path)
    with serving(one, *flags) as a, serving(other, *flags) as b:
        job_id = a.submit(LONG, **{"Idempotency-Key": "k"})
        assert b.submit(LONG, **{"Idempotency-Key": "k"}) == job_id
        a.until(lambda: a.job(job_id)["epoch"] >= 2, "two epochs")
        holder = database.sql(f"SELECT holder, attempt FROM jobs WHERE id = '{job_id}'", "two")
        seen = []
        watcher = threading.Thread(target=lambda: seen.extend(b.events(job_id)))
        watcher.start()
        b.until(lambda: b.job(job_id)["epoch"] >= 3, "more of them")
        assert database.sql(f"SELECT holder, attempt FROM jobs WHERE id = '{job_id}'", "two") == holder
        assert b.client.post(f"/v1/jobs/{job_id}/stop").status_code < 300
        watcher.join()
        job = b.job(job_id)
        assert (job["status"], job["attempt"]) == ("ready", 1), job
        assert [number for number, _ in seen] == list(range(1, len(seen) + 1))
        assert a.events(job_id) == seen
        middle = len(seen) // 2
        assert b.events(job_id, after=middle) == seen[middle:]
        links = b.client.get(f"/v1/jobs/{job_id}").json()["artifacts"]
        assert [a.client.get(file["url"]).content for file in links] == [
            b.client.get(file["url"]).content for file in links
        ]
    _no_trouble(tmp_path, database)


def test_the_death_of_a_server_is_no_more_than_a_reconnect(tmp_path, database):
    """Its worker goes with it; the other server notices, and its worker goes on with the job."""
    flags = options(database, "killed")
    one, other = folders(tmp_path)
    with serving(one, *flags) as a:
        job_id = a.submit(LONG)
        a.until(lambda: a.job(job_id)["attempt"] == 1, "its attempt")
        with serving(other, *flags) as b:
            a.until(lambda: a.job(job_id)["epoch"] >= 2, "two epochs")
            at_a, seen = a.events(job_id, until="epoch"), []
            watcher = threading.Thread(target=lambda: seen.extend(b.events(job_id, after=at_a[-1][0])))
            watcher.start()
            for process in (*psutil.Process(a.process.pid).children(recursive=True), a.process):
                process.kill()
            a.process.wait()
            b.until(lambda: b.job(job_id)["attempt"] == 2, "the next attempt")
            b.until(lambda: b.job(job_id)["status"] == "training", "its training")
            assert b.client.post(f"/v1/jobs/{job_id}/stop").status_code < 300
            watcher.join()
            job = b.job(job_id)
    assert job["status"] == "ready"
    numbers = [number for number, _ in at_a + seen]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [event["type"] for _, event in seen].count("interrupted") == 1
    _no_trouble(tmp_path, database)


def test_both_start_at_once_on_a_new_database(tmp_path, database):
    """There is one first token, and a link of one server is valid at the other."""
    flags, found = [*options(database, "fresh"), "--access", "tokens"], {}
    one, other = folders(tmp_path)

    def serve(folder):
        with serving(folder, *flags) as server:
            found[folder] = server.greeting
            met.wait(PATIENCE_S)

    met = threading.Barrier(2)
    threads = [threading.Thread(target=serve, args=(folder,)) for folder in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("shown only once" in greeting for greeting in found.values()) == 1
    assert database.sql("SELECT count(*) FROM tokens", "fresh") == [(1,)]
    assert database.sql("SELECT name, length(value) FROM keys ORDER BY name", "fresh") == [
        ("files", 64),
        ("links", 64),
    ]


@needs_nginx
def test_behind_nginx_the_death_of_a_server_is_a_retry_at_the_other(tmp_path, database):
    """One server trains and the other only serves, and dies: all that is lost with it is its connections."""
    flags = options(database, "behind")
    one, other = folders(tmp_path)
    (line,) = re.findall(r"^ *server \$\{UPSTREAM\} .+;$", CONFIGURATION.read_text(), re.MULTILINE)
    with serving(one, *flags, "--workers", "0") as a, serving(other, *flags) as b, ExitStack() as stack:
        first, second = (server.address.removeprefix("http://") for server in (a, b))
        both = CONFIGURATION.read_text().replace(line, f"{line}\n{line.replace('${UPSTREAM}', second)}")
        nginx = stack.enter_context(proxying(first, tmp_path / "files", configuration=both))
        client, *watchers = (
            stack.enter_context(Client(nginx.address, verify=nginx.context)) for _ in range(5)
        )
        job_id = client.submit(LONG).id
        seen = [[] for _ in watchers]

        def follow(into, watcher):
            for event in watcher.events(job_id):
                into.append(event.type)

        threads = [threading.Thread(target=follow, args=pair) for pair in zip(seen, watchers, strict=True)]
        for thread in threads:
            thread.start()
        b.until(lambda: all(len(types) >= 5 for types in seen), "events of a training")
        assert _watchers(a) > 0
        assert _watchers(b) > 0
        a.process.kill()
        a.process.wait()
        assert {client.job(job_id).status for _ in range(8)} == {"training"}
        client.cancel(client.submit({**LONG, "name": "again"}).id)
        client.stop(job_id)
        for thread in threads:
            thread.join()
        assert [types == seen[0] for types in seen] == [True] * len(seen)
        assert (seen[0][-1], client.job(job_id).attempt) == ("verified", 1)
        for file in client.artifacts(job_id):
            content = client.download(file, tmp_path / "downloaded").read_bytes()
            assert hashlib.sha256(content).hexdigest() == file.sha256
    _no_trouble(tmp_path, database)


def _watchers(server):
    text = server.client.get("/metrics").text
    return float(re.search(r"^quickml_watchers (\S+)$", text, re.MULTILINE)[1])


def _no_trouble(tmp_path, database):
    for log in (tmp_path / "a.log", tmp_path / "b.log", database.log):
        text = log.read_text()
        assert PASSWORD not in text
        assert "Traceback" not in text
        assert "deadlock detected" not in text
