"""Shows the profile of arrays."""

from __future__ import annotations

from quickml.api.profiles import ArrayMessage, ArraysProfile
from quickml.cli.display.formatting import counted
from quickml.cli.display.output import note, say, say_table
from quickml.cli.display.profiles import MOST_CLASSES, bar, show_rest
from quickml.text import printable


def show_arrays(found: ArraysProfile) -> None:
    """Print what is in arrays, and the document that is proposed."""
    kind = f" ({found.input_kind})" if found.input_kind else ""
    say(f"{found.file}: {counted(len(found.arrays), 'array')}{kind}", "")
    say_table([("array", "type", "shape", "role", "values"), *map(_row, found.arrays)])
    if found.classes:
        most = max(one.samples for one in found.classes)
        lines = [
            (f"  {printable(one.label, 40)}", f"{one.samples:,}", bar(one.samples, most))
            for one in found.classes
        ]
        say("", "samples per class:")
        say_table(lines[:MOST_CLASSES], right=(1,))
        if len(lines) > MOST_CLASSES:
            say(f"  and {len(lines) - MOST_CLASSES:,} more, which --json has")
    show_rest(found.notices, found.document, found.problems, found.file)
    if found.document is None and any(problem.pointer == "/dataset/kind" for problem in found.problems):
        note("`quickml data` and `quickml init` take it as --kind")


def _row(array: ArrayMessage) -> tuple[str, str, str, str, str]:
    values = ""
    if array.low is not None and array.high is not None and array.mean is not None:
        values = f"{array.low:g} to {array.high:g}, mean {array.mean:.4g}"
    if array.not_finite:
        values += f"{', ' if values else ''}{array.not_finite:,} NaN or infinite"
    role = (array.role or "left out").replace("_", " ")
    return printable(array.name, 40), array.type, " x ".join(map(str, array.shape)), role, values
