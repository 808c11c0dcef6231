"""Tables of other formats than CSV on a server: described, shown by rows, and learned from."""

import hashlib
import io
import json

import pytest

from quickml.document import Plan
from quickml.imports.catalog import stored
from quickml.imports.places import PictureFolders
from served import served
from workbooks import workbook

NAMES = ["length", "district", "kind"]
ROWS = [[n / 10, "Mitte" if n % 2 else "Nord", "long" if n > 30 else "short"] for n in range(60)]
PARTIAL = {"Upload-Offset": "0", "Upload-Complete": "?0", "Content-Type": "application/partial-upload"}


def xlsx():
    return workbook({"Flats": [NAMES, *ROWS]})


def jsonl():
    return "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in ROWS).encode()


def parquet():
    arrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    buffer = io.BytesIO()
    writer.write_table(arrow.table(dict(zip(NAMES, zip(*ROWS, strict=True), strict=True))), buffer)
    return buffer.getvalue()


FORMATS = {"xlsx": xlsx, "jsonl": jsonl, "parquet": parquet}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0) as one:
        yield one


@pytest.mark.parametrize("kind", FORMATS)
def test_a_table_of_another_format_is_described_shown_and_learned_from(server, kind, tmp_path):
    content = FORMATS[kind]()
    about = {"Upload-Complete": "?1", "Content-Disposition": f'inline; filename="flats.{kind}"'}
    sha256 = server.client.post("/v1/files", content=content, headers=about).json()["sha256"]
    assert sha256 == hashlib.sha256(content).hexdigest()
    found = server.client.get(f"/v1/files/{sha256}/profile").json()
    assert (found["kind"], found["rows"], found["target"]) == ("table", 60, "kind")
    page = server.client.get(f"/v1/files/{sha256}/rows?offset=58&limit=1").json()
    assert (page["names"], page["rows"]) == (NAMES, [["5.8", "Nord", "long"]])
    job_id = server.submit(found["document"])
    plan = Plan.from_json(server.store.job(job_id).plan)
    with server.artifacts.local_path(sha256) as path:
        files = stored(lambda _: path, PictureFolders(root=tmp_path, owner="ada"))  # as in a worker
        data = files.load(plan.document.dataset)
    assert (len(data.x_train), len(data.x_test)) == plan.info.sizes
    assert sum(plan.info.sizes) == 60


@pytest.mark.parametrize("kind", FORMATS)
def test_a_part_of_a_file_that_ends_with_its_directory_has_no_profile(server, kind):
    content = FORMATS[kind]()
    size_bytes = len(content) + 1  # more is to come
    begun = server.client.post("/v1/files", json={"name": f"part.{kind}", "size_bytes": size_bytes})
    address = begun.headers["location"]
    assert server.client.patch(address, content=content, headers=PARTIAL).status_code in (201, 204)
    answer = server.client.get(f"{address}/profile")
    if kind == "jsonl":
        assert answer.json()["rows"] == 60
    else:
        assert answer.status_code == 204
