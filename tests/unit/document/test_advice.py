"""What a message advises, applied to the document, removes the problem and adds none; what it says is true."""

import json
import random
import re
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

import rounds
from advice import Document, advised
from layer_examples import EXAMPLES, layers_of
from mistakes import END, AnyShape, changed, examples, iris, mutated, problems
from quickml.document.document import Document as Root
from quickml.document.export import Export
from quickml.document.layers import LAYERS
from quickml.document.spellings import KEYS, OTHER_TYPES, TYPES
from quickml.document.training import OPTIMIZERS, Training
from quickml.patch import applied

ROOT = Path(__file__).parents[3]
VALUES_EACH = rounds.choose(few=5, full=100)
MUTATIONS = rounds.choose(few=600, full=20_000)


def without_place(problem):
    return problem.subject, problem.expected, problem.found


def hold(document, catalog=None):
    """Assert that every problem is true, and that its advice removes it and adds none."""
    found = problems(document, catalog)
    for problem in found:
        is_true(document, problem)
        if problem.fix:
            is_fixed(document, problem, found, catalog)
        rest = Counter(map(without_place, found)) - Counter([without_place(problem)])
        outcomes = [problems(repaired, catalog) for repaired in followed(document, problem)]
        wrong = [after for after in outcomes if Counter(map(without_place, after)) - rest]
        if re.match("write|leave it out for", problem.hint) and not any(map(is_same(problem), chain(*wrong))):
            continue  # the same value in the right form, which may be wrong in another way
        if wrong and (not problem.hint.startswith("did you mean") or len(wrong) == len(outcomes)):
            pytest.fail(f"{json.dumps(document)}\n  {problem}\n  followed: {list(map(str, wrong[0]))}")
    return found


def is_fixed(document, problem, found, catalog):
    """Assert that the fix of a problem removes it, and that no other problem of its kind appears."""
    repaired = applied(document, problem.fix)
    FIXED[problem.code] += 1
    after = problems(repaired, catalog)
    same = Counter(map(without_place, after))[without_place(problem)]
    kinds = [Counter(other.code for other in some)[problem.code] for some in (found, after)]
    if same >= Counter(map(without_place, found))[without_place(problem)] or kinds[1] >= kinds[0]:
        pytest.fail(f"{json.dumps(document)}\n  {problem}\n  {problem.fix}\n  {list(map(str, after))}")


FIXED = Counter()
"""How many fixes of each kind of problem were applied."""


def is_same(problem):
    return lambda other: without_place(other) == without_place(problem)


def followed(document, problem):
    yield from advised(document, problem)
    if re.match("one of (?!the)", problem.expected) and problem.pointer.startswith(
        ("/training/", "/export/")
    ):
        for name in problem.expected.removeprefix("one of ").split(", "):
            copy = Document(document, problem.pointer)
            copy.put(name)
            yield copy.whole


def is_true(document, problem):
    copy = Document(document, problem.pointer)
    missing = re.match(r"the keys? (.*)", problem.expected)
    if missing and problem.found == "none":
        assert not set(re.findall(r"'(\w+)'", missing[1])) & set(copy.at(copy.steps))
    try:
        value, shown = copy.at(copy.steps), json.loads(problem.found)
    except (KeyError, IndexError, ValueError, TypeError):
        return
    if not isinstance(value, dict | list):
        assert value == shown, problem


def test_advice_for_documents_with_one_mistake():
    chance = random.Random(rounds.seed)
    valid = examples()
    assert len(valid) > 150
    wrong = sum(
        bool(hold(mutated(document, chance), catalog))
        for document, catalog in chance.choices(valid, k=MUTATIONS)
    )
    assert wrong > MUTATIONS / 2


@pytest.mark.parametrize(
    ("kind", "argument"), [(kind, key) for kind, cls in LAYERS.items() for key in cls.model_fields]
)
def test_advice_for_every_argument(kind, argument):
    chance = random.Random(rounds.seed)
    shape, arguments = EXAMPLES[kind][0]
    catalog = AnyShape(shape, tokens=arguments["input_dim"] if kind == "Embedding" else 0)
    layers = [*layers_of(kind, arguments), {"type": "Flatten"}, END]
    values = changed({"type": kind, **arguments}.get(argument, "relu"), chance)
    for value in chance.sample(values, min(len(values), VALUES_EACH)):
        layers[-3] = {**layers[-3], argument: value}
        hold(iris(*layers), catalog)


@pytest.mark.parametrize("key", ["type", "dataset", "id"])
def test_advice_for_a_dataset_without_a_name(key):
    assert hold({**iris(END), "dataset": {key: "iris"}})


def test_every_other_spelling_leads_to_one_that_exists():
    known = {*LAYERS, *OPTIMIZERS}
    assert set(TYPES.values()) <= known
    assert not OTHER_TYPES & known
    keys = {
        key
        for cls in (*LAYERS.values(), *OPTIMIZERS.values(), Training, Export, Root)
        for key in cls.model_fields
    }
    assert {key for meant in KEYS.values() for key in meant} <= keys | {"test_fraction"}


@pytest.mark.parametrize("name", sorted(OTHER_TYPES))
def test_what_only_keras_has_is_said_to_be_missing(name):
    (problem, *_) = hold(iris({"type": name}, END))
    assert problem.hint.startswith(f"QuickML does not have Keras' {name}")
