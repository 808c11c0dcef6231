"""Whether `export` fits together: the formats, their weights and the iOS version."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from quickml.document.export import Export
from quickml.document.formats import find, formats_of, known, names
from quickml.document.layers.layer import shown
from quickml.errors import CompileError, Problem


def export_problems(export: Export) -> list[Problem]:
    """Unknown formats, formats that cannot hold the weights, formats that the given iOS cannot read."""
    unknown = list(_unknown(export))
    if unknown:
        return unknown
    problems = [problem for kind in formats_of(export) for problem in known()[kind].problems(export)]
    if len(set(export.formats)) < len(export.formats):
        problems.append(
            Problem(pointer="/export/formats", expected="each format once", found=shown(export.formats))  # type: ignore[arg-type]
        )
    return problems


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
            close = difflib.get_close_matches(kind.lower(), allowed, n=1, cutoff=0.6)
            quoted = [repr(name) for name in allowed]
            yield Problem(
                pointer=f"/export/formats/{index}",
                expected=f"{', '.join(quoted[:-1])} or {quoted[-1]}",
                found=f'"{kind:.80}"',
                hint=f"did you mean {close[0]!r}?" if close else "",
            )
