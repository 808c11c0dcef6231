"""The reference of the document."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from generator import NOTE, datasets
from generator.fields import keys, table, wrapped, written
from quickml.document import Document, Plan, plan, understand
from quickml.document.checks.size import MAX_MEMORY_BYTES, MAX_PARAMETERS
from quickml.document.document import Model
from quickml.document.export import Export, Updatable, Weights
from quickml.document.formats import DocumentFormat, known
from quickml.document.layers import LAYERS, Layer
from quickml.document.layers.layer import Activation_, Initializer, Regularizer, shown
from quickml.document.parse import MAX_BYTES
from quickml.document.training import (
    OPTIMIZERS,
    SHORT_NAMES,
    AnySchedule,
    EarlyStopping,
    Loss,
    Metric,
    Training,
)
from quickml.errors import DocumentError
from quickml.fields import MAX_SIZE, DocumentModel

ENDS = {
    "iris": {"type": "Dense", "units": 3, "activation": "softmax"},
    "circles": {"type": "Dense", "units": 1, "activation": "sigmoid"},
    "diabetes": {"type": "Dense", "units": 1},
}
"""A dataset of each task, and a layer that answers it."""


def page() -> str:
    """docs/reference/document.md."""
    parts = [NOTE, _head(), _model(), datasets.section(), _training(), _export(), _limits()]
    return "\n\n".join(parts) + "\n"


def _head() -> str:
    shortest = _document("iris")
    return f"""# The document

A document is one JSON object. Names are those of Keras, spelled as Keras spells them. A key that is not
listed here is an error. Errors are told together, each with its JSON pointer: those of
single values, and those of shapes and of the whole as far as the parts that are right allow.

The same as JSON Schema: [spec.schema.json](spec.schema.json), or `quickml schema`. An editor
that knows the schema completes a document while it is written.

The shortest document there is:

```json
{json.dumps(shortest, indent=2)}
```

In the tables, *none* means that nothing is set where a key is left out, or what the words beside it say. An
integer without an upper bound goes up to {MAX_SIZE:,}.

## Top level

{keys(Document)}"""


# ---------------------------------------------------------------------------------------------- model


def _model() -> str:
    index = wrapped(", ".join(f"[{name}](#{name.lower()})" for name in LAYERS) + ".")
    layers = "\n\n".join(_layer(cls) for cls in LAYERS.values())
    return f"""## Model

{keys(Model)}

{_preprocessing()}

A classification ends with one output for each class and the activation `softmax`, or, for two classes, with
one output and `sigmoid`. A regression ends with one output.

### Layers

A layer is an object with a `type` and the arguments of the Keras layer of that name. All take these two as
well:

{keys(LAYERS["Flatten"], only=("name", "inputs"))}

Shapes leave out the batch: a picture is (height, width, channels), a row of features (n,).

{index}

{layers}

### Activations

{_listed(Activation_)}

### Initializers

{_listed(Initializer)}

### Regularizers

{Regularizer.__doc__}

{keys(Regularizer)}"""


def _preprocessing() -> str:
    """The paragraph of the code that does it."""
    return wrapped((plan.__doc__ or "").split("\n\n", 1)[1])


def _layer(cls: type[Layer]) -> str:
    arguments = keys(cls, without=Layer.model_fields)
    return "\n\n".join(filter(None, (f"#### {cls.__name__}", wrapped(cls.__doc__), arguments, _example(cls))))


def _example(cls: type[Layer]) -> str:
    """A line of JSON with what it does to a shape."""
    shape, arguments = cls.example
    layer = {"type": cls.__name__, **arguments, **({"inputs": ["left", "right"]} if cls.merges else {})}
    made = cls.model_validate(layer)
    shapes = [shape] * (2 if cls.merges else 1)
    count = made.parameters(*shapes).total
    taken = f"twice {shown(shape)}" if cls.merges else shown(shape)
    holds = f"; {count:,} parameters" if count else ""
    return f"`{json.dumps(layer)}`: {taken} becomes {shown(made.output_shape(*shapes))}{holds}."


# ------------------------------------------------------------------------------------------- training


def _training() -> str:
    optimizers = "\n\n".join(_section(cls) for cls in OPTIMIZERS.values())
    schedules = "\n\n".join(_section(cls) for cls in get_args(AnySchedule))
    short = ", ".join(f"`{a}` for `{b}`" for a, b in SHORT_NAMES.items())
    left_out = [_plan(name).document.training.loss for name in ENDS]
    return f"""## Training

{keys(Training)}

### Losses and metrics

{_accepted("loss", get_args(Loss))}

{_accepted("metric", get_args(Metric))}

Keras' abbreviations are taken too: {short}.

Where `loss` is left out, it is `{left_out[0]}` for classes, `{left_out[1]}` for two
classes told apart by one sigmoid output, and `{left_out[2]}` for a regression. Where `metrics` is left out,
it is {_metrics("iris")} for classes and {_metrics("diabetes")} for a regression.

### Optimizers

A name alone, in any case, or an object with `type` and the optimizer's arguments.

{optimizers}

### Learning-rate schedules

An object with `type` and the schedule's arguments. It starts at the optimizer's `learning_rate`, except
PiecewiseConstantDecay, which gives every rate itself. A step is one batch.

{schedules}

### Early stopping

{EarlyStopping.__doc__}

{keys(EarlyStopping)}"""


def _accepted(what: str, names: Iterable[str]) -> str:
    """Which task takes which, asked of the code that decides."""
    rows = []
    for name in names:
        value = {"loss": name} if what == "loss" else {"metrics": [name]}
        rows.append(
            [f"`{name}`", *("yes" if _is_taken(task, value) else "no" for task in ("iris", "diabetes"))]
        )
    return table([what, "classification", "regression"], rows)


def _is_taken(dataset: str, training: Mapping[str, Any]) -> bool:
    try:
        _plan(dataset, training=training)
    except DocumentError:
        return False
    return True


def _document(dataset: str, **others: Any) -> dict[str, Any]:
    return {"name": dataset, "dataset": dataset, "model": {"layers": [ENDS[dataset]]}, **others}


def _plan(dataset: str, **others: Any) -> Plan:
    return understand(_document(dataset, **others))


def _metrics(dataset: str) -> str:
    return f"`{written(_plan(dataset).document.training.metrics)}`"


def _section(cls: type[DocumentModel]) -> str:
    return f"#### {cls.__name__}\n\n{wrapped(cls.__doc__)}\n\n{keys(cls, without=['type'])}"


# --------------------------------------------------------------------------------------- export, limits


def _export() -> str:
    formats = [one for one in known().values() if one.can_be_named and one.first_ios]
    rows = [[f"`{weights}`", *(_oldest(one, weights) for one in formats)] for weights in get_args(Weights)]
    return f"""## Export

{keys(Export)}

The first systems that read each format, by its weights:

{table(["weights", *(f"`{one.kind}`" for one in formats)], rows)}

A `minimum_ios` below that of a format asked for is an error. It decides the version of an ML program; a
neural network is written for iOS 13 in any case.

### Updatable

{wrapped(Updatable.__doc__)}

{keys(Updatable)}"""


def _oldest(one: DocumentFormat, weights: Weights) -> str:
    first = one.oldest(weights)
    return f"iOS {first}" if first else "not possible"


def _limits() -> str:
    return f"""## Limits

A document of at most {MAX_BYTES // 2**20} MiB; a network of at most {MAX_PARAMETERS:,} parameters; an
estimate of at most {MAX_MEMORY_BYTES // 2**30} GiB of memory for training. What is larger is refused before
anything is built."""


def _listed(names: Any) -> str:
    return wrapped(", ".join(f"`{name}`" for name in get_args(names)) + ".")
