"""Tokens: how an owner authenticates. Only a hash is stored, so whoever reads the database cannot log in.

A secret is 32 random bytes, so one pass of SHA-256 is enough: it cannot be guessed, and there is no
dictionary to try. It is looked up by its hash, whose digits an attacker cannot choose, so the time of a
look-up reveals nothing; the hashes are then compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from quickml.errors import TokenError
from quickml.jobs.ids import new_id
from quickml.jobs.owners import check_owner
from quickml.jobs.values import text_of, time_of
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import tokens

PREFIX = "qml_"
"""How a secret begins, so that people and scanners know one."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token as stored; its secret is not."""

    id: str
    """`tok_` and 26 characters that sort by time of creation."""
    owner: str
    created_at: datetime
    revoked_at: datetime | None = None


class TokenStore:
    """The tokens of all owners. Every call is atomic, and safe from several processes."""

    def __init__(self, database: Database, clock: Callable[[], datetime] | None = None) -> None:
        self._database, self._clock = database, clock or database.now

    def create(self, owner: str) -> tuple[Token, str]:
        """A new token of an owner, and its secret, which is shown this once.

        Raises:
            OwnerError: not the name of an owner: 1 to 64 printable characters, without space at its ends.
        """
        with self._database.write() as connection:
            return self._create(connection, owner)

    def create_first(self, owner: str) -> tuple[Token, str] | None:
        """As `create`; None if there is a valid token, also one that another process makes just now."""
        with self._database.write(lock="first token") as connection:
            if connection.scalar(select(tokens.c.id).where(tokens.c.revoked_at.is_(None)).limit(1)):
                return None
            return self._create(connection, owner)

    def _create(self, connection: Connection, owner: str) -> tuple[Token, str]:
        newest = connection.scalar(select(tokens.c.id).order_by(tokens.c.id.desc()).limit(1))
        token, secret = _new(owner, self._clock(), after=newest)
        row = {**vars(token), "created_at": text_of(token.created_at), "hash": hash_of(secret)}
        connection.execute(insert(tokens).values(row))
        return token, secret

    def verify(self, secret: str) -> Token | None:
        """The token of this secret; None where there is none, or it was revoked."""
        wanted = hash_of(secret)
        with self._database.statement() as connection:
            row = connection.execute(select(tokens).where(tokens.c.hash == wanted)).first()
        if row is None or not hmac.compare_digest(row.hash, wanted):
            return None
        return None if row.revoked_at else _token(row)

    def tokens(self) -> list[Token]:
        """All tokens, the oldest first, revoked ones too."""
        with self._database.statement() as connection:
            return [_token(row) for row in connection.execute(select(tokens).order_by(tokens.c.id))]

    def revoke(self, token_id: str) -> Token:
        """Refuse this token from now on; nothing changes for one that is revoked.

        Raises:
            TokenError: there is none.
        """
        this = tokens.c.id == token_id
        with self._database.write() as connection:
            fresh = update(tokens).where(this, tokens.c.revoked_at.is_(None))
            connection.execute(fresh.values(revoked_at=text_of(self._clock())))
            row = connection.execute(select(tokens).where(this)).first()
        if row is None:
            raise _missing(token_id)
        return _token(row)


def hash_of(secret: str) -> str:
    """What is kept of a secret: hexadecimal SHA-256."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def _new(owner: str, now: datetime, after: str | None) -> tuple[Token, str]:
    check_owner(owner)
    token = Token(id=new_id("tok", now, after=after), owner=owner, created_at=now)
    return token, PREFIX + secrets.token_urlsafe(32)


def _missing(token_id: str) -> TokenError:
    return TokenError(f"{token_id[:64]!r}: expected the id of a token, as the list of tokens has it")


def _token(row: Row[Any]) -> Token:
    values = {name: value for name, value in row._mapping.items() if name != "hash"}
    return Token(**{**values, **{name: time_of(values[name]) for name in ("created_at", "revoked_at")}})
