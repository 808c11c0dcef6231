"""RFC 9110 over the wire: the table of tests/support/conformance.py against a real `quickml serve`."""

import http.client

import pytest

from conformance import CONTENT, TABLE, Subject, check
from server_process import PATIENCE_S, serving
from stored_files import store_files, url


def stored(data, folder):
    """The files of the table in a server's data folder, before it starts."""
    (folder / "content.bin").write_bytes(CONTENT)
    (folder / "empty.bin").touch()
    return store_files(data, folder / "content.bin", folder / "empty.bin")


def subject_of(server, files):
    """The files of the table on a server."""
    dates = [server.client.head(url(file)).headers["last-modified"] for file in files]
    full, empty = (url(file) for file in files)
    return Subject(path=full, empty_path=empty, modified=dates[0], empty_modified=dates[1])


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    folder = tmp_path_factory.mktemp("conformance")
    files = stored(folder / "data", folder)
    with serving(folder / "data") as server:
        yield server, subject_of(server, files)


@pytest.fixture
def connection(subject):
    server, _ = subject
    connection = http.client.HTTPConnection(server.address.removeprefix("http://"), timeout=PATIENCE_S)
    yield connection
    connection.close()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_it_answers_as_the_rfc_says(row, subject, connection):
    check(connection, row, subject[1])


def test_the_table_has_each_name_once():
    names = [row.name for row in TABLE]
    assert len(names) >= 50
    assert sorted(set(names)) == sorted(names)
