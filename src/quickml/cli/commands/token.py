"""`quickml token`: who may use a server. The server need not run, and hears of it at once where it does."""

from __future__ import annotations

from quickml import composition
from quickml.settings import Settings


def create_token(settings: Settings, owner: str) -> None:
    """Print a new token's secret, alone, for a pipe. Raises TokenError where nobody can be called that."""
    _, secret = composition.tokens(settings).create(owner)
    print(secret)


def list_tokens(settings: Settings) -> None:
    """Print all tokens, without their secrets, which nobody has."""
    for token in composition.tokens(settings).tokens():
        created = token.created_at.isoformat(timespec="seconds")
        revoked = f"  revoked {token.revoked_at.isoformat(timespec='seconds')}" if token.revoked_at else ""
        print(f"{token.id}  {created}  {token.owner}{revoked}")


def revoke_token(settings: Settings, token_id: str) -> None:
    """Let a token in no more. Raises TokenError where there is none."""
    token = composition.tokens(settings).revoke(token_id)
    print(f"{token.id} of {token.owner} is revoked")
