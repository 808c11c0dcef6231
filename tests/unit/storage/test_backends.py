"""Databases and artifact stores by address."""

import pytest

from quickml.errors import StoreError
from quickml.jobs.tokens import TokenStore
from quickml.storage.addresses import Addresses, Schemes, databases
from quickml.storage.backends import Backends


def addresses(folder):
    return Addresses.of_paths(database=folder / "quickml.db", files=folder / "artifacts")


@pytest.mark.parametrize("name", ["data", "a b", "100%25", "ö?#é", "'quoted'"])
def test_what_is_stored_at_an_address_is_found_there_again(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "file").write_bytes(b"content")
    backends = Backends.open(addresses(folder))
    token, secret = TokenStore(backends.database).create("ada")
    backends.artifacts.put(folder / "file")
    backends.close()
    again = Backends.open(addresses(folder))
    assert TokenStore(again.database).verify(secret) == token
    assert again.artifacts.usage_bytes() == 7
    assert {path.name for path in folder.iterdir()} >= {"quickml.db", "artifacts"}


def test_addresses_are_those_that_other_tools_know(tmp_path):
    found = addresses(tmp_path)
    assert found.database == f"sqlite:///{tmp_path}/quickml.db"
    assert found.files == (tmp_path / "artifacts").as_uri()


@pytest.mark.parametrize("address", ["", "quickml.db", "/srv/quickml.db", "mysql://host/db", "sqlite:/x.db"])
def test_an_address_of_no_known_scheme_is_refused(tmp_path, address):
    with pytest.raises(
        StoreError, match="database: expected an address with postgresql:// or sqlite://, found"
    ):
        Backends.open(Addresses(database=address, files=tmp_path.as_uri()))
    with pytest.raises(StoreError, match=r"files: expected an address with .*file:// or s3://, found"):
        Backends.open(Addresses(database=addresses(tmp_path).database, files=address))


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///", "sqlite:///quickml.db", "sqlite://host/x.db"])
def test_an_address_without_an_absolute_path_is_refused(tmp_path, address):
    with pytest.raises(StoreError, match="expected an absolute path, such as sqlite:////srv/quickml"):
        Backends.open(Addresses(database=address, files=tmp_path.as_uri()))


def test_an_address_may_be_written_in_two_ways_and_is_told_without_its_password():
    stores = Schemes("quickml.storage.database", "database")
    stores.opens("postgresql", "postgres")(lambda address: address)
    for given in ("postgres://ada@host/x?a=b", "postgresql://ada@host/x?a=b"):
        assert stores.open(given) == "postgresql://ada@host/x?a=b"
    with pytest.raises(StoreError, match=r"found 'mysql://\*\*\*@host/db'"):
        databases.open("mysql://ada:secret@host/db")


def test_a_back_end_from_elsewhere_registers_itself():
    stores = Schemes("quickml.storage.artifacts", "files")
    stores.opens("memory")(lambda address: address)
    assert stores.open("memory://here") == "memory://here"
