"""Settings as somebody gave them: with flags, in the environment, in a file."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quickml.errors import Problem, SettingsError
from quickml.settings.kinds import PATH, Kind
from quickml.settings.remote import SERVER, TOKEN
from quickml.settings.row import PREFIX
from quickml.settings.table import TABLE, Settings

CONFIG = "QUICKML_CONFIG"
"""Names the file where the flag `--config` does not."""
CLIENT = frozenset({SERVER, TOKEN})
"""Variables with our prefix which are no settings of the service, but tell a client where it is."""


@dataclass(frozen=True, kw_only=True)
class _Given:
    """A value that somebody gave, and where."""

    place: str
    value: object
    folder: Path = Path()
    """What a relative path starts from."""


def load(
    flags: Mapping[str, str | None], environment: Mapping[str, str] = os.environ, config: Path | None = None
) -> Settings:
    """The settings as given; an empty variable counts as none.

    Args:
        flags: texts by the setting's name, None where the flag was not used.
        environment: the variables; those that do not begin with `QUICKML_` are not looked at.
        config: a TOML file with settings as its keys; `QUICKML_CONFIG` names one too.

    Raises:
        SettingsError: with all problems; the place of each is a flag, a variable, or file:line.
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
    problems = problems or _pairs(values, given)
    if problems:
        raise SettingsError(problems)
    return Settings.of(**values)


def _from_environment(variables: Mapping[str, str], problems: list[Problem]) -> dict[str, _Given]:
    known = {row.variable: row.name for row in TABLE}
    problems += [
        Problem(pointer=name, expected="a known setting", found=repr(name), hint=_nearest(name, known))
        for name in sorted(variables)
        if name not in known and name not in CLIENT
    ]
    return {
        known[name]: _Given(place=name, value=value) for name, value in variables.items() if name in known
    }


def _from_file(path: Path, problems: list[Problem]) -> dict[str, _Given]:
    try:
        text = path.read_bytes().decode()
        document = tomllib.loads(text)
    except OSError as error:
        found = f"none that can be read ({error.strerror})"
        problems.append(Problem(pointer=str(path), expected="a TOML file", found=found))
        return {}
    except ValueError as error:  # tomllib's, and that of bytes which are no UTF-8
        at = re.search(r"at line (\d+)", str(error))
        place = f"{path}:{at[1]}" if at else str(path)
        problems.append(Problem(pointer=place, expected="TOML", found=f"a mistake: {error}"))
        return {}
    known = [row.name for row in TABLE]
    given = {
        name: _Given(place=f"{path}:{_line(text, name)}", value=value, folder=path.parent)
        for name, value in document.items()
    }
    problems += [
        Problem(pointer=entry.place, expected="a known setting", found=repr(name), hint=_nearest(name, known))
        for name, entry in given.items()
        if name not in known
    ]
    return {name: entry for name, entry in given.items() if name in known}


def _line(text: str, key: str) -> int:
    """The line of a key; tomllib does not say."""
    entry = re.compile(rf"""\s*(\[+\s*)?["']?{re.escape(key)}["']?\s*[]=.]""")
    return next((number for number, line in enumerate(text.split("\n"), 1) if entry.match(line)), 1)


def _read(kind: Kind, given: _Given, problems: list[Problem]) -> Any:
    try:
        value = kind.read(given.value)
    except (ValueError, OverflowError):
        found = repr(given.value)
        problems.append(Problem(pointer=given.place, expected=kind.expected, found=found[:80]))
        return None
    return given.folder / value if isinstance(value, Path) else value


def _pairs(values: Mapping[str, Any], given: Mapping[str, _Given]) -> list[Problem]:
    """What makes sense together alone."""
    return [
        Problem(pointer=given[one].place, expected=f"{other} beside {one}", found=f"{one} alone")
        for one, other in (("tls_cert", "tls_key"), ("tls_key", "tls_cert"))
        if values.get(one) is not None and values.get(other) is None
    ]


def _nearest(word: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(word[:64], known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else ""
