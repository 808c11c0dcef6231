"""`quickml token`: access to the server on this machine, and how long it keeps the jobs of each owner.

Changes apply at once, whether it runs or not.
"""

from __future__ import annotations

from collections.abc import Iterator

from quickml import composition
from quickml.cli.display.output import note, say
from quickml.errors import InputError
from quickml.service import FOREVER, OTHERS, Keeping
from quickml.settings import Settings
from quickml.settings.kinds import duration, show_duration

AS_SERVER, NO_END = "server", "none"
"""In place of a duration: the server's setting, and no limit."""


def create_token(settings: Settings, owner: str, *, keep_jobs: str | None, keep_files: str | None) -> None:
    """Print the secret of a new token alone, for pipes. Raises OwnerError if the name is not valid."""
    changes = _changes(keep_jobs, keep_files)
    if changes:
        composition.owners(settings).keep(owner, changes)
    _, secret = composition.tokens(settings).create(owner)
    say(secret)


def list_tokens(settings: Settings) -> None:
    """Print all tokens; their secrets are not stored."""
    found, kept = composition.tokens(settings).tokens(), composition.owners(settings).all()
    if not found:
        note(f"no tokens in {settings.storage.place}; `quickml token create NAME` creates one")
    for token in found:
        created = token.created_at.isoformat(timespec="seconds")
        revoked = f"  revoked {token.revoked_at.isoformat(timespec='seconds')}" if token.revoked_at else ""
        say("  ".join([f"{token.id}  {created}  {token.owner}{revoked}", *_told(kept.get(token.owner))]))
    for owner in sorted(kept.keys() - {token.owner for token in found} - {OTHERS}):
        say("  ".join([f"no token  {owner}", *_told(kept[owner])]))


def revoke_token(settings: Settings, token_id: str) -> None:
    """Revoke a token. Raises TokenError if there is no such token."""
    token = composition.tokens(settings).revoke(token_id)
    say(f"{token.id} of {token.owner} was revoked")


def retain(settings: Settings, owner: str, *, keep_jobs: str | None, keep_files: str | None) -> None:
    """Change how long the jobs and files of an owner are kept, and print it. Raises OwnerError."""
    kept = composition.owners(settings)
    changes = _changes(keep_jobs, keep_files)
    found = kept.keep(owner, changes) if changes else kept.keeping(owner)
    say("  ".join([owner, *(_told(found) or ["the server's settings apply"])]))


def _told(kept: Keeping | None) -> list[str]:
    said = {"jobs": kept.keep_jobs_s, "files": kept.keep_files_s} if kept else {}
    return [
        f"{what} kept {'without limit' if kept_s == FOREVER else show_duration(kept_s)}"
        for what, kept_s in said.items()
        if kept_s is not None
    ]


def _changes(keep_jobs: str | None, keep_files: str | None) -> dict[str, float | None]:
    return dict(_read({"keep_jobs": keep_jobs, "keep_files": keep_files}))


def _read(given: dict[str, str | None]) -> Iterator[tuple[str, float | None]]:
    kind = duration(1.0)
    for name, text in given.items():
        if text is None:
            continue
        try:
            known = {AS_SERVER: None, NO_END: FOREVER}
            yield f"{name}_s", known[text] if text in known else kind.read(text)
        except (ValueError, OverflowError):
            flag, words = f"--{name.replace('_', '-')}", f"{NO_END} (no limit) or {AS_SERVER} (its setting)"
            raise InputError(f"{flag}: expected {kind.expected}; or {words}; found {text!r:.80}") from None
