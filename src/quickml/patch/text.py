"""Apply a JSON Patch to a JSON text. The rest of it keeps its form: indentation, order, spaces, numbers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from quickml.errors import PatchError
from quickml.patch.apply import Operation, Patch, applied, is_equal
from quickml.patch.pointer import steps_of
from quickml.patch.source import SourceValue, found, located

LINE = 100
"""Characters of an object or a list that is written on one line, where nothing shows how the others are."""


def edited(text: str, patch: Patch) -> str:
    """The text with the operations of a patch, which are add, remove, replace and move.

    Raises:
        PatchError: an operation is invalid, or does not fit the text.
    """
    for operation in patch:
        after = _edited(text, operation)
        if not is_equal(json.loads(after), applied(json.loads(text), [operation])):
            raise PatchError(operation)  # a guard: rather no change than a wrong one
        text = after
    return text


def _edited(text: str, operation: Operation) -> str:
    applied(json.loads(text), [operation])  # raises where it does not fit
    root, style = located(text), JsonStyle.of(text)
    path = operation["path"]
    match operation["op"]:
        case "remove":
            return _without(text, root, path)
        case "replace":
            return _replaced(text, root, path, operation["value"], style)
        case "add":
            return _added(text, root, path, NewValue(value=operation["value"]), style)
        case "move":
            return _moved(text, root, operation["from"], path, style)
    raise PatchError(operation)


@dataclass(frozen=True, kw_only=True)
class JsonStyle:
    """How a text is written."""

    newline: str
    unit: str
    """Indentation of one level; empty for a text on one line."""
    colon: str
    comma: str
    """Between items on one line."""

    @classmethod
    def of(cls, text: str) -> JsonStyle:
        """The style of a text, as far as its first signs show it."""
        line = re.search(r"(\r?\n)([ \t]+)", text)
        colon = re.search(r'"\s*:([ \t]*)', text)
        comma = re.search(r",([ \t]*)[^ \t\r\n]", text)
        return cls(
            newline=line[1] if line else "\n",
            unit=line[2] if line else "",
            colon=f":{colon[1]}" if colon else ": ",
            comma=f",{comma[1]}" if comma else ("," if colon and not colon[1] else ", "),
        )

    def inline(self, value: Any) -> str:
        """A value on one line."""
        return json.dumps(value, ensure_ascii=False, separators=(self.comma, self.colon))

    def written(self, value: Any, indentation: str, *, in_lines: bool) -> str:
        """A value that begins on a line with this indentation, its parts on lines of their own if asked."""
        short = self.inline(value)
        if not (isinstance(value, dict | list) and value and in_lines):
            return short
        inner = indentation + self.unit
        parts = [
            f"{json.dumps(key, ensure_ascii=False)}{self.colon}" if isinstance(value, dict) else ""
            for key in value
        ]
        items = list(value.values()) if isinstance(value, dict) else value
        lines = [
            part + self.written(item, inner, in_lines=len(self.inline(item)) > LINE)
            for part, item in zip(parts, items, strict=True)
        ]
        left, right = "{}" if isinstance(value, dict) else "[]"
        joined = f",{self.newline}{inner}".join(lines)
        return f"{left}{self.newline}{inner}{joined}{self.newline}{indentation}{right}"


@dataclass(frozen=True, kw_only=True)
class NewValue:
    """A value to insert; with the text that it had, if it was in the document."""

    value: Any
    text: str = ""
    indentation: str = ""
    """Of the line of `text`."""

    def written(self, style: JsonStyle, indentation: str, *, in_lines: bool) -> str:
        """The value as text that begins on a line with this indentation."""
        if not self.text:
            return style.written(self.value, indentation, in_lines=in_lines)
        first, *rest = self.text.split(style.newline)
        moved = [indentation + line.removeprefix(self.indentation) for line in rest]
        return style.newline.join([first, *moved])


def _indentation(text: str, position: int) -> str:
    """The white space at the beginning of a line."""
    start = text.rfind("\n", 0, position) + 1
    return text[start : position - len(text[start:position].lstrip(" \t"))]


def _space_before(text: str, position: int) -> str:
    """The white space before a position."""
    return text[len(text[:position].rstrip(" \t\r\n")) : position]


def _in_lines(text: str, holder: SourceValue, value: Any, style: JsonStyle) -> bool:
    """Whether the parts of a new value go on lines of their own: as those of its neighbours."""
    if not style.unit:
        return False
    alike = [part for part in holder.parts if part.kind]
    if alike and len(style.inline(value)) <= 2 * LINE:
        return all("\n" in text[part.start : part.end] for part in alike)
    return len(style.inline(value)) > LINE


def _replaced(text: str, root: SourceValue, path: str, value: Any, style: JsonStyle) -> str:
    place = found(root, path)
    shown = text[place.start : place.end]
    in_lines = "\n" in shown if place.kind else bool(style.unit) and len(style.inline(value)) > LINE
    new = style.written(value, _indentation(text, place.start), in_lines=in_lines)
    return text[: place.start] + new + text[place.end :]


def _without(text: str, root: SourceValue, path: str) -> str:
    holder = found(root, path.rpartition("/")[0])
    index = holder.index(steps_of(path)[-1])
    if len(holder.parts) == 1:
        start, end = holder.start + 1, holder.end - 1
    elif index + 1 < len(holder.parts):
        start, end = holder.begin(index), holder.begin(index + 1)
    else:
        start, end = holder.parts[index - 1].end, holder.parts[index].end
    return text[:start] + text[end:]


def _moved(text: str, root: SourceValue, source: str, path: str, style: JsonStyle) -> str:
    place, holder = found(root, source), source.rpartition("/")[0]
    around, target = found(root, holder), path.rpartition("/")[0]
    if around.kind == "{" and holder == target:
        key = around.keys[around.index(steps_of(source)[-1])]
        name = steps_of(path)[-1]
        if all(other.name != name for other in around.keys):
            return text[: key.start] + json.dumps(name, ensure_ascii=False) + text[key.end :]
    shown = text[place.start : place.end]
    value = NewValue(value=json.loads(shown), text=shown, indentation=_indentation(text, place.start))
    rest = _without(text, root, source)
    return _added(rest, located(rest), path, value, style)


def _added(text: str, root: SourceValue, path: str, value: NewValue, style: JsonStyle) -> str:
    if not path:
        return value.written(style, "", in_lines=bool(style.unit))
    holder, step = found(root, path.rpartition("/")[0]), steps_of(path)[-1]
    if holder.kind == "{" and any(key.name == step for key in holder.keys):
        return _replaced(text, root, path, value.value, style)
    key = f"{json.dumps(step, ensure_ascii=False)}{style.colon}" if holder.kind == "{" else ""
    count = len(holder.parts)
    index = count if holder.kind == "{" or step == "-" else int(step)
    in_lines = _in_lines(text, holder, value.value, style)
    if not count:
        return _first(text, holder, key, value, style)
    space = _space_before(text, holder.begin(min(index, count - 1)))
    indentation = _indentation(text, holder.begin(min(index, count - 1)))
    new = key + value.written(style, indentation, in_lines=in_lines)
    between = f",{space}" if "\n" in space else style.comma
    if index < count:
        start = holder.begin(index)
        return text[:start] + new + between + text[start:]
    end = holder.parts[-1].end
    return text[:end] + between + new + text[end:]


def _first(text: str, holder: SourceValue, key: str, value: NewValue, style: JsonStyle) -> str:
    """The only part of an object or a list, on a line of its own where the root's parts are."""
    if not style.unit or holder.start:
        new = key + value.written(style, _indentation(text, holder.start), in_lines=False)
        return text[: holder.start + 1] + new + text[holder.end - 1 :]
    new = key + value.written(style, style.unit, in_lines=len(style.inline(value.value)) > LINE)
    inner = f"{style.newline}{style.unit}{new}{style.newline}"
    return text[: holder.start + 1] + inner + text[holder.end - 1 :]
