"""A bucket of S3, or of a server that speaks its protocol. The only importer of obstore.

Addresses are `s3://bucket/prefix`, with parameters behind `?`; see `Location`. Keys are not among them:
they are read from a file, or come from where AWS's own tools look for them.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, urlsplit

from quickml.errors import ArtifactError, FilesAwayError, StoreError
from quickml.storage.addresses import CREDENTIALS_FILE
from quickml.text import masked

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config, S3Credential

CHUNK_BYTES, CHUNKS = 8 << 20, 2
"""Size of the chunks in which a larger file is put, and maximum number of them in memory during a put."""
KEYS_AGE_S = 60.0
"""Age from which keys are read from their file again."""
PARAMETERS = frozenset({"endpoint", "region", "path_style", CREDENTIALS_FILE, "cache", "cache_bytes"})
_CLIENT: ClientConfig = {"connect_timeout": timedelta(seconds=3), "timeout": timedelta(seconds=60)}
_RETRY: RetryConfig = {"max_retries": 2, "retry_timeout": timedelta(seconds=5)}
"""Whoever calls has patience of its own."""
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9_=-][A-Za-z0-9_.=-]*)*/?")
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_NO_KEYS = ("169.254.169.254", "/latest/api/token")
"""Where a machine of AWS is asked for its role, after everything else had no keys."""


@dataclass(frozen=True, kw_only=True)
class Location:
    """What an address says."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    """Where the server is; AWS without one."""
    region: str | None = None
    path_style: bool = True
    """Whether the bucket is part of the path, and not of the host's name."""
    credentials_file: Path | None = None
    cache: Path | None = None
    """A folder on this machine for copies of what is read."""
    cache_bytes: int | None = None

    @classmethod
    def of(cls, address: str) -> Self:
        """Read an address.

        Raises:
            StoreError: it is none, or has an unknown parameter. Values are not quoted: one may be a secret.
        """
        parts = urlsplit(address)
        name = masked(address).partition("?")[0]
        if not _BUCKET.fullmatch(parts.netloc) or not _PREFIX.fullmatch(parts.path) or parts.fragment:
            raise StoreError(f"{name}: expected an address such as s3://bucket/prefix")
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        if unknown := sorted(given.keys() - PARAMETERS):
            known = ", ".join(sorted(PARAMETERS - {"cache", "cache_bytes"}))
            raise StoreError(f"{name}: expected parameters from {known}, found {unknown[0]!r:.80}")
        return cls(
            bucket=parts.netloc,
            prefix=parts.path.strip("/"),
            endpoint=_endpoint(given.get("endpoint"), name),
            region=given.get("region"),
            path_style=_boolean(given.get("path_style", "true"), name),
            credentials_file=Path(given[CREDENTIALS_FILE]) if CREDENTIALS_FILE in given else None,
            cache=Path(given["cache"]) if "cache" in given else None,
            cache_bytes=int(given["cache_bytes"]) if "cache_bytes" in given else None,
        )

    @property
    def name(self) -> str:
        """For logs and error messages."""
        place = f" at {self.endpoint}" if self.endpoint else ""
        return f"s3://{self.bucket}{f'/{self.prefix}' if self.prefix else ''}{place}"


def _endpoint(text: str | None, name: str) -> str | None:
    if text is None:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise StoreError(f"{name}: endpoint: expected a URL such as https://s3.example.org")
    return text.rstrip("/")


def _boolean(text: str, name: str) -> bool:
    if text not in ("true", "false"):
        raise StoreError(f"{name}: path_style: expected true or false, found {text!r:.40}")
    return text == "true"


class Bucket:
    """Objects by their keys, which callers make of ids and checksums only. Thread-safe.

    Every method raises `ArtifactError` when the bucket cannot be used, with a text that has no secret; a
    `FilesAwayError` where its server, the network or the keys are to blame.
    """

    def __init__(self, location: Location) -> None:
        """Nothing is asked of the bucket yet.

        Raises:
            StoreError: obstore is not installed.
        """
        try:
            import obstore
            from obstore.exceptions import BaseError
            from obstore.store import S3Store
        except ImportError as error:
            raise StoreError(
                "s3:// needs obstore, which is not installed: pip install 'quickml-coreml[s3]'"
            ) from error
        self.name, self._client, self._error = location.name, obstore, BaseError
        keys = location.credentials_file
        config: S3Config = {
            "checksum_algorithm": "SHA256",
            "virtual_hosted_style_request": not location.path_style,
        }
        if location.endpoint:
            config["endpoint"] = location.endpoint
        if location.region:
            config["region"] = location.region
        self._store = S3Store(
            location.bucket,
            prefix=location.prefix or None,
            config=config,
            client_options={**_CLIENT, "allow_http": (location.endpoint or "").startswith("http://")},
            retry_config=_RETRY,
            credential_provider=_Keys(keys) if keys else None,
        )

    def put(self, key: str, content: Path | bytes, *, saved_as: str = "", is_new: bool = False) -> bool:
        """Store an object, which is complete and durable when this returns.

        Args:
            key: its key.
            content: a file, or a few bytes.
            saved_as: the name under which browsers save it.
            is_new: leave an object alone that is there already. The content has at most `CHUNK_BYTES` then.

        Returns:
            False where there was one.

        Raises:
            OSError: the file cannot be read.
        """
        attributes = {"Content-Type": "application/octet-stream"}
        if saved_as:
            attributes["Content-Disposition"] = f'attachment; filename="{saved_as}"'
        with self._translated():
            try:
                self._client.put(
                    self._store,
                    key,
                    content,
                    attributes=attributes,
                    mode="create" if is_new else "overwrite",
                    chunk_size=CHUNK_BYTES,
                    max_concurrency=CHUNKS,
                )
            except self._client.exceptions.AlreadyExistsError:
                return False
            except FileNotFoundError as error:
                raise self._missing(error) from None
        return True

    def get(self, key: str, start: int, stop: int) -> bytes:
        """The bytes of an object from `start` up to, not including, `stop`; fewer where it is shorter.

        Raises:
            FileNotFoundError: there is no such object.
        """
        if start >= stop:
            return b""
        try:
            with self._translated():
                return self._client.get_range(self._store, key, start=start, end=stop).to_bytes()
        except _RangeError:
            return b""

    def sizes(self, prefix: str) -> dict[str, int]:
        """The sizes of all objects below a prefix, which ends where a `/` follows, by their keys."""
        with self._translated():
            pages = self._client.list(self._store, prefix)
            return {meta["path"]: meta["size"] for page in pages for meta in page}

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; no error for those that are not there."""
        if keys:
            with self._translated():
                self._client.delete(self._store, list(keys))

    def link(self, key: str, expires_s: int) -> str:
        """A URL at which anybody can fetch an object for a while."""
        with self._translated():
            return self._client.sign(self._store, "GET", key, timedelta(seconds=expires_s))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if "<Code>NoSuchBucket<" in str(error):
                raise self._missing(error) from None
            raise
        except self._error as error:
            raise self._told(str(error)) from None

    def _missing(self, error: FileNotFoundError) -> FilesAwayError:
        code = _CODE.search(str(error))
        return FilesAwayError(f"{self.name}: expected a bucket, found none ({code[1] if code else '404'})")

    def _told(self, text: str) -> ArtifactError:
        """The error for a text of obstore, which has addresses and what the server has answered."""
        code, status = _CODE.search(text), _STATUS.search(text)
        detail = code[1] if code else status[1] if status else ""
        if detail == "NoSuchBucket":
            return FilesAwayError(f"{self.name}: expected a bucket, found none ({detail})")
        if detail == "InvalidRange":
            return _RangeError(f"{self.name}: the object is shorter")
        if any(sign in text for sign in _NO_KEYS):
            hint = "name a file with `files_credentials_file`, or set AWS_ACCESS_KEY_ID and its like"
            return FilesAwayError(f"{self.name}: expected keys, found none; {hint}")
        if (keys := re.search(rf"{_KEYS_ERROR}: [^\n]{{1,300}}", text)) is not None:
            return FilesAwayError(f"{self.name}: {keys[0]}")
        if detail == "RequestTimeTooSkewed":
            return FilesAwayError(f"{self.name}: the clock of this machine is wrong ({detail})")
        if status and status[1] in ("401", "403"):
            return FilesAwayError(f"{self.name}: expected keys that give access, found others ({detail})")
        if not detail and "HTTP error" in text:
            return FilesAwayError(f"{self.name}: the server cannot be reached")
        kind = FilesAwayError if status and status[1].startswith("5") else ArtifactError
        return kind(f"{self.name}: the server refuses ({detail or 'no reason given'})")


class _RangeError(ArtifactError):
    """An object ends before the range that was asked for."""


_KEYS_ERROR = "the file with the keys"


class _Keys:
    """Reads keys from a file in the form of `~/.aws/credentials`, again whenever they may have changed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> S3Credential:
        """Called by obstore, which tells the text of an error."""
        parser = configparser.ConfigParser(interpolation=None, default_section="")
        try:
            parser.read_string(self._path.read_text(encoding="utf-8"))
            section = parser["default"]
            key_id, secret = section["aws_access_key_id"], section["aws_secret_access_key"]
        except OSError as error:
            raise ValueError(f"{_KEYS_ERROR}: {self._path} cannot be read ({error.strerror})") from None
        except (UnicodeDecodeError, configparser.Error, KeyError):  # their texts may quote a secret
            expected = "[default] with aws_access_key_id and aws_secret_access_key"
            raise ValueError(f"{_KEYS_ERROR}: {self._path}: expected {expected}") from None
        return {
            "access_key_id": key_id,
            "secret_access_key": secret,
            "token": section.get("aws_session_token"),
            "expires_at": datetime.now(UTC) + timedelta(seconds=KEYS_AGE_S),
        }
