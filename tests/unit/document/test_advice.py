"""What a message advises, applied to the document, removes the problem and adds none; what it says is true."""

import json
import random
import re
from collections import Counter
from copy import deepcopy
from itertools import chain
from pathlib import Path

import pytest

import rounds
from advice import Document, advised
from layer_examples import EXAMPLES, layers_of
from quickml.datasets.info import DatasetInfo
from quickml.document import understand
from quickml.document.document import Document as Root
from quickml.document.export import Export
from quickml.document.layers import LAYERS
from quickml.document.spellings import KEYS, OTHER_TYPES, TYPES, VALUES
from quickml.document.training import OPTIMIZERS, Training
from quickml.errors import DocumentError
from quickml.patch import applied

ROOT = Path(__file__).parents[3]
VALUES_EACH = rounds.choose(few=5, full=100)
MUTATIONS = rounds.choose(few=600, full=20_000)
END = {"type": "Dense", "units": 3, "activation": "softmax"}
KINDS = {1: "features", 2: "sequence", 3: "image"}


class AnyShape:
    """A catalog whose only dataset has three classes and inputs of some shape."""

    def __init__(self, shape, *, tokens=0):
        self.described = DatasetInfo(
            name="iris", title="", source="", kind="tokens" if tokens else KINDS[len(shape)], shape=tuple(shape),
            labels=("a", "b", "c"), vocabulary=tuple(map(str, range(tokens))), sizes=(120, 30),
        )  # fmt: skip

    def info(self, reference):
        return self.described

    def load(self, reference):
        raise NotImplementedError


def problems(document, catalog):
    try:
        understand(document, *([catalog] if catalog else []))
    except DocumentError as error:
        return list(error.problems)
    return []


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


def iris(*layers, **others):
    return {"name": "test", "dataset": "iris", "model": {"layers": list(layers)}, **others}


def examples():
    """Valid documents, each with its catalog: those of the repository, and one for every way of every layer."""
    files = [*ROOT.glob("*.json"), *(ROOT / "examples").glob("*.json")]
    documents = [(json.loads(path.read_text(encoding="utf-8")), None) for path in files]
    for kind, ways in EXAMPLES.items():
        for shape, arguments in ways:
            tokens = arguments["input_dim"] if kind == "Embedding" else 0
            document = iris(*layers_of(kind, arguments), {"type": "Flatten"}, END)
            documents.append((document, AnyShape(shape, tokens=tokens)))
    documents.append((iris(END, training={
        "optimizer": {"type": "SGD", "momentum": 0.9, "clipnorm": 1.0}, "loss": "mse", "metrics": ["acc"],
        "batch_size": 16, "epochs": 3, "validation_fraction": 0.1, "seed": 1, "max_seconds": 5.5,
        "early_stopping": {"monitor": "val_accuracy", "patience": 2},
        "learning_rate_schedule": {"type": "PiecewiseConstantDecay", "boundaries": [1, 2], "values": [1, 2, 3]},
    }, export={
        "formats": ["mlmodel", "mlpackage"], "weights": "int8", "minimum_ios": 16, "author": "A",
        "updatable": {"layers": ["dense"], "optimizer": {"type": "Adam", "beta_1": 0.5}, "epochs": 3},
    }), None))  # fmt: skip
    return [(document, catalog) for document, catalog in documents if not problems(document, catalog)]


def places(value, steps=()):
    """The steps to every value in a document."""
    yield steps
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, child in children:
        yield from places(child, (*steps, step))


def mutated(document, chance):
    """A document with one thing wrong, as people write it."""
    copy = Document(deepcopy(document), "")
    steps = chance.choice([steps for steps in places(document) if steps])
    value, holder = copy.at(steps), copy.at(steps[:-1])
    kind = chance.choice(["value", "value", "value", "drop", "key", "add"])
    if kind == "drop":
        del holder[steps[-1]]
    elif kind == "key" and isinstance(holder, dict):
        holder[chance.choice(misspelled(steps[-1], chance))] = holder.pop(steps[-1])
    elif kind == "add" and isinstance(holder, dict):
        key = chance.choice(
            ["epochs", "lr", "optimizer", "patience", "input_shape", "dtype", "zzz", "name", "units"]
        )
        holder.setdefault(key, chance.choice([3, 0.1, "adam", [4]]))
    else:
        holder[steps[-1]] = chance.choice(changed(value, chance))
    return copy.whole


def misspelled(word, chance):
    place = chance.randrange(len(word))
    return [
        word[:place] + word[place + 1 :] or "x", word.upper(), word.replace("_", ""), word + "s",
        word[:place] + word[place : place + 2][::-1] + word[place + 2 :],
        chance.choice([other for other, meant in KEYS.items() if word in meant] or ["x"]),
    ]  # fmt: skip


def changed(value, chance):
    others = [None, True, 0, 1, -1, 0.5, 10**12, 1e300, "x", "", [], {}, [1], {"type": "Dense"}]
    if isinstance(value, str):
        spelled = [other for other, meant in VALUES.items() if value in meant]
        spelled += [other for other, meant in TYPES.items() if value == meant]
        others += [*misspelled(value, chance), value.title(), [value], *spelled] if value else []
    elif isinstance(value, list):
        others += [value[:1], *value, str(tuple(value))]
        others += [] if isinstance(value[0], dict) else [value * 2, value[::-1]]
    elif not isinstance(value, dict):
        others += [
            str(value),
            [value],
            [value, value],
            [value] * 3,
            float(value),
            -value,
            value + 1,
            value * 100,
        ]
    return others


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
