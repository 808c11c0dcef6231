"""Whether `export` fits together: the formats, their weights and the iOS version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from quickml.document.advice import Advice, either, meant, told, write
from quickml.document.export import Export
from quickml.document.formats import find, formats_of, known, names
from quickml.document.layers.layer import shown
from quickml.document.problem import problem
from quickml.document.spellings import VALUES, plain, similar
from quickml.errors import CompileError, Problem


def export_problems(export: Export) -> list[Problem]:
    """Unknown formats, formats that cannot hold the weights, formats that the given iOS cannot read."""
    unknown = list(_unknown(export))
    if unknown:
        return unknown
    formats = known()
    found = {kind: list(formats[kind].problems(export)) for kind in formats_of(export)}
    can_be_left_out = not all(found.values())
    problems = [
        _with_advice(one, kind, export, can_be_left_out=can_be_left_out)
        for kind, of_one in found.items()
        for one in of_one
    ]
    if len(set(export.formats)) < len(export.formats):
        problems.append(
            problem(
                "repeated-format",
                "/export/formats",
                expected="each format once",
                found=shown(export.formats),  # type: ignore[arg-type]
                advice=write("/export/formats", list(dict.fromkeys(export.formats))),
                formats=export.formats,
            )
        )
    return problems


def _with_advice(found: Problem, kind: str, export: Export, *, can_be_left_out: bool) -> Problem:
    """Do without the format, if another one remains; else what the format itself says, or the others."""
    others = [name for name in formats_of(export) if name != kind]
    ways = [write("/export/formats", others, f"leave {kind} out of formats")] if can_be_left_out else []
    if found.hint:
        ways.append(Advice(words=found.hint, steps=found.fix or ()))
    able = [name for name in names() if name in known() and known()[name].oldest(export.weights) is not None]
    if not ways and able:
        ways = [write("/export/formats", able, f"{export.weights} is possible in {', '.join(able)}")]
    advice = either(*ways)
    return replace(found, hint=advice.words, fix=advice.steps or None)


def _unknown(export: Export) -> Iterator[Problem]:
    for index, kind in enumerate(export.formats):
        try:
            one = find(kind)
        except CompileError as error:
            yield problem(
                "format-unavailable",
                f"/export/formats/{index}",
                expected="a format that can be loaded",
                found=f'"{kind:.80}"',
                advice=told(str(error)),
                format=kind,
                reason=str(error),
            )
            continue
        if one is None:
            allowed = names()
            quoted = [repr(name) for name in allowed]
            place, meant_ones = f"/export/formats/{index}", [*VALUES.get(plain(kind), ())]
            yield problem(
                "unknown-format",
                place,
                expected=f"{', '.join(quoted[:-1])} or {quoted[-1]}",
                found=f'"{kind:.80}"',
                advice=meant(place, meant_ones or similar(kind, allowed, cutoff=0.7)),
                format=kind,
                known=allowed,
            )
