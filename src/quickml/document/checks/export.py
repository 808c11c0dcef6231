"""Whether `export` fits together: the formats, their weights and the iOS version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from quickml.document.export import Export
from quickml.document.formats import find, formats_of, known, names
from quickml.document.layers.layer import shown
from quickml.document.spellings import VALUES, plain, question, similar
from quickml.errors import CompileError, Problem


def export_problems(export: Export) -> list[Problem]:
    """Unknown formats, formats that cannot hold the weights, formats that the given iOS cannot read."""
    unknown = list(_unknown(export))
    if unknown:
        return unknown
    found = {kind: list(known()[kind].problems(export)) for kind in formats_of(export)}
    can_be_left_out = not all(found.values())
    problems = [
        replace(problem, hint=_hint(problem, kind, export, can_be_left_out=can_be_left_out))
        for kind, of_one in found.items()
        for problem in of_one
    ]
    if len(set(export.formats)) < len(export.formats):
        problems.append(
            Problem(pointer="/export/formats", expected="each format once", found=shown(export.formats))  # type: ignore[arg-type]
        )
    return problems


def _hint(problem: Problem, kind: str, export: Export, *, can_be_left_out: bool) -> str:
    """Do without the format, if another one remains; else what the format itself says, or the others."""
    ways = [f"leave {kind} out of formats"] if can_be_left_out else []
    if problem.hint:
        ways.append(problem.hint)
    able = [name for name in names() if name in known() and known()[name].oldest(export.weights) is not None]
    if not ways and able:
        ways = [f"{export.weights} is possible in {', '.join(able)}"]
    return ", or ".join(ways)


def _unknown(export: Export) -> Iterator[Problem]:
    for index, kind in enumerate(export.formats):
        try:
            one = find(kind)
        except CompileError as error:
            yield Problem(
                pointer=f"/export/formats/{index}",
                expected="a format that can be loaded",
                found=f'"{kind:.80}"',
                hint=str(error),
            )
            continue
        if one is None:
            allowed = names()
            quoted = [repr(name) for name in allowed]
            yield Problem(
                pointer=f"/export/formats/{index}",
                expected=f"{', '.join(quoted[:-1])} or {quoted[-1]}",
                found=f'"{kind:.80}"',
                hint=question([*VALUES.get(plain(kind), ())] or similar(kind, allowed, cutoff=0.7)),
            )
