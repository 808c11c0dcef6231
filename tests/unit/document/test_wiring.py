"""Connections between layers: what is understood, and what is said about those that are wrong."""

import json
import re
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from quickml.document import understand
from quickml.document.layers import LAYERS
from quickml.document.parse import MAX_PROBLEMS
from quickml.document.shapes import walk
from quickml.errors import DocumentError

END = {"type": "Dense", "units": 3, "activation": "softmax"}


def dense(name=None, inputs=None, units=4):
    given_keys = {"name": name, "inputs": inputs}
    return {
        "type": "Dense",
        "units": units,
        **{key: value for key, value in given_keys.items() if value is not None},
    }


def add(inputs=None, name=None):
    given_keys = {"name": name, "inputs": inputs}
    return {"type": "Add", **{key: value for key, value in given_keys.items() if value is not None}}


def told(*layers):
    """Every problem as it is printed."""
    try:
        understand({"name": "test", "dataset": "iris", "model": {"layers": list(layers)}})
    except DocumentError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_a_loop_is_written_out():
    assert told(dense("a", ["c"]), dense("b"), dense("c"), END) == [
        "/model/layers/0/inputs/0: expected the name of an earlier layer, or `input`,"
        " found 'c', which creates the cycle c → a → b → c"
    ]


def test_a_loop_through_a_merge_is_written_out_on_its_shortest_way():
    found = told(dense("a"), add(["a", "d"], "sum"), dense("b"), dense("c"), add(["sum", "c"], "d"), END)
    assert found == [
        "/model/layers/1/inputs/1: expected the name of an earlier layer, or `input`,"
        " found 'd', which creates the cycle d → sum → d"
    ]


def test_a_layer_that_takes_itself_is_the_smallest_loop():
    assert told(dense("a"), add(["a", "sum"], "sum"), END) == [
        "/model/layers/1/inputs/1: expected the name of an earlier layer, or `input`,"
        " found 'sum', which creates the cycle sum → sum"
    ]


def test_two_loops_are_both_told():
    found = told(add(["input", "b"], "a"), dense("b"), add(["b", "d"], "c"), dense("d"), END)
    assert [line.split(": ")[0] for line in found] == ["/model/layers/0/inputs/1", "/model/layers/2/inputs/1"]
    assert all("creates the cycle" in line for line in found)


def test_a_long_loop_is_cut_short():
    layers = [dense("l0", ["l29"]), *(dense(f"l{i}") for i in range(1, 30)), END]
    (found,) = told(*layers)
    assert "l29 → l0 → l1 → l2 → l3 → l4 → … → l24" in found
    assert found.endswith("→ l28 → l29")


def test_a_layer_that_comes_later_is_no_loop():
    assert told(dense("a"), add(["a", "late"], "sum"), dense("late", ["a"]), {**END, "inputs": ["sum"]}) == [
        "/model/layers/1/inputs/1: expected the name of an earlier layer, or `input`, found 'late', which comes later;"
        " layers run in the order of the list: move 'sum' after 'late'"
    ]


def test_an_unknown_name_comes_with_the_nearest_one_and_leaves_that_one_used():
    assert told(dense("left"), dense("right", ["input"]), add(["left", "rigth"]), END) == [
        "/model/layers/2/inputs/1: expected the name of an earlier layer, or `input`, found 'rigth';"
        " did you mean 'right'?"
    ]


def test_an_unknown_name_like_no_other_comes_with_those_there_are():
    assert told(dense("left"), dense("right", ["input"]), add(["left", "zzz"]), END) == [
        "/model/layers/2/inputs/1: expected the name of an earlier layer, or `input`, found 'zzz';"
        " earlier layers: input, left, right"
    ]


def test_the_same_input_twice_is_taken_as_keras_takes_it():
    assert told(dense("a"), add(["a", "a"]), END) == []


def test_layers_whose_output_nobody_takes():
    hint = "only the last layer may have an unused output"
    assert told(dense("a"), dense("b"), dense("c", ["a"]), dense("d", ["a"]), {**END, "inputs": ["c"]}) == [
        f"/model/layers/1: Dense expects a later layer that uses its output, found none with 'b' in its `inputs`; {hint}",
        f"/model/layers/3: Dense expects a later layer that uses its output, found none with 'd' in its `inputs`; {hint}",
    ]


def test_how_many_inputs_a_layer_takes():
    two = "expects `inputs` with the names of two or more earlier layers"
    assert told(dense("a"), {"type": "Add"}, END) == [f"/model/layers/1: Add {two}, found 0"]
    assert told(dense("a"), add(["a"]), END) == [f"/model/layers/1/inputs: Add {two}, found 1"]
    assert told(dense("a"), dense("b", ["a", "input"]), END) == [
        "/model/layers/1/inputs: Dense expects one input, found 2;"
        " merge them first, for example with Add or Concatenate"
    ]
    assert told(dense("a", []), END) == ["/model/layers/0/inputs: Dense expects one input, found 0"]


def test_a_merge_without_inputs_may_have_meant_any_branch():
    branches = dense("left"), dense("right", ["input"])
    assert [line.split(":")[0] for line in told(*branches, {"type": "Add"}, END)] == ["/model/layers/2"]


def test_everything_wrong_is_told_at_once():
    found = told(
        dense("a", ["b"]), dense("b"), dense("c", ["bb"]), dense("lost", ["a"]), add(["c", "c"], "a"), END
    )
    assert [line.split(":")[0] for line in found] == [
        "/model/layers/0/inputs/0", "/model/layers/2/inputs/0", "/model/layers/3",
        "/model/layers/4/name",
    ]  # fmt: skip


def test_names_that_are_given_by_themselves_can_be_taken():
    assert told(dense(), dense(), add(["dense", "dense_1"]), END) == []


NAMES = ["input", "a", "b", "c", "d", "e", "nobody"]


@st.composite
def graphs(draw):
    layers = []
    for name in draw(st.lists(st.sampled_from(NAMES[1:-1]), min_size=1, max_size=5, unique=True)):
        inputs = draw(st.none() | st.lists(st.sampled_from(NAMES), min_size=1, max_size=3))
        kind = draw(st.sampled_from([dense, add]))
        layers.append(kind(name=name, inputs=inputs))
    return layers


def takes(layers):
    """What each layer asks for: another reading of the same rules."""
    names = [layer["name"] for layer in layers]
    return {
        layer["name"]: layer.get("inputs")
        or ([] if layer["type"] == "Add" else [names[place - 1] if place else "input"])
        for place, layer in enumerate(layers)
    }


def stands(layers):
    wanted, known = takes(layers), {"input"}
    for layer in layers:
        inputs = wanted[layer["name"]]
        enough = len(inputs) >= 2 if layer["type"] == "Add" else len(inputs) == 1
        if not enough or not set(inputs) <= known:
            return False
        known.add(layer["name"])
    taken = {name for inputs in wanted.values() for name in inputs}
    return known - {"input", layers[-1]["name"]} <= taken


def loops(layers):
    """Names from which a walk along the connections comes back."""
    wanted = takes(layers)

    def comes_back(start):
        seen, front = set(), set(wanted[start])
        while front - seen:
            seen |= front
            front = {source for name in front for source in wanted.get(name, [])}
        return start in seen

    return {name for name in wanted if comes_back(name)}


@given(graphs())
@settings(max_examples=400, deadline=None)
def test_a_graph_stands_or_is_told_where_it_does_not(layers):
    parsed = [LAYERS[layer["type"]].model_validate(layer) for layer in layers]
    graph, problems = walk(parsed, (4,))
    assert (graph is not None) == stands(layers) == (not problems)
    if graph is not None:
        done = {"input"}
        for node in graph.nodes:  # in order, each finds what it takes
            assert set(node.inputs) <= done
            assert node.inputs == tuple(takes(layers)[node.name])
            done.add(node.name)
        return
    assert len({str(problem) for problem in problems}) == len(problems)
    for problem in problems:
        here = {"model": {"layers": layers}}
        for step in problem.pointer.split("/")[1:]:
            here = here[int(step)] if isinstance(here, list) else here[step]
    written = [
        problem.found.partition("cycle ")[2].split(" → ") for problem in problems if "cycle" in problem.found
    ]
    wanted = takes(layers)
    for loop in written:
        assert loop[0] == loop[-1]
        assert all(first in wanted[second] for first, second in pairwise(loop))
    in_loops = loops(layers)
    assert bool(written) == bool(in_loops)
    assert {name for loop in written for name in loop} <= in_loops


def test_a_thousand_layers_full_of_loops_are_looked_through():
    """It takes a fifth of a second; with every loop looked for it would be hours."""
    taken = [f"l{i}" for i in range(900, 999)]
    found = told(*(add(["l999", *taken], f"l{i}") for i in range(999)), add(["l0", "l1"], "l999"))
    assert len(found) == MAX_PROBLEMS
    assert "creates the cycle l999 → l0 → l999" in found[0]


def test_the_how_to_prints_what_is_told():
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "skip-connections.md").read_text(encoding="utf-8")
    ((document, printed),) = re.findall(
        r"<!-- wrong -->\n```json\n(.*?)```\n+```text\n(.*?)```", page, re.DOTALL
    )
    assert told(*json.loads(document)["model"]["layers"]) == printed.strip().splitlines()
