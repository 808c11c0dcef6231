"""The file with the key that signs links."""

from __future__ import annotations

import secrets
from pathlib import Path

from quickml.errors import StoreError
from quickml.files import atomic
from quickml.service.links import KEY_BYTES


def key_in(path: Path) -> bytes:
    """Read the key that signs links, or create it, readable by this user only.

    Raises:
        StoreError: the file cannot be read or created, or has another size.
    """
    try:
        if not path.exists():
            _make(path)
    except OSError as error:
        raise StoreError(f"{path}: the key of links cannot be used ({error.strerror})") from error
    return read_key(path)


def read_key(path: Path) -> bytes:
    """Read it.

    Raises:
        StoreError: the file cannot be read, or has another size.
    """
    try:
        key = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: the key of links cannot be used ({error.strerror})") from error
    if len(key) != KEY_BYTES:
        hint = "if the file is removed, a new key is made, and existing links become invalid"
        raise StoreError(f"{path}: expected a key of {KEY_BYTES} bytes, found {len(key)}; {hint}")
    return key


def _make(path: Path) -> None:
    """Called while the folder's lock is held."""
    with atomic.new_file(path, temporary=path.with_name(f".{path.name}.partial"), mode=0o600) as file:
        file.write(secrets.token_bytes(KEY_BYTES))
