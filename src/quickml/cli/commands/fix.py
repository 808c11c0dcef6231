"""`quickml validate --fix`."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from quickml.cli.commands.validate import answer, refusal, tell_problems, valid_lines
from quickml.cli.display.fixes import fix_lines, show_diff, summary
from quickml.cli.display.formatting import counted
from quickml.cli.display.output import say, say_json
from quickml.cli.document_file import files_beside, read_bytes
from quickml.cli.past_runs import past_runs
from quickml.document import read
from quickml.document.correct import Correction, corrected
from quickml.document.problem import problem
from quickml.document.text import decoded
from quickml.errors import DocumentError
from quickml.estimate import PastByDevice
from quickml.files.atomic import new_file
from quickml.text import printable

STANDARD_INPUT = Path("-")


def fix_specs(paths: Sequence[Path], *, yes: bool, as_json: bool) -> None:
    """Correct documents with the fixes of their problems, after a question, and tell what remains.

    The exit code is 2 if a document is invalid afterwards.
    """
    history = past_runs()
    results = [_fix(path, history, yes=yes, as_json=as_json, several=len(paths) > 1) for path in paths]
    if not all(results):
        sys.exit(2)


def _fix(path: Path, history: PastByDevice, *, yes: bool, as_json: bool, several: bool) -> bool:
    """Correct one document; True if the file is valid afterwards."""
    name = path if several else None
    try:
        content = _content(path)
        text = decoded(content)
        correction = corrected(text, partial(read, catalog=files_beside(path)))
        if not as_json:
            _show(path, text, correction)
        is_written = bool(correction.fixed) and _agrees(path, yes=yes, as_json=as_json)
        if is_written:
            _write(path, content, correction.text)
    except DocumentError as error:
        _tell_refusal(error, name, as_json=as_json)
        return False
    _tell(correction, name, history, as_json=as_json, is_written=is_written)
    return correction.error is None and (is_written or not correction.fixed)


def _content(path: Path) -> bytes:
    if path == STANDARD_INPUT:
        raise _refused("a file to write to", "standard input")
    return read_bytes(path)


def _show(path: Path, text: str, correction: Correction) -> None:
    """The fixes, each with the problem that it removes."""
    if not correction.fixed:
        return
    say(f"{path}: {counted(len(correction.fixed), 'fix')}")
    for fixed in correction.fixed:
        say(f"  {fixed.problem}")
        say(*(f"    {line}" for line in fix_lines(fixed)))
    show_diff(text, correction.text)


def _agrees(path: Path, *, yes: bool, as_json: bool) -> bool:
    if yes:
        return True
    if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    try:
        said = input(printable(f"Write {path}? [y/N] "))
    except EOFError:
        return False
    return said.strip().lower() in ("y", "yes")


def _tell(
    correction: Correction, path: Path | None, history: PastByDevice, *, as_json: bool, is_written: bool
) -> None:
    """What the document means with the fixes, or what remains."""
    plan, error = correction.plan, correction.error
    if as_json:
        result = answer(plan, history) if plan else refusal(error) if error else {}
        fixes = [summary(fixed) for fixed in correction.fixed]
        say_json({**_named(path), "fixes": fixes, "written": is_written, **result})
        return
    if correction.fixed:
        without = "not written" if sys.stdin.isatty() else "not written; --yes writes without a question"
        say(f"  {'written' if is_written else without}", "")
        if plan and not is_written:
            say("with these fixes, it would be:")
    if plan:
        say(*valid_lines(plan, path, history))
    elif error:
        tell_problems(error, path)


def _tell_refusal(error: DocumentError, path: Path | None, *, as_json: bool) -> None:
    if as_json:
        say_json({**_named(path), "fixes": [], "written": False, **refusal(error)})
    else:
        tell_problems(error, path)


def _named(path: Path | None) -> dict[str, str]:
    return {} if path is None else {"file": str(path)}


def _write(path: Path, before: bytes, text: str) -> None:
    """Replace the content of a file, which keeps its permissions; a link keeps pointing to the file.

    Raises:
        DocumentError: the file has changed since it was read, or cannot be written.
    """
    encoding = json.detect_encoding(before)
    target = path.resolve()
    try:
        if target.read_bytes() != before:
            raise _refused("a file that nobody else changes", "another content than before the fixes")
        status = target.stat()
        if not os.access(target, os.W_OK):
            raise PermissionError(13, "Permission denied")
        with new_file(target, mode=stat.S_IMODE(status.st_mode)) as stream:
            stream.write(text.encode(encoding))
            with suppress(
                OSError, AttributeError
            ):  # Windows has no owners, and only root may give files away
                os.fchown(stream.fileno(), status.st_uid, status.st_gid)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise _refused("a file to write to", f"{str(path)!r} ({reason})") from None


def _refused(expected: str, found: str) -> DocumentError:
    return DocumentError([problem("unreadable-file", "", expected=expected, found=found, reason=found)])
