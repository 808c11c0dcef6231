"""`quickml token`: access to the server on this machine. Changes apply at once, whether it runs or not."""

from __future__ import annotations

from quickml import composition
from quickml.cli.display.output import note, say
from quickml.settings import Settings


def create_token(settings: Settings, owner: str) -> None:
    """Print the secret of a new token alone, for pipes. Raises TokenError if the name is not valid."""
    _, secret = composition.tokens(settings).create(owner)
    say(secret)


def list_tokens(settings: Settings) -> None:
    """Print all tokens; their secrets are not stored."""
    found = composition.tokens(settings).tokens()
    if not found:
        note(f"no tokens in {settings.storage.place}; `quickml token create NAME` creates one")
    for token in found:
        created = token.created_at.isoformat(timespec="seconds")
        revoked = f"  revoked {token.revoked_at.isoformat(timespec='seconds')}" if token.revoked_at else ""
        say(f"{token.id}  {created}  {token.owner}{revoked}")


def revoke_token(settings: Settings, token_id: str) -> None:
    """Revoke a token. Raises TokenError if there is no such token."""
    token = composition.tokens(settings).revoke(token_id)
    say(f"{token.id} of {token.owner} was revoked")
