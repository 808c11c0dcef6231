"""Mistakes in JSON text: where they are, what they are, and how to correct them."""

from __future__ import annotations

import json
import re
import unicodedata

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


def located(text: str, position: int, found: str, hint: str, *, expected: str = "JSON") -> Problem:
    """A problem at a position of a text, with the line, the column and a piece of the line."""
    near = f"near: {_piece(text, position)}"
    return Problem(
        pointer="",
        expected=expected,
        found=f"{found} at {_place(text, position)}",
        hint=f"{hint}; {near}" if hint else near,
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
                hint = f"the first one is at {_place(text, first)}"
                problems.append(located(text, position, f"the repeated key '{printable(key[:64])}'", hint))
        elif token[0] == "{":
            objects.append({})
        elif token[0] == "}":
            objects.pop()
        elif not token[1]:
            problems.append(located(text, position, token[0], "JSON has no NaN and no infinity"))
        if len(problems) == MOST:
            break
    return problems


def mistake(text: str, error: json.JSONDecodeError) -> Problem:
    """The mistake that a parser found."""
    end = len(text.rstrip(_SPACES))
    position = min(error.pos, end)
    if not end:
        return Problem(pointer="", expected="JSON", found="an empty document")
    if error.msg.startswith(("Unterminated", "Invalid")):
        return located(text, *_in_string(text, position, error.msg))
    if position == end:
        return located(text, end, "the end of the document", _unclosed(text, end))
    comma = len(text[:position].rstrip(_SPACES)) - 1  # newer versions of Python point to the comma
    for start in (comma, position):
        if start >= 0 and (trailing := _TRAILING_COMMA.match(text, start)):
            return located(text, start, f"a comma before '{trailing[1]}'", "remove it")
    return located(text, *_outside_strings(text, position, error.msg))


def _in_string(text: str, position: int, message: str) -> tuple[int, str, str]:
    """Position and kind of a mistake in a string, and its correction."""
    character = text[position]
    if message.startswith("Unterminated"):
        return position, "a string without an end", "write '\"' at its end"
    if "escape" in message:
        position = text.rindex("\\", 0, position + 1)
        return position, f"the escape {printable(text[position : position + 2])}", r"write a backslash as \\"
    if character == "\n":
        return position, "a line break in a string", "write '\"' before it, or write it as \\n"
    return (
        position,
        f"the control character U+{ord(character):04X} in a string",
        f"write it as \\u{ord(character):04x}",
    )


def _outside_strings(text: str, position: int, message: str) -> tuple[int, str, str]:
    """Position and kind of a mistake between strings, and its correction."""
    character = text[position]
    if _COMMENT.match(text, position):
        return position, "a comment", "JSON has no comments; remove it"
    if not text[:position].strip(_SPACES):
        return position, _shown(text, position), "JSON starts with '{' or '['"
    if message.startswith("Extra data"):
        return position, f"{_shown(text, position)} after the end", "JSON has one value at its root"
    if character in _QUOTES:
        return position, f"the quotation mark {character}", 'write strings in double quotes: "..."'
    begin = position - len(re.search(r"[-+.\w]*\Z", text[max(position - 64, 0) : position])[0])  # type: ignore[index]
    number = _NUMBER.match(text, begin, position + 64)
    if number and number.end() > position and (begin < position or message == "Expecting value"):
        return begin, f"the number {number[0]}", "write numbers as 1, -0.5 or 1e-3"
    if "delimiter" in message:
        return position, *_delimiter(text, position, message)
    if word := _WORD.match(text, position, position + 64):
        return position, *_word(
            word[0], is_key=re.compile(rf"{_SPACE}*:").match(text, word.end()) is not None
        )
    if character == "(":
        return position, "'('", "write lists in square brackets: [3, 3]"
    wanted = "a value" if message == "Expecting value" else "a key in double quotes"
    return position, f"{_shown(text, position)} instead of {wanted}", ""


def _word(word: str, *, is_key: bool) -> tuple[str, str]:
    if is_key:
        return f"the key {word} without quotes", f'write "{word}"'
    if literal := _LITERALS.get(word.lower()):
        return word, f"JSON writes {literal}"
    if word.lower() in {"nan", "inf", "infinity"}:
        return word, "JSON has no NaN and no infinity"
    return f"the word {word} without quotes", f'write "{word}"'


def _delimiter(text: str, position: int, message: str) -> tuple[str, str]:
    """What stands where a comma, a colon or a bracket belongs."""
    if "':'" in message:
        return f"{_shown(text, position)} instead of ':'", ""
    if text[position] in "]}":
        opened = _opened(text, position)
        hint = f"it does not close the '{text[opened]}' at {_place(text, opened)}"
        return f"'{text[position]}' instead of '{_CLOSING[text[opened]]}'", hint
    if text[position] in '"{[' or _WORD.match(text, position):
        return f"no comma before {_shown(text, position)}", ""
    return f"{_shown(text, position)} instead of a comma", ""


def _unclosed(text: str, end: int) -> str:
    opened = _opened(text, end)
    return f"the '{text[opened]}' at {_place(text, opened)} is not closed"


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
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return f"line {line}, column {column}"


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
