"""Loading settings from flags, environment variables and a file."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quickml.errors import Problem, SettingsError
from quickml.settings.kinds import PATH, Kind, show_duration
from quickml.settings.remote import SERVER, TOKEN
from quickml.settings.row import PREFIX
from quickml.settings.table import TABLE, Settings

CONFIG = "QUICKML_CONFIG"
"""Path of the file, if the flag `--config` is not given."""
CLIENT = frozenset({SERVER, TOKEN})
"""Variables with the same prefix that are settings of the client."""

PAIRS = (
    ("tls_cert", "tls_key"),
    ("tls_key", "tls_cert"),
    ("database_password_file", "database"),
    ("files_credentials_file", "files"),
)
"""Settings of which the first needs the second."""


@dataclass(frozen=True, kw_only=True)
class _Given:
    """A value and where it was given."""

    place: str
    value: object
    folder: Path = Path()
    """Folder that a relative path is relative to."""


def load(
    flags: Mapping[str, str | None], environment: Mapping[str, str] = os.environ, config: Path | None = None
) -> Settings:
    """All settings. Flags take precedence over variables, and variables over the file.

    Args:
        flags: values by the names of settings; None if the flag was not used.
        environment: environment variables; only those that begin with `QUICKML_` and are not empty are read.
        config: a TOML file; by default the one that `QUICKML_CONFIG` names.

    Raises:
        SettingsError: with all problems; the pointer of each is a flag, a variable, or file:line.
    """
    problems: list[Problem] = []
    variables = {name: value for name, value in environment.items() if name.startswith(PREFIX) and value}
    if (named := variables.pop(CONFIG, None)) and config is None:
        config = _read(PATH, _Given(place=CONFIG, value=named), problems)
    given = {} if config is None else _from_file(config, problems)
    given |= _from_environment(variables, problems)
    rows = {row.name: row for row in TABLE}
    given |= {
        name: _Given(place=rows[name].flag, value=value) for name, value in flags.items() if value is not None
    }
    values = {name: _read(rows[name].kind, value, problems) for name, value in given.items()}
    problems = problems or [*_pairs(values, given), *_order(values, given)]
    if problems:
        raise SettingsError(problems)
    return Settings.of(**values)


def _from_environment(variables: Mapping[str, str], problems: list[Problem]) -> dict[str, _Given]:
    known = {row.variable: row.name for row in TABLE}
    problems += [
        Problem(pointer=name, expected="a setting", found=repr(name), hint=_nearest(name, known))
        for name in sorted(variables)
        if name not in known and name not in CLIENT
    ]
    return {
        known[name]: _Given(place=name, value=value) for name, value in variables.items() if name in known
    }


def _from_file(path: Path, problems: list[Problem]) -> dict[str, _Given]:
    import tomllib  # most commands read no file

    try:
        text = path.read_bytes().decode()
        document = tomllib.loads(text)
    except OSError as error:
        found = f"one that cannot be read ({error.strerror})"
        problems.append(Problem(pointer=str(path), expected="a TOML file", found=found))
        return {}
    except ValueError as error:  # of tomllib, or because the file is not UTF-8
        at = re.search(r"at line (\d+)", str(error))
        place = f"{path}:{at[1]}" if at else str(path)
        problems.append(Problem(pointer=place, expected="TOML", found=f"a syntax error: {error}"))
        return {}
    known = [row.name for row in TABLE]
    given = {
        name: _Given(place=f"{path}:{_line(text, name)}", value=value, folder=path.parent)
        for name, value in document.items()
    }
    problems += [
        Problem(pointer=entry.place, expected="a setting", found=repr(name), hint=_nearest(name, known))
        for name, entry in given.items()
        if name not in known
    ]
    return {name: entry for name, entry in given.items() if name in known}


def _line(text: str, key: str) -> int:
    """The line of a key, which tomllib does not report."""
    entry = re.compile(rf"""\s*(\[+\s*)?["']?{re.escape(key)}["']?\s*[]=.]""")
    return next((number for number, line in enumerate(text.split("\n"), 1) if entry.match(line)), 1)


def _read(kind: Kind, given: _Given, problems: list[Problem]) -> Any:
    try:
        value = kind.read(given.value)
    except (ValueError, OverflowError):
        found = kind.found(given.value)
        problems.append(Problem(pointer=given.place, expected=kind.expected, found=found[:80]))
        return None
    return given.folder / value if isinstance(value, Path) else value


def _pairs(values: Mapping[str, Any], given: Mapping[str, _Given]) -> list[Problem]:
    """Settings that must be given together."""
    return [
        Problem(pointer=given[one].place, expected=f"{other} beside {one}", found=f"{one} alone")
        for one, other in PAIRS
        if values.get(one) is not None and values.get(other) is None
    ]


def _order(values: Mapping[str, Any], given: Mapping[str, _Given]) -> list[Problem]:
    """Files cannot be kept longer than their jobs."""
    jobs_s, files_s = values.get("keep_jobs_s"), values.get("keep_files_s")
    if jobs_s is None or files_s is None or files_s <= jobs_s:
        return []
    expected = f"at most keep_jobs_s, {show_duration(jobs_s)}: files are deleted with their job"
    return [Problem(pointer=given["keep_files_s"].place, expected=expected, found=show_duration(files_s))]


def flags(settings: Settings, names: Collection[str]) -> list[str]:
    """The options that give those of these settings which are not as by default, to be read by `load`."""
    given = []
    for row in TABLE:
        value = getattr(getattr(settings, row.group), row.name)
        if row.name in names and value != getattr(getattr(Settings(), row.group), row.name):
            shown = value.absolute() if isinstance(value, Path) else value
            given += [row.flag, row.kind.show(shown)]
    return given


def _nearest(word: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(word[:64], known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else ""
