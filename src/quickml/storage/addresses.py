"""Addresses of databases and artifact stores, and the registry of what opens them.

A database or store is one file in `storage/database` or `storage/artifacts` that registers itself for the
scheme of its addresses: `@databases.opens("sqlite")`. The modules of those folders are loaded when the first
address is opened; a heavy library belongs inside the function.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import quote, unquote

from quickml.errors import StoreError

if TYPE_CHECKING:
    from quickml.storage.artifacts.store import ArtifactStore
    from quickml.storage.database.engine import Database
    from quickml.storage.partials.store import PartialStore

T = TypeVar("T")
Opener = Callable[[str], T]

PASSWORD_FILE = "password_file"  # noqa: S105  # a name
"""The parameter of an address that names a file with its password, which addresses themselves never have."""


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Addresses of the database and the artifact store. Workers receive them as JSON."""

    database: str
    """`sqlite:////srv/quickml/quickml.db` or `postgresql://quickml@db.example.org/quickml`"""
    files: str
    """`file:///srv/quickml/artifacts`"""

    @classmethod
    def of_paths(cls, *, database: Path, files: Path) -> Addresses:
        """The addresses of a SQLite file and of a folder on this machine."""
        return cls(
            database=f"sqlite:///{quote(database.absolute().as_posix())}",
            files=f"file://{quote(files.absolute().as_posix())}",
        )

    def with_database(self, address: str, *, password_file: Path | None = None) -> Addresses:
        """The same with another database; a file that has its password becomes part of the address."""
        if password_file is not None:
            parameter = f"{PASSWORD_FILE}={quote(str(password_file.absolute()), safe='')}"
            address = f"{address}{'&' if '?' in address else '?'}{parameter}"
        return replace(self, database=address)


class Schemes(Generic[T]):
    """The registry of one kind of back end: which function opens the addresses of which scheme."""

    def __init__(self, package: str, kind: str) -> None:
        """Look for back ends in the modules of `package`; `kind` names them in error messages."""
        self._package, self._kind = package, kind
        self._openers: dict[str, Opener[T]] = {}

    def opens(self, scheme: str) -> Callable[[Opener[T]], Opener[T]]:
        """Register a function that takes an address of this scheme."""

        def register(opener: Opener[T]) -> Opener[T]:
            self._openers[scheme] = opener
            return opener

        return register

    def open(self, address: str) -> T:
        """The back end at an address.

        Raises:
            StoreError: the scheme is unknown, or what is there cannot be used.
        """
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__, f"{self._package}."):
            importlib.import_module(module.name)
        scheme, separator, _ = address.partition("://")
        if not separator or scheme not in self._openers:
            known = " or ".join(f"{name}://" for name in sorted(self._openers))
            raise StoreError(f"{self._kind}: expected an address with {known}, found {shown(address)!r}")
        return self._openers[scheme](address)


databases: Schemes[Database] = Schemes("quickml.storage.database", "database")
artifact_stores: Schemes[ArtifactStore] = Schemes("quickml.storage.artifacts", "files")
partial_stores: Schemes[PartialStore] = Schemes("quickml.storage.partials", "uploads")


def path_of(address: str, prefix: str) -> Path:
    """The absolute path in an address; `prefix` is what precedes the path.

    Raises:
        StoreError: the address holds no absolute path.
    """
    path = Path(unquote(address.removeprefix(prefix)))
    if not address.startswith(prefix) or not path.is_absolute():
        example = f"{prefix}/srv/quickml"
        raise StoreError(f"{shown(address)}: expected an absolute path, such as {example}")
    return path


def shown(address: str) -> str:
    """An address for logs and error messages, without its user and password."""
    address = re.sub(r"(?<=password=)[^&]*", "***", address)
    return re.sub(r"(?<=://)[^/].*@", "***@", address)  # a wrong one may have any signs in its password
