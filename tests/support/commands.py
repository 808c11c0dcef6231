"""`quickml` commands: in this process, and in one of their own where the process is the subject."""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from unittest import mock

QUICKML = (sys.executable, "-c", "from quickml.cli import main; main()")


@dataclass(frozen=True, kw_only=True)
class Done:
    """A finished command, with the fields of `subprocess.CompletedProcess` that tests look at."""

    returncode: int
    stdout: str
    stderr: str


def quickml(*arguments, cwd=None, input="", environment=None) -> Done:
    """Run a command in this process: what it prints and its exit code, as a process would give them.

    An exception that a process would print as a traceback is raised in the test. Starting Python and importing
    libraries takes a second or more, so tests about what a command says use this; tests about signals, pipes,
    imports and exit codes of processes start one.
    """
    from quickml.cli import main

    with contextlib.ExitStack() as stack:
        out, err = (
            stack.enter_context(_captured(name, number)) for name, number in (("stdout", 1), ("stderr", 2))
        )
        stack.enter_context(mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(input.encode()))))
        stack.enter_context(mock.patch.dict(os.environ, environment or {}))
        stack.enter_context(contextlib.chdir(cwd or "."))
        try:
            main([*map(str, arguments)])
            code = 0
        except SystemExit as end:
            code = end.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
        return Done(returncode=code, stdout=_text(out), stderr=_text(err))


@contextlib.contextmanager
def _captured(name, number):
    """A file that takes what is written to a stream, and to its descriptor, as `run --json` and C libraries do."""
    getattr(sys, name).flush()
    before = os.dup(number)
    with tempfile.TemporaryFile() as file, open(number, "w", encoding="utf-8", closefd=False) as stream:
        os.dup2(file.fileno(), number)
        try:
            with mock.patch.object(sys, name, stream):
                yield file
        finally:
            stream.flush()
            os.dup2(before, number)
            os.close(before)


def _text(file):
    file.seek(0)
    return file.read().decode()


def quickml_without(heavy, *arguments, **options):
    """Run a command in a process of its own, which ends with an AssertionError if it has loaded one of these."""
    code = f"""
import sys
from quickml.cli import main
try:
    main(sys.argv[1:])
finally:
    found = set({sorted(heavy)!r}) & set(sys.modules)
    assert not found, found
"""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=300, **options,
    )  # fmt: skip
