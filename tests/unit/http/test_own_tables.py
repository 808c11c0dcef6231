"""Documents that name a table which their owner has uploaded; what is in it; and how reading it is limited."""

import errno
import hashlib
import json
import tempfile

import pytest

from quickml.service import FileLimits
from served import is_problem, served

ROWS = [
    f"{number / 10},{'Mitte' if number % 2 else 'Nord'},{'long' if number > 30 else 'short'}"
    for number in range(60)
]
TABLE = ("length,district,kind\n" + "\n".join(ROWS) + "\n").encode()
SHA256 = hashlib.sha256(TABLE).hexdigest()
MODEL = {"layers": [{"type": "Dense", "units": 2, "activation": "softmax"}]}


def document(**dataset):
    dataset = {"name": "table", "file": "flats.csv", "target": "kind", **dataset}
    return {"name": "flats", "dataset": dataset, "model": MODEL}


def upload(server, content=TABLE, name="flats.csv", **headers):
    about = {"Upload-Complete": "?1", "Content-Disposition": f'inline; filename="{name}"', **headers}
    answer = server.client.post("/v1/files", content=content, headers=about)
    assert answer.status_code == 201, answer.text
    return answer.json()["sha256"]


def problem(server, **dataset):
    answer = server.post(document(**dataset), path="/v1/validate").json()
    assert not answer["valid"]
    return answer["problems"][0]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0) as one:
        upload(one)
        yield one


def test_a_table_is_found_by_its_name_or_digest_and_pinned(server):
    for dataset in ({}, {"file": "data/flats.csv"}, {"sha256": SHA256, "file": "whatever.csv"}):
        answer = server.post(document(**dataset), path="/v1/validate").json()
        assert answer["valid"], answer
        assert answer["spec"]["dataset"]["sha256"] == SHA256
        assert answer["spec"]["dataset"]["columns"] == {"length": "number", "district": ["Mitte", "Nord"]}


def test_a_file_that_was_not_uploaded_is_told_with_those_that_were(server):
    found = problem(server, file="flat.csv")
    assert (found["pointer"], found["code"]) == ("/dataset/file", "files-not-taken")
    assert "flats.csv" in found["expected"]
    assert "did you mean 'flats.csv'" in found["hint"]
    assert problem(server, sha256="0" * 64)["pointer"] == "/dataset/sha256"
    assert problem(server, test_file="more.csv")["pointer"] == "/dataset/test_file"


@pytest.mark.parametrize("file", ["/etc/passwd", "../../etc/passwd", "C:\\x", "file:///etc/passwd"])
def test_no_path_is_opened(server, file):
    assert problem(server, file=file)["pointer"] == "/dataset/file"


def test_what_is_wrong_in_the_table_is_told(server):
    found = problem(server, target="knd")
    assert (found["pointer"], found["fix"][0]["value"]) == ("/dataset/target", "kind")


def test_a_job_holds_its_file(server):
    job = server.post(document())
    assert job.status_code == 202, job.text
    job_id = job.json()["id"]
    assert json.loads(server.store.job(job_id).plan)["document"]["dataset"]["sha256"] == SHA256
    assert server.client.get(f"/v1/files/{SHA256}").json()["jobs"] == [job_id]
    assert job_id in is_problem(server.client.delete(f"/v1/files/{SHA256}"), 409, "file-in-use")["detail"]
    server.client.delete(f"/v1/jobs/{job_id}")
    assert server.client.get(f"/v1/files/{SHA256}").json()["jobs"] == []


def test_a_profile_tells_what_is_in_a_table(server):
    found = server.client.get(f"/v1/files/{SHA256}/profile").json()
    assert (found["rows"], found["target"], found["task"]) == (60, "kind", "classification")
    length, district, _ = found["columns"]
    assert (length["type"], sum(length["histogram"])) == ("number", 60)
    assert sorted(district["values"]) == [["Mitte", 30], ["Nord", 30]]
    assert server.post(found["document"], path="/v1/validate").json()["valid"]
    other = server.client.get(f"/v1/files/{SHA256}/profile?target=length").json()
    assert other["task"] == "regression"


def test_a_profile_takes_options_of_the_document_that_is_made(server):
    path = f"/v1/files/{SHA256}/profile"
    options = {"columns": '{"length": "category"}', "target": "kind", "missing": "refuse"}
    made = server.client.get(path, params=options).json()["document"]
    assert made["dataset"]["columns"] == {"length": "category", "district": "category"}
    assert made["dataset"]["missing"] == "refuse"
    assert server.post(made, path="/v1/validate").json()["valid"]
    ignored = {"columns": '{"length": "ignore", "district": "ignore"}', "target": "kind"}
    found = server.client.get(path, params=ignored).json()
    assert found["document"] is None
    assert found["problems"][0]["pointer"] == "/dataset/columns"
    answer = server.client.get(
        path, params={"columns": '{"length": "nmber"}', "colour": "red", "missing": "NaN"}
    )
    pointers = sorted(one["pointer"] for one in answer.json()["problems"])
    assert (answer.status_code, pointers) == (422, ["?colour", "?columns/length", "?missing"])
    answer = server.client.get(path, params=[("target", "kind"), ("target", "length")])
    assert is_problem(answer, 422, "request")["problems"][0]["pointer"] == "?target"


@pytest.mark.parametrize(
    "options", [{"test_file": "/etc/passwd"}, {"validation_sha256": "0" * 64}, {"kind": "pictures"}]
)
def test_a_profile_refuses_options_that_it_does_not_follow(server, options):
    answer = server.client.get(f"/v1/files/{SHA256}/profile", params=options)
    assert is_problem(answer, 422, "request")["problems"][0]["pointer"] == f"?{next(iter(options))}"


@pytest.mark.parametrize(
    ("encoding", "path"), [("utf-8", "/v1/validate"), ("utf-16", "/v1/validate"), ("utf-8", "/make-model")]
)
def test_files_are_read_before_a_document_is_checked_however_it_comes(server, monkeypatch, encoding, path):
    asked, plan = [], type(server.service).plan
    monkeypatch.setattr(type(server.service), "plan", lambda *given: asked.append(1) or plan(*given))
    written = json.dumps(document(target="knd"))
    written = written.replace('"file"', '"f\\u0069le"') if encoding == "utf-8" else written
    assert server.post(written.encode(encoding), path=path).status_code in (200, 400)
    assert len(asked) == 2


def test_rows_come_in_pages(server):
    page = server.client.get(f"/v1/files/{SHA256}/rows?offset=58&limit=1").json()
    assert (page["rows"], page["lines"], page["is_last"]) == ([["5.8", "Nord", "long"]], [60], False)
    page = server.client.get(f"/v1/files/{SHA256}/rows?offset=58&limit=2").json()
    assert (len(page["rows"]), page["is_last"]) == (2, True)
    page = server.client.get(f"/v1/files/{SHA256}/rows?offset=100").json()
    assert (page["rows"], page["is_last"]) == ([], True)


def test_what_is_no_table_is_told(server):
    sha256 = upload(server, b"\x89PNG\r\n\x1a\n" + bytes(1000), "x.png")
    for path in ("profile", "rows"):
        answer = server.client.get(f"/v1/files/{sha256}/{path}")
        assert "x.png" in is_problem(answer, 409, "dataset")["detail"]


def problems_told(server, content, name):
    """Lines and columns of the problems that the events of a file have."""
    sha256 = upload(server, content, name)
    server.client.get(f"/v1/files/{sha256}/profile")
    page = server.client.get(f"/v1/files/{sha256}/events", headers={"Accept": "application/json"}).json()
    events = [one["event"] for one in page["events"]]
    assert events[-1]["type"] == "imported"
    values = [one["problem"]["values"] for one in events if one["type"] == "problem"]
    return [(one["line"], one.get("column")) for one in values]


def test_events_tell_each_dirty_column_once_with_the_line_of_its_first_cell(server):
    width = 120
    rows = [[str(row * width + column * 7.5) for column in range(width)] for row in range(60)]
    for column in range(width):
        rows[column // 3][column] = rows[45][column] = "n0ne"
    names = [f"c{column}" for column in range(width)]
    lines = [",".join([*names, "kind"]), *(f"{','.join(row)},{'ab'[i % 2]}" for i, row in enumerate(rows))]
    told = problems_told(server, "\n".join(lines).encode(), "dirty.csv")
    assert told == [(column // 3 + 2, f"c{column}") for column in range(100)]


def test_events_tell_the_first_line_that_is_damaged(server):
    ragged = TABLE.replace(b"5.0,Nord,", b"5.0,Nord,a,").replace(b"5.5,Mitte,", b"5.5,")
    assert problems_told(server, ragged, "ragged.csv") == [(52, None)]


def test_others_can_neither_use_a_table_nor_find_out_that_it_is_there(tmp_path):
    with served(tmp_path, workers=0, access="tokens") as server:
        ada, ben = ({"Authorization": f"Bearer {server.tokens.create(name)[1]}"} for name in ("ada", "ben"))
        upload(server, **ada)
        for dataset in ({}, {"sha256": SHA256}):
            answer = server.post(document(**dataset), path="/v1/validate", headers=ben).json()
            assert not answer["valid"]
            assert "flats.csv" not in answer["problems"][0]["expected"]
        for path in ("profile", "rows"):
            assert server.client.get(f"/v1/files/{SHA256}/{path}", headers=ben).status_code == 404


def test_nothing_is_known_of_a_deleted_table(tmp_path):
    with served(tmp_path, workers=0) as server:
        upload(server)
        assert server.post(document(), path="/v1/validate").json()["valid"]
        assert server.service.importer._runs._runs
        assert server.client.delete(f"/v1/files/{SHA256}").status_code == 204
        assert not server.service.importer._runs._runs
        assert problem(server)["pointer"] == "/dataset/file"


@pytest.mark.parametrize(
    "limits", [{"import_memory_bytes": 1 << 20}, {"import_timeout_s": 0.01}], ids=["memory", "time"]
)
def test_reading_a_table_is_limited(tmp_path, limits):
    with served(tmp_path, workers=0, files=FileLimits(**limits)) as server:
        upload(server)
        assert "this server allows" in problem(server)["expected"]


def _full(**options):
    raise OSError(errno.ENOSPC, "No space left on device", f"{options['dir']}/x")


def test_the_profile_fills_while_a_table_arrives(tmp_path, monkeypatch):
    with served(tmp_path, workers=0) as server:
        begun = server.client.post("/v1/files", json={"name": "flats.csv", "size_bytes": len(TABLE)})
        address = begun.headers["location"]
        assert server.client.get(f"{address}/profile").status_code == 204  # nothing has arrived
        part = {"Upload-Offset": "0", "Upload-Complete": "?0", "Content-Type": "application/partial-upload"}
        header = TABLE.index(b"\n") + 1
        assert server.client.patch(address, content=TABLE[:header], headers=part).status_code == 204
        assert server.client.get(f"{address}/profile").status_code == 204  # no row has arrived
        part["Upload-Offset"] = str(header)
        assert server.client.patch(address, content=TABLE[header:400], headers=part).status_code == 204
        found = server.client.get(f"{address}/profile").json()
        assert (found["kind"], found["is_partial"], found["sha256"]) == ("table", True, None)
        assert (found["received_bytes"], found["rows"]) == (400, TABLE[:400].count(b"\n") - 1)
        assert found["read_bytes"] == TABLE[:400].rfind(b"\n") + 1
        assert server.client.get(f"{address}/profile?target=length").json()["task"] == "regression"
        assert server.client.get(f"{address}/profile?kind=recordings").status_code == 204
        with monkeypatch.context() as patched:
            patched.setattr(tempfile, "NamedTemporaryFile", _full)
            detail = is_problem(server.client.get(f"{address}/profile"), 507, "disk-full")["detail"]
            assert str(tmp_path) not in detail
        assert list((tmp_path / "imports").iterdir()) == []  # nothing is left of it
        rest = {**part, "Upload-Offset": "400", "Upload-Complete": "?1"}
        assert server.client.patch(address, content=TABLE[400:], headers=rest).status_code in (201, 204)
        assert server.client.get(f"{address}/profile").status_code == 204
        assert server.client.get(f"/v1/files/{SHA256}/profile").json()["rows"] == 60
