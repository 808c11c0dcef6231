"""JSON Patch on parsed documents: the examples of RFC 6902, appendix A, and what they leave out."""

import pytest

from quickml.errors import PatchError
from quickml.patch import applied


@pytest.mark.parametrize(
    ("document", "operation", "after"),
    [
        ({"foo": "bar"}, {"op": "add", "path": "/baz", "value": "qux"}, {"foo": "bar", "baz": "qux"}),
        ({"foo": ["bar", "baz"]}, {"op": "add", "path": "/foo/1", "value": "qux"}, {"foo": ["bar", "qux", "baz"]}),
        ({"baz": "qux", "foo": "bar"}, {"op": "remove", "path": "/baz"}, {"foo": "bar"}),
        ({"foo": ["bar", "qux", "baz"]}, {"op": "remove", "path": "/foo/1"}, {"foo": ["bar", "baz"]}),
        ({"baz": "qux", "foo": "bar"}, {"op": "replace", "path": "/baz", "value": "boo"}, {"baz": "boo", "foo": "bar"}),
        (
            {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
            {"op": "move", "from": "/foo/waldo", "path": "/qux/thud"},
            {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
        ),
        (
            {"foo": ["all", "grass", "cows", "eat"]},
            {"op": "move", "from": "/foo/1", "path": "/foo/3"},
            {"foo": ["all", "cows", "eat", "grass"]},
        ),
        ({"baz": "qux"}, {"op": "test", "path": "/baz", "value": "qux"}, {"baz": "qux"}),
        ({"foo": "bar"}, {"op": "add", "path": "/child", "value": {"grandchild": {}}}, {"foo": "bar", "child": {"grandchild": {}}}),
        ({"foo": "bar"}, {"op": "add", "path": "/baz", "value": "qux", "xyz": 123}, {"foo": "bar", "baz": "qux"}),
        ({"/": 9, "~1": 10}, {"op": "test", "path": "/~01", "value": 10}, {"/": 9, "~1": 10}),
        ({"foo": ["bar"]}, {"op": "add", "path": "/foo/-", "value": ["abc"]}, {"foo": ["bar", ["abc"]]}),
        ({"a": 1}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": 1, "b": 1}),
        ({"a": 1}, {"op": "replace", "path": "", "value": []}, []),
        ({"a": 1}, {"op": "add", "path": "", "value": []}, []),
        ({"a": 1.0}, {"op": "test", "path": "/a", "value": 1}, {"a": 1.0}),
        ({"": {"a": 1}}, {"op": "remove", "path": "//a"}, {"": {}}),
    ],
    ids=str,
)  # fmt: skip
def test_an_operation(document, operation, after):
    before = str(document)
    assert applied(document, [operation]) == after
    assert list(applied(document, [operation])) == list(after)
    assert str(document) == before


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": "1"},
        {"op": "test", "path": "/a", "value": True},
        {"op": "add", "path": "/b/c", "value": 1},
        {"op": "add", "path": "/list/3", "value": 1},
        {"op": "add", "path": "/list/01", "value": 1},
        {"op": "add", "path": "/list/x", "value": 1},
        {"op": "add", "path": "/a/x", "value": 1},
        {"op": "add", "path": "/x"},
        {"op": "remove", "path": "/list/-"},
        {"op": "remove", "path": "/list/2"},
        {"op": "remove", "path": "/x"},
        {"op": "remove", "path": ""},
        {"op": "replace", "path": "/x", "value": 1},
        {"op": "move", "from": "/list", "path": "/list/0"},
        {"op": "move", "from": "/x", "path": "/y"},
        {"op": "noop", "path": "/a"},
        {"path": "/a"},
        {"op": "remove"},
        {"op": "add", "path": 3, "value": 1},
        "remove",
    ],
    ids=str,
)
def test_an_operation_that_does_not_fit(operation):
    with pytest.raises(PatchError):
        applied({"a": 1, "list": [1, 2]}, [operation])


def test_operations_follow_each_other():
    patch = [
        {"op": "add", "path": "/a", "value": {}}, {"op": "add", "path": "/a/b", "value": [1]},
        {"op": "add", "path": "/a/b/0", "value": 0}, {"op": "move", "from": "/a/b", "path": "/c"},
    ]  # fmt: skip
    assert applied({}, patch) == {"a": {}, "c": [0, 1]}
