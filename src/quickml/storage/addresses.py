"""Addresses of databases and artifact stores, and the registry of what opens them.

A database or store is one file in `storage/database` or `storage/artifacts` that registers itself for the
scheme of its addresses: `@databases.opens("sqlite")`. The modules of those folders are loaded when the first
address is opened; a heavy library belongs inside the function.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Generic, ParamSpec, TypeVar
from urllib.parse import quote, unquote

from quickml.errors import StoreError
from quickml.text import masked

if TYPE_CHECKING:
    from quickml.storage.artifacts.store import ArtifactStore
    from quickml.storage.database.engine import Database
    from quickml.storage.partials.store import PartialStore

T = TypeVar("T")
P = ParamSpec("P")

PASSWORD_FILE = "password_file"  # noqa: S105  # a name
"""The parameter of an address that names a file with its password, which addresses themselves never have."""
CREDENTIALS_FILE = "credentials_file"
"""The same, for the keys of a bucket."""


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Addresses of the database and the artifact store. Workers receive them as JSON."""

    database: str
    """`sqlite:////srv/quickml/quickml.db` or `postgresql://quickml@db.example.org/quickml`"""
    files: str
    """`file:///srv/quickml/artifacts` or `s3://bucket/prefix`"""

    @classmethod
    def of_paths(cls, *, database: Path, files: Path) -> Addresses:
        """The addresses of a SQLite file and of a folder on this machine."""
        return cls(
            database=f"sqlite:///{quote(database.absolute().as_posix())}",
            files=f"file://{quote(files.absolute().as_posix())}",
        )

    def with_database(self, address: str, *, password_file: Path | None = None) -> Addresses:
        """The same with another database; a file that has its password becomes part of the address."""
        file = None if password_file is None else password_file.absolute()
        return replace(self, database=with_parameters(address, {PASSWORD_FILE: file}))

    def with_files(
        self, place: str | Path, *, credentials_file: Path | None = None, cache: Path, cache_bytes: int
    ) -> Addresses:
        """The same with another artifact store.

        Args:
            place: its address, or a folder.
            credentials_file: a file with keys, which becomes part of the address.
            cache: a folder on this machine for copies of what is read from elsewhere.
            cache_bytes: the size of these copies.
        """
        if isinstance(place, Path):
            return replace(self, files=f"file://{quote(place.absolute().as_posix())}")
        if not place.startswith("s3://"):
            return replace(self, files=place)
        file = None if credentials_file is None else credentials_file.absolute()
        given = {CREDENTIALS_FILE: file, "cache": cache.absolute(), "cache_bytes": cache_bytes}
        return replace(self, files=with_parameters(place, given))


def with_parameters(address: str, given: Mapping[str, object]) -> str:
    """An address with more parameters; those that are None are left out."""
    for name, value in given.items():
        if value is not None:
            address += f"{'&' if '?' in address else '?'}{name}={quote(str(value), safe='')}"
    return address


class Schemes(Generic[P, T]):
    """The registry of one kind of back end: which function opens the addresses of which scheme."""

    def __init__(self, package: str, kind: str) -> None:
        """Look for back ends in the modules of `package`; `kind` names them in error messages."""
        self._package, self._kind = package, kind
        self._openers: dict[str, Callable[Concatenate[str, P], T]] = {}
        self._schemes: dict[str, str] = {}
        """Other names of schemes, with the usual one."""

    def opens(
        self, scheme: str, *others: str
    ) -> Callable[[Callable[Concatenate[str, P], T]], Callable[Concatenate[str, P], T]]:
        """Register a function that takes an address of this scheme, which may have `others` as names."""

        def register(opener: Callable[Concatenate[str, P], T]) -> Callable[Concatenate[str, P], T]:
            self._openers[scheme] = opener
            self._schemes.update(dict.fromkeys(others, scheme))
            return opener

        return register

    def open(self, address: str, *args: P.args, **kwargs: P.kwargs) -> T:
        """The back end at an address.

        An artifact store is also given the database. A store of uploads has the address of the artifact
        store, and is given a folder of this server.

        Raises:
            StoreError: the scheme is unknown, or what is there cannot be used.
        """
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__, f"{self._package}."):
            importlib.import_module(module.name)
        given, separator, rest = address.partition("://")
        scheme = self._schemes.get(given, given)
        if not separator or scheme not in self._openers:
            known = " or ".join(f"{name}://" for name in sorted(self._openers))
            raise StoreError(f"{self._kind}: expected an address with {known}, found {_place(address)!r}")
        return self._openers[scheme](f"{scheme}://{rest}", *args, **kwargs)


databases: Schemes[[], Database] = Schemes("quickml.storage.database", "database")
artifact_stores: Schemes[[Database], ArtifactStore] = Schemes("quickml.storage.artifacts", "files")
partial_stores: Schemes[[Path], PartialStore] = Schemes("quickml.storage.partials", "uploads")


def path_of(address: str, prefix: str) -> Path:
    """The absolute path in an address; `prefix` is what precedes the path.

    Raises:
        StoreError: the address holds no absolute path.
    """
    path = Path(unquote(address.removeprefix(prefix)))
    if not address.startswith(prefix) or not path.is_absolute():
        example = f"{prefix}/srv/quickml"
        raise StoreError(f"{masked(address)}: expected an absolute path, such as {example}")
    return path


def _place(address: str) -> str:
    return masked(address).partition("?")[0]
