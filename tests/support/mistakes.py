"""Documents with mistakes as people make them: valid ones of every kind, with one thing changed."""

import json
from copy import deepcopy
from pathlib import Path

from advice import Document
from layer_examples import EXAMPLES, layers_of
from quickml.datasets import DatasetInfo, Described
from quickml.document import understand
from quickml.document.spellings import KEYS, TYPES, VALUES
from quickml.errors import DocumentError

ROOT = Path(__file__).parents[2]
END = {"type": "Dense", "units": 3, "activation": "softmax"}
KINDS = {1: "features", 2: "sequence", 3: "image"}


class AnyShape:
    """A catalog whose only dataset has three classes and inputs of some shape."""

    def __init__(self, shape, *, tokens=0):
        self.described = DatasetInfo(
            name="iris", title="", source="", kind="tokens" if tokens else KINDS[len(shape)], shape=tuple(shape),
            labels=("a", "b", "c"), vocabulary=tuple(map(str, range(tokens))), sizes=(120, 30),
        )  # fmt: skip

    def describe(self, reference):
        return Described(info=self.described, reference=reference)

    def load(self, reference):
        raise NotImplementedError


def problems(document, catalog):
    try:
        understand(document, *([catalog] if catalog else []))
    except DocumentError as error:
        return list(error.problems)
    return []


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
        others += [] if not value or isinstance(value[0], dict) else [value * 2, value[::-1]]
    elif value is not None and not isinstance(value, dict):
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
