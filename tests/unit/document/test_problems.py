"""Every problem of a document has a code that the reference describes, values, and where it can be a fix that works."""

import ast
import json
import sys
from pathlib import Path
from typing import get_args

import pytest

from quickml.document import read, understand
from quickml.document.codes import Code
from quickml.errors import DocumentError, Problem
from quickml.patch import applied

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "docs"))

from generator.problems import example  # noqa: E402
from generator.wrong_documents import SECTIONS, WithArrays, WithPictures, WithRecordings, WithTable  # noqa: E402

EXAMPLES = {code: wrong for codes in SECTIONS.values() for code, (_, wrong) in codes.items()}
REAL = {code: wrong for code, wrong in EXAMPLES.items() if wrong is not None}
WITHOUT_EXAMPLE = {
    "dataset-unavailable",
    "file-importing",
    "format-unavailable",
    "invalid-value",
    "too-many-steps",
}
"""Three need a broken package or a rule that no field has yet, one a server, one a dataset of long sequences."""
END = {"type": "Dense", "units": 3, "activation": "softmax"}


def refused(document):
    with pytest.raises(DocumentError) as caught:
        understand(document) if isinstance(document, dict) else read(document)
    return caught.value


def test_the_reference_describes_every_code_in_order():
    assert list(EXAMPLES) == list(get_args(Code))
    assert {code for code, wrong in EXAMPLES.items() if wrong is None} == WITHOUT_EXAMPLE


def test_problems_of_documents_are_made_in_one_place_which_wants_a_code():
    source = ROOT / "src" / "quickml"
    files = [*(source / "document").rglob("*.py"), source / "service" / "policy.py"]
    made = [
        path.name
        for path in files
        if path.name != "dataset_options.py"  # problems of a request
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem"
    ]
    assert made == ["problem.py"]


@pytest.mark.parametrize("code", REAL)
def test_a_wrong_document_has_the_problem_and_its_fix_removes_it(code):
    problem = example(code, REAL[code])
    assert json.loads(json.dumps(problem.values, allow_nan=False)) == json.loads(json.dumps(problem.values))
    if not problem.fix:
        return
    try:
        if isinstance(REAL[code], WithTable | WithPictures | WithArrays | WithRecordings):
            with REAL[code].files() as files:
                understand(applied(REAL[code].document, problem.fix), files)
        else:
            understand(applied(REAL[code], problem.fix))
    except DocumentError as error:
        assert code not in {other.code for other in error.problems}


def test_a_problem_of_something_else_has_no_code():
    assert Problem(pointer="", expected="a", found="b").code == ""


def test_a_problem_from_another_package_gets_a_code():
    class Elsewhere:
        def describe(self, reference):
            raise DocumentError([Problem(pointer="/dataset", expected="a", found="b")])

    with pytest.raises(DocumentError) as caught:
        understand(iris(END), Elsewhere())
    assert [problem.code for problem in caught.value.problems] == ["invalid-value"]


def iris(*layers, **others):
    return {"name": "a", "dataset": "iris", "model": {"layers": [*layers]}, **others}


def only(document):
    (problem,) = refused(document).problems
    return problem


def test_a_layer_that_is_inserted_is_wired_by_name_where_others_are():
    conv = {"type": "Conv2D", "filters": 2, "kernel_size": 3, "name": "a"}
    end = {"type": "Dense", "units": 10, "activation": "softmax", "inputs": ["a"]}
    document = {"name": "a", "dataset": "mnist", "model": {"layers": [conv, end]}}
    assert only(document).fix == (
        {
            "op": "add",
            "path": "/model/layers/1",
            "value": {"type": "Flatten", "name": "flatten", "inputs": ["a"]},
        },
        {"op": "replace", "path": "/model/layers/2/inputs", "value": ["flatten"]},
    )


def test_a_layer_that_is_inserted_does_not_change_the_names_of_others():
    layers = [
        {"type": "Conv2D", "filters": 2, "kernel_size": 3}, {"type": "Dense", "units": 5}, {"type": "Flatten"},
        {"type": "Dense", "units": 10, "activation": "softmax", "inputs": ["flatten"]},
    ]  # fmt: skip
    fixed = applied(
        document := {"name": "a", "dataset": "mnist", "model": {"layers": layers}}, only(document).fix
    )
    assert [layer.name for layer in understand(fixed).document.model.layers][-2:] == ["flatten", "dense_1"]


@pytest.mark.parametrize(
    ("document", "fix"),
    [
        (iris(END, epochs=3), [{"op": "add", "path": "/training", "value": {"epochs": 3}}]),
        (iris(END, dataset="irs"), [{"op": "replace", "path": "/dataset", "value": "iris"}]),
        (iris(END, dataset={"name": "irs"}), [{"op": "replace", "path": "/dataset/name", "value": "iris"}]),
        (iris(END, **{"a/b~": 1}), None),
        (iris({**END, "dtype/~": 1}), None),
        (
            iris({"type": "Dense", "units": 100_000}, {"type": "Dense", "units": 3, "activation": "softmax"},
                 training={"batch_size": 100_000}),
            [{"op": "replace", "path": "/training/batch_size", "value": 16384}],
        ),
        (
            iris(END, export={"precision": "int3"}),
            None,
        ),
    ],
    ids=str,
)  # fmt: skip
def test_a_fix_is_about_the_document_as_it_was_sent(document, fix):
    (problem,) = refused(document).problems
    found = [one for one in problem.fix or () if one["op"] != "remove"]
    assert (found or None) == fix


def test_a_key_with_signs_of_pointers_is_escaped():
    document = iris(END, **{"trai/ni~ng": {"epochs": 3}})
    (problem,) = refused(document).problems
    assert problem.pointer == "/trai~1ni~0ng"
    assert problem.fix == ({"op": "move", "from": "/trai~1ni~0ng", "path": "/training"},)
    assert understand(applied(document, problem.fix)).document.training.epochs == 3


def test_a_key_that_pointers_shorten_has_no_fix():
    assert only(iris(END, **{"training" + "g" * 100: {}})).fix is None


def test_what_may_be_meant_is_not_overwritten():
    (problem,) = refused(iris({**END, "unit": 4})).problems
    assert problem.hint == "did you mean 'units'?"
    assert problem.fix is None


def test_a_document_of_sculptml_has_fixes_only_for_what_it_says_itself():
    layer = {"layer": "DenseLyr", "units": "3"}
    old = {"model": {"num_layers": 1, "layer_0": layer}, "dataset": {"name": "irs"}}
    problem = only(old)
    assert (problem.code, problem.hint) == ("unknown-dataset", "did you mean 'iris'?")
    understand(applied(old, problem.fix))
    wrong = {"model": {"num_layers": 1, "layer_0": layer, "epochs": -1}, "dataset": "iris"}
    assert [(one.code, one.fix) for one in refused(wrong).problems] == [("out-of-range", None)]


def names(document):
    return [layer["name"] for layer in refused(document).layers]


def test_layers_are_known_up_to_the_first_that_breaks():
    dense = {"type": "Dense", "units": 4}
    error = refused(iris(dense, {"type": "Conv2D", "filters": 2, "kernel_size": 3}, dense, END))
    assert error.layers == ({"name": "dense", "type": "Dense", "output_shape": (4,), "parameters": 20},)
    assert names(iris(dense, {"type": "Dens", "units": 3}, END)) == ["dense"]
    assert names(iris(dense, {**END, "units": 4})) == ["dense", "dense_1"]
    assert names(iris(dense, END, training={"epochs": 0})) == ["dense", "dense_1"]
    assert not names(iris(dense, END, dataset="irs"))


def test_other_branches_are_known_too():
    layers = [
        {"type": "Dense", "units": 4, "name": "a"},
        {"type": "Conv2D", "filters": 2, "kernel_size": 3, "name": "wrong", "inputs": ["a"]},
        {"type": "Dense", "units": 5, "name": "guessed", "inputs": ["wrong"]},
        {"type": "Dense", "units": 5, "name": "b", "inputs": ["a"]},
        {"type": "Add", "name": "both", "inputs": ["guessed", "b"]},
        END,
    ]
    assert names(iris(*layers)) == ["a", "b"]


def test_a_guessed_shape_is_not_told():
    mnist = {"name": "a", "dataset": "mnist", "model": {"layers": [
        {"type": "Conv2D", "filters": 2, "kernel_size": 3}, {"type": "Dense", "units": 5},
        {"type": "Dense", "units": 10, "activation": "softmax"}]}}  # fmt: skip
    assert names(mnist) == ["conv2d"]
