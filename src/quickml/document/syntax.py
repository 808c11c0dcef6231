"""Mistakes in JSON text: where they are, what they are, and how to correct them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, NamedTuple

from quickml.document.advice import told
from quickml.document.codes import Code
from quickml.document.problem import problem
from quickml.errors import Problem
from quickml.text import printable

MOST = 100
"""Maximum number of problems of one text."""
_BEFORE, _AFTER = 40, 20
"""Number of characters of the line that a message shows before and after a mistake."""

_SPACE = r"[ \t\n\r]"
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_KEYS_AND_CONSTANTS = re.compile(rf"({_STRING})({_SPACE}*:)?|[{{}}]|-?Infinity|NaN", re.DOTALL)
_BRACKETS = re.compile(rf"{_STRING}|[][{{}}]", re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}
_TRAILING_COMMA = re.compile(rf",{_SPACE}*([]}}])")
_COLON = re.compile(rf"{_SPACE}*:")
_COMMENT = re.compile(r"//|/\*|#")
_NUMBER = re.compile(r"[-+]?\.?[0-9][-+.\w]*|[-+][-+.\w]*")
_WORD = re.compile(r"[\w$]+")
_SPACES = " \t\n\r"
_QUOTES = frozenset("'`´‘’‚‛“”„‟«»‹›")  # noqa: RUF001
_LITERALS = {"true": "true", "false": "false"} | dict.fromkeys(("none", "null", "nil", "undefined"), "null")


class SyntaxMistake(NamedTuple):
    """A mistake in a text."""

    code: Code
    position: int
    found: str
    hint: str
    values: Mapping[str, Any] = {}


def located(text: str, mistake: SyntaxMistake, *, expected: str = "JSON") -> Problem:
    """The problem of a mistake, with the line, the column and a piece of the line."""
    code, position, found, hint, values = mistake
    near = _piece(text, position)
    line, column = _line_and_column(text, position)
    return problem(
        code,
        "",
        expected=expected,
        found=f"{found} at {_place(text, position)}",
        advice=told(f"{hint}; near: {near}" if hint else f"near: {near}"),
        line=line,
        column=column,
        near=near,
        **values,
    )


def repeated_and_not_finite(text: str) -> list[Problem]:
    """Repeated keys, NaN and infinities in a text that is otherwise JSON; at most 100."""
    problems: list[Problem] = []
    objects: list[dict[str, int]] = []
    for token in _KEYS_AND_CONSTANTS.finditer(text):
        position = token.start()
        if token[2]:
            key = json.loads(token[1])
            first = objects[-1].setdefault(key, position)
            if first != position:
                hint, shown = f"the first one is at {_place(text, first)}", printable(key[:64])
                line, column = _line_and_column(text, first)
                values = {"key": shown, "first_line": line, "first_column": column}
                found = f"the repeated key '{shown}'"
                problems.append(
                    located(text, SyntaxMistake("json-repeated-key", position, found, hint, values))
                )
        elif token[0] == "{":
            objects.append({})
        elif token[0] == "}":
            objects.pop()
        elif not token[1]:
            hint, values = "JSON has no NaN and no infinity", {"word": token[0]}
            problems.append(located(text, SyntaxMistake("json-not-finite", position, token[0], hint, values)))
        if len(problems) == MOST:
            break
    return problems


def mistake(text: str, error: json.JSONDecodeError) -> Problem:
    """The mistake that a parser found."""
    end = len(text.rstrip(_SPACES))
    position = min(error.pos, end)
    if not end:
        return problem("json-empty", "", expected="JSON", found="an empty document")
    if error.msg.startswith(("Unterminated", "Invalid")):
        return located(text, _in_string(text, position, error.msg))
    if position == end:
        return located(text, _unclosed(text, end))
    comma = len(text[:position].rstrip(_SPACES)) - 1  # newer versions of Python point to the comma
    for start in (comma, position):
        if start >= 0 and (trailing := _TRAILING_COMMA.match(text, start)):
            found, values = f"a comma before '{trailing[1]}'", {"bracket": trailing[1]}
            return located(text, SyntaxMistake("json-trailing-comma", start, found, "remove it", values))
    return located(text, _outside_strings(text, position, error.msg))


def _in_string(text: str, position: int, message: str) -> SyntaxMistake:
    """Position and kind of a mistake in a string, and its correction."""
    character = text[position]
    if message.startswith("Unterminated"):
        return SyntaxMistake("json-string-end", position, "a string without an end", "write '\"' at its end")
    if "escape" in message:
        position = text.rindex("\\", 0, position + 1)
        escape = printable(text[position : position + 2])
        hint = r"write a backslash as \\"
        return SyntaxMistake("json-escape", position, f"the escape {escape}", hint, {"escape": escape})
    if character == "\n":
        hint = "write '\"' before it, or write it as \\n"
        return SyntaxMistake("json-line-break", position, "a line break in a string", hint)
    return SyntaxMistake(
        "json-control-character",
        position,
        f"the control character U+{ord(character):04X} in a string",
        f"write it as \\u{ord(character):04x}",
        {"character": f"U+{ord(character):04X}"},
    )


def _outside_strings(text: str, position: int, message: str) -> SyntaxMistake:
    """Position and kind of a mistake between strings, and its correction."""
    character = text[position]
    if _COMMENT.match(text, position):
        return SyntaxMistake("json-comment", position, "a comment", "JSON has no comments; remove it")
    shown = _shown(text, position)
    if not text[:position].strip(_SPACES):
        return SyntaxMistake("json-start", position, shown, "JSON starts with '{' or '['", {"token": shown})
    if message.startswith("Extra data"):
        hint = "JSON has one value at its root"
        return SyntaxMistake("json-after-end", position, f"{shown} after the end", hint, {"token": shown})
    if character in _QUOTES:
        hint, found = 'write strings in double quotes: "..."', f"the quotation mark {character}"
        return SyntaxMistake("json-quotation-mark", position, found, hint, {"character": character})
    begin = position - len(re.search(r"[-+.\w]*\Z", text[max(position - 64, 0) : position])[0])  # type: ignore[index]
    number = _NUMBER.match(text, begin, position + 64)
    if number and number.end() > position and (begin < position or message == "Expecting value"):
        hint = "write numbers as 1, -0.5 or 1e-3"
        return SyntaxMistake("json-number", begin, f"the number {number[0]}", hint, {"number": number[0]})
    if "delimiter" in message:
        return _delimiter(text, position, message)
    if word := _WORD.match(text, position, position + 64):
        return _word(position, word[0], is_key=_COLON.match(text, word.end()) is not None)
    if character == "(":
        return SyntaxMistake("json-parenthesis", position, "'('", "write lists in square brackets: [3, 3]")
    wanted = "a value" if message == "Expecting value" else "a key in double quotes"
    code: Code = "json-no-value" if message == "Expecting value" else "json-no-key"
    return SyntaxMistake(code, position, f"{shown} instead of {wanted}", "", {"token": shown})


def _word(position: int, word: str, *, is_key: bool) -> SyntaxMistake:
    values = {"word": word}
    if is_key:
        found = f"the key {word} without quotes"
        return SyntaxMistake("json-key-without-quotes", position, found, f'write "{word}"', values)
    if literal := _LITERALS.get(word.lower()):
        hint = f"JSON writes {literal}"
        return SyntaxMistake("json-literal", position, word, hint, {**values, "literal": literal})
    if word.lower() in {"nan", "inf", "infinity"}:
        return SyntaxMistake("json-not-finite", position, word, "JSON has no NaN and no infinity", values)
    found = f"the word {word} without quotes"
    return SyntaxMistake("json-word-without-quotes", position, found, f'write "{word}"', values)


def _delimiter(text: str, position: int, message: str) -> SyntaxMistake:
    """What stands where a comma, a colon or a bracket belongs."""
    shown = _shown(text, position)
    values = {"token": shown}
    if "':'" in message:
        return SyntaxMistake("json-no-colon", position, f"{shown} instead of ':'", "", values)
    if text[position] in "]}":
        opened = _opened(text, position)
        line, column = _line_and_column(text, opened)
        wanted = _CLOSING[text[opened]]
        hint = f"it does not close the '{text[opened]}' at {_place(text, opened)}"
        found = f"'{text[position]}' instead of '{wanted}'"
        where = {"bracket": text[position], "wanted": wanted, "opened_line": line, "opened_column": column}
        return SyntaxMistake("json-bracket", position, found, hint, where)
    if text[position] in '"{[' or _WORD.match(text, position):
        return SyntaxMistake("json-no-comma", position, f"no comma before {shown}", "", values)
    return SyntaxMistake("json-no-comma", position, f"{shown} instead of a comma", "", values)


def _unclosed(text: str, end: int) -> SyntaxMistake:
    opened = _opened(text, end)
    line, column = _line_and_column(text, opened)
    hint = f"the '{text[opened]}' at {_place(text, opened)} is not closed"
    values = {"bracket": text[opened], "opened_line": line, "opened_column": column}
    return SyntaxMistake("json-unclosed", end, "the end of the document", hint, values)


def _opened(text: str, end: int) -> int:
    """Position of the innermost bracket that is open at a position in an object or a list."""
    opened: list[int] = []
    for token in _BRACKETS.finditer(text, 0, end):
        if token[0] in _CLOSING:
            opened.append(token.start())
        elif token[0] in "]}":
            opened.pop()
    return opened[-1]


def _place(text: str, position: int) -> str:
    line, column = _line_and_column(text, position)
    return f"line {line}, column {column}"


def _line_and_column(text: str, position: int) -> tuple[int, int]:
    """Both counted from 1."""
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _piece(text: str, position: int) -> str:
    """The line around a position."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    first, last = max(start, position - _BEFORE), min(end, position + _AFTER)
    before, after = "..." * (first > start), "..." * (last < end)
    return f"{before}{printable(text[first:last].strip())}{after}"


def _shown(text: str, position: int) -> str:
    """What begins at a position: a string, a word or a character."""
    token = re.compile(rf"{_STRING}|{_WORD.pattern}|.", re.DOTALL).match(text, position, position + 64)
    shown = token[0] if token else text[position]
    if len(shown) > 1:
        return printable(shown)
    if shown.isprintable() and not shown.isspace():
        return f"'{shown}'"
    return f"the {unicodedata.name(shown, 'control character').lower()} (U+{ord(shown):04X})"
