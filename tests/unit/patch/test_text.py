"""JSON Patch on text: the values change as those of a parsed document, and the rest of the text stays as it is."""

import difflib
import json
import random

import pytest

import rounds
from quickml.patch import applied
from quickml.patch.text import edited

ROUNDS = rounds.choose(few=400, full=20_000)

DOCUMENT = """{
    "name": "a",
    "model": {
        "layers": [
            {"type": "Dense", "units": 4},
            {"type": "Dense", "units": 3, "activation": "softmax"}
        ]
    },
    "training": {"optimizer": {"type": "Adam", "learning_rate": 1e-3}, "validation_fraction": 0.10,
                 "epochs": 5}
}
"""


@pytest.mark.parametrize(
    ("operation", "removed", "added"),
    [
        ({"op": "replace", "path": "/name", "value": "bé"}, ['    "name": "a",'], ['    "name": "bé",']),
        (
            {"op": "move", "from": "/training", "path": "/trainings"},
            ['    "training": {"optimizer": {"type": "Adam", "learning_rate": 1e-3}, "validation_fraction": 0.10,'],
            ['    "trainings": {"optimizer": {"type": "Adam", "learning_rate": 1e-3}, "validation_fraction": 0.10,'],
        ),
        (
            {"op": "add", "path": "/model/layers/1", "value": {"type": "Flatten"}},
            [], ['            {"type": "Flatten"},'],
        ),
        (
            {"op": "add", "path": "/model/layers/-", "value": {"type": "Flatten"}},
            ['            {"type": "Dense", "units": 3, "activation": "softmax"}'],
            ['            {"type": "Dense", "units": 3, "activation": "softmax"},', '            {"type": "Flatten"}'],
        ),
        ({"op": "remove", "path": "/model/layers/0"}, ['            {"type": "Dense", "units": 4},'], []),
        ({"op": "remove", "path": "/name"}, ['    "name": "a",'], []),
        (
            {"op": "add", "path": "/model/layers/0/use_bias", "value": False},
            ['            {"type": "Dense", "units": 4},'], ['            {"type": "Dense", "units": 4, "use_bias": false},'],
        ),
    ],
    ids=str,
)  # fmt: skip
def test_only_the_lines_of_the_change_change(operation, removed, added):
    after = edited(DOCUMENT, [operation])
    changes = list(difflib.ndiff(DOCUMENT.splitlines(), after.splitlines()))
    gone = [line[2:] for line in changes if line[0] == "-"]
    new = [line[2:] for line in changes if line[0] == "+"]
    assert (gone, new) == (removed, added)


@pytest.mark.parametrize(
    ("text", "operation", "after"),
    [
        ('{"a":1,"b":2}', {"op": "add", "path": "/c", "value": {"d": [1, 2]}}, '{"a":1,"b":2,"c":{"d":[1,2]}}'),
        ('{"a": 1}', {"op": "remove", "path": "/a"}, "{}"),
        ("{ }\n", {"op": "add", "path": "/a", "value": 1}, '{"a": 1}\n'),
        ('{"a": 1, "b": 2}', {"op": "remove", "path": "/b"}, '{"a": 1}'),
        ("[1.0, 1e-3]", {"op": "add", "path": "/0", "value": 2}, "[2, 1.0, 1e-3]"),
        ("[1.0, 1e-3]", {"op": "move", "from": "/0", "path": "/1"}, "[1e-3, 1.0]"),
        ("[1.0,1e-3]", {"op": "move", "from": "/1", "path": "/0"}, "[1e-3,1.0]"),
        ('{"a": {"b": 1.50}}', {"op": "move", "from": "/a/b", "path": "/c"}, '{"a": {}, "c": 1.50}'),
        ('{"a": 1, "b": 2}', {"op": "move", "from": "/a", "path": "/b"}, '{"b": 1}'),
        ('{"x/y": {"~": 1}}', {"op": "replace", "path": "/x~1y/~0", "value": 2}, '{"x/y": {"~": 2}}'),
        ('{"a\\"b": 1}', {"op": "move", "from": '/a"b', "path": "/c"}, '{"c": 1}'),
        ('{\r\n  "a": 1\r\n}\r\n', {"op": "add", "path": "/b", "value": 2}, '{\r\n  "a": 1,\r\n  "b": 2\r\n}\r\n'),
        ('{\n\t"a": {\n\t\t"b": 1.0\n\t}\n}', {"op": "add", "path": "/a/c", "value": 2},
         '{\n\t"a": {\n\t\t"b": 1.0,\n\t\t"c": 2\n\t}\n}'),
        ('{\n  "l": [\n    {\n      "a": 1\n    }\n  ]\n}', {"op": "add", "path": "/l/0", "value": {"b": 2}},
         '{\n  "l": [\n    {\n      "b": 2\n    },\n    {\n      "a": 1\n    }\n  ]\n}'),
        ('{\n  "a": {\n    "b": {\n      "c": 1e5\n    }\n  }\n}', {"op": "move", "from": "/a/b", "path": "/b"},
         '{\n  "a": {},\n  "b": {\n    "c": 1e5\n  }\n}'),
        ('{"a": 1, "a": 2}', {"op": "replace", "path": "/a", "value": 3}, '{"a": 1, "a": 3}'),
        ('{\n  "a": {"b": 1}\n}', {"op": "add", "path": "/c", "value": {"d": 2}},
         '{\n  "a": {"b": 1},\n  "c": {"d": 2}\n}'),
        ("{\n}", {"op": "add", "path": "/a", "value": 1}, '{"a": 1}'),
    ],
    ids=repr,
)  # fmt: skip
def test_the_form_of_a_text_is_kept(text, operation, after):
    assert edited(text, [operation]) == after


def value(chance, depth=0):
    kind = chance.randrange(8 if depth < 3 else 5)
    if kind < 5:
        return [
            None,
            True,
            chance.randrange(9),
            chance.random(),
            chance.choice(["", "a b", 'q"\\', "ü\n", "{[,:]}"]),
        ][kind]
    if kind < 7:
        return {
            chance.choice(["a", "b/", "~c", 'd"', "", "é"]): value(chance, depth + 1)
            for _ in range(chance.randrange(4))
        }
    return [value(chance, depth + 1) for _ in range(chance.randrange(4))]


def places(document, pointer=""):
    yield pointer
    parts = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for key, part in parts:
        yield from places(part, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")


def test_texts_of_any_form_change_as_their_values_do():
    chance = random.Random(rounds.seed)
    changed = 0
    for _ in range(ROUNDS):
        document = [value(chance), value(chance), {"a": value(chance)}]
        indent = chance.choice([None, None, 1, 2, 4, "\t"])
        separators = chance.choice([(",", ":"), (", ", ": "), (" ,  ", " :  ")])
        text = json.dumps(document, indent=indent, separators=separators, ensure_ascii=chance.random() < 0.5)
        text = chance.choice([text, f"\n {text} \n", text.replace("\n", "\r\n")])
        every = [place for place in places(document) if place]
        op = chance.choice(["add", "replace", "remove", "move"])
        operation = {"op": op, "path": chance.choice(every) + chance.choice(["", "", "/-", "/new"])}
        operation |= {"value": value(chance)} if op in ("add", "replace") else {}
        operation |= {"from": chance.choice(every)} if op == "move" else {}
        try:
            after = applied(document, [operation])
        except Exception:
            continue
        assert json.loads(edited(text, [operation])) == after
        changed += 1
    assert changed > ROUNDS / 4
