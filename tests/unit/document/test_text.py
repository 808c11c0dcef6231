"""JSON as people write it: each mistake is named, with its line, its column and a piece of the line."""

import json
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quickml.document import read, understand
from quickml.document.text import parse
from quickml.errors import DocumentError, Problem

VALID = {
    "name": "iris",
    "dataset": "iris",
    "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
}
TEXT = json.dumps(VALID)


def problem_of(text) -> Problem:
    with pytest.raises(DocumentError) as caught:
        read(text)
    (problem,) = caught.value.problems
    assert problem.pointer == ""
    return problem


MISTAKES = {
    '{"a": 1,}': ("a comma before '}'", 8),
    '{"a": [1, 2, ]}': ("a comma before ']'", 12),
    '{"a": 1, // one\n}': ("a comment", 10),
    '{"a": /* one */ 1}': ("a comment", 7),
    '{"a": 1 # one\n}': ("a comment", 9),
    '# a\n{"a": 1}': ("a comment", 1),
    "{'a': 1}": ("the quotation mark '", 2),
    "{“a”: 1}": ("the quotation mark “", 2),
    '{"a": `b`}': ("the quotation mark `", 7),
    '{"a": NaN}': ("NaN", 7),
    '{"a": -Infinity}': ("-Infinity", 7),
    '{"a": nan}': ("nan", 7),
    '{"a": 1, "b": 2, "a": 3}': ("the repeated key 'a'", 18),
    '{"a": {"a": 1, "\\u0061": 2}}': ("the repeated key 'a'", 16),
    '{"a": True}': ("True", 7),
    '{"a": None}': ("None", 7),
    '{"a": relu}': ("the word relu without quotes", 7),
    "{a: 1}": ("the key a without quotes", 2),
    "{1: 1}": ("the key 1 without quotes", 2),
    '{"a": 1 "b": 2}': ('no comma before "b"', 9),
    '{"a" = 1}': ("'=' instead of ':'", 6),
    '{"a": 1; "b": 2}': ("';' instead of a comma", 8),
    '{"a": }': ("'}' instead of a value", 7),
    '{"a": (3, 3)}': ("'('", 7),
    '{"a": 007}': ("the number 007", 7),
    '{"a": .5}': ("the number .5", 7),
    '{"a": 5.}': ("the number 5.", 7),
    '{"a": +5}': ("the number +5", 7),
    '{"a": 0x10}': ("the number 0x10", 7),
    '{"a": 1_000}': ("the number 1_000", 7),
    '{"a": "b}': ("a string without an end", 7),
    '{"a": "b\nc"}': ("a line break in a string", 9),
    '{"a": "b\tc"}': ("the control character U+0009 in a string", 9),
    '{"a": "C:\\data"}': ("the escape \\d", 10),
    '{"a": [1}': ("'}' instead of ']'", 9),
    '{"a": [1]': ("the end of the document", 10),
    '{"a": 1}}': ("'}' after the end", 9),
    '{"a": 1} {"b": 2}': ("'{' after the end", 10),
    '{"a":\u00a01}': ("the no-break space (U+00A0) instead of a value", 6),
    "name: iris": ("name", 1),
    "<html>": ("'<'", 1),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_named_with_its_place(text):
    what, column = MISTAKES[text]
    problem = problem_of(text)
    assert problem.found == f"{what} at line 1, column {column}"
    assert "near: " in problem.hint


def test_the_piece_of_the_line_is_around_the_mistake():
    long = ", ".join(f'"key{number}": {number}' for number in range(100))
    problem = problem_of(f'{{{long}, "epochs": 5,, {long}}}')
    assert '"epochs": 5,, "key0": 0' in problem.hint
    assert len(problem.hint) < 80


@given(
    st.text("{}[]\",:/\\*#' \n\ttruenlNaIifty0123+-.eE\u00a0\u2028\ud800\x00", max_size=30),
    st.integers(0, 200),
)
@settings(max_examples=300, deadline=None)
def test_any_damage_is_one_problem_with_a_place(damage, where):
    text = TEXT[:where] + damage + TEXT[where + 1 :]
    try:
        parse(text)
    except DocumentError as error:
        (problem,) = error.problems
        assert "at line " in problem.found or problem.found == "an empty document"
        assert not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl"} for letter in str(problem))


def test_every_repeated_key_and_constant_is_reported_at_once():
    with pytest.raises(DocumentError) as caught:
        read('{"a": NaN,\n "b": 1, "b": 2,\n "c": "NaN", "d": "{", "c": 3}')
    assert [problem.found for problem in caught.value.problems] == [
        "NaN at line 1, column 7",
        "the repeated key 'b' at line 2, column 10",
        "the repeated key 'c' at line 3, column 24",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings_of_unicode_are_recognised(encoding):
    assert (
        read(json.dumps({**VALID, "name": "Blüten"}, ensure_ascii=False).encode(encoding)).document.name
        == "Blüten"
    )


def test_a_byte_order_mark_in_text_is_ignored():
    assert read("\ufeff" + TEXT).document.name == "iris"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_another_encoding_is_reported_with_its_place(encoding):
    problem = problem_of(f'{{\n"name": "Blüten", {TEXT[1:]}'.encode(encoding))
    assert problem.found == "the byte 0xfc at line 2, column 12"
    assert problem.hint.startswith("save the file as UTF-8; near: ")


def test_a_number_of_any_length_is_reported_at_its_place():
    for digits in ("9" * 400, "9" * 5000, "-" + "9" * 5000, "1e999"):
        with pytest.raises(DocumentError) as caught:
            read(TEXT.replace(": 3", f": {digits}"))
        (problem,) = caught.value.problems
        assert problem.pointer == "/model/layers/0/units"


@pytest.mark.parametrize("address", ["https://example.org/spec.schema.json", "./spec.schema.json", ""])
def test_a_schema_at_the_root_is_accepted(address):
    plan = understand({"$schema": address, **VALID})
    assert "$schema" not in plan.document.model_dump_json()
    assert plan == understand(VALID)


def test_a_schema_elsewhere_is_an_unknown_key():
    with pytest.raises(DocumentError, match="/model/\\$schema"):
        understand({**VALID, "model": {**VALID["model"], "$schema": "x"}})


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({**VALID, "name": "a\ud800"}, "/name"),
        ({**VALID, "export": {"author": "\udfff"}}, "/export/author"),
        ({**VALID, "export": {"\ud800": {"\ud800": 1}}}, "/export"),
        ({**VALID, "model": {"layers": [{"type": "Dense", "name": "\udc00"}]}}, "/model/layers/0/name"),
        ("\ud800", ""),
    ],
)
def test_half_of_a_surrogate_pair_is_reported_at_its_place(document, pointer):
    for read_it, form in ((understand, document), (read, json.dumps(document))):
        with pytest.raises(DocumentError) as caught:
            read_it(form)
        (problem,) = caught.value.problems
        assert re.fullmatch(
            rf"half of a surrogate pair, \\u[0-9a-f]{{4}}, at {pointer or '/'}", problem.found
        )
