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
from quickml.document.text import MAX_BYTES
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
"""An example dataset of each task, and an output layer for it."""


def page() -> str:
    """docs/reference/document.md."""
    parts = [NOTE, _head(), _model(), datasets.section(), _training(), _export(), _limits()]
    return "\n\n".join(parts) + "\n"


def _head() -> str:
    shortest = _document("iris")
    return f"""# The document

A document is a JSON object. Layers, arguments, optimizers, losses and metrics have the names that they have
in Keras. An unknown key is an error. All errors are reported at once, each with a JSON pointer: invalid
values, and also wrong shapes and wrong combinations of values, unless they depend on an invalid value.

[spec.schema.json](spec.schema.json) is the JSON Schema of documents; `quickml schema` prints it. Use it for
completion and validation in an editor.

A minimal document:

```json
{json.dumps(shortest, indent=2)}
```

In the tables, the default *none* means that the value is not set; where QuickML chooses a value then, the
description says which. Integers without a stated maximum can be up to {MAX_SIZE:,}.

## Top level

{keys(Document)}"""


# ---------------------------------------------------------------------------------------------- model


def _model() -> str:
    index = wrapped(", ".join(f"[{name}](#{name.lower()})" for name in LAYERS) + ".")
    layers = "\n\n".join(_layer(cls) for cls in LAYERS.values())
    return f"""## Model

{keys(Model)}

{_preprocessing()}

The output layer of a classification has one output for each class with the activation `softmax`, or, for two
classes, a single output with `sigmoid`. The output layer of a regression has a single output.

### Layers

A layer is an object with a `type`, the name of a Keras layer, and the arguments of that layer. All layers
also have these keys:

{keys(LAYERS["Flatten"], only=("name", "inputs"))}

Shapes do not include the batch dimension: an image has the shape (height, width, channels), a row of features
(n,).

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
    """The paragraph about preprocessing in the docstring of `plan`."""
    return wrapped((plan.__doc__ or "").split("\n\n", 1)[1])


def _layer(cls: type[Layer]) -> str:
    arguments = keys(cls, without=Layer.model_fields)
    return "\n\n".join(filter(None, (f"#### {cls.__name__}", wrapped(cls.__doc__), arguments, _example(cls))))


def _example(cls: type[Layer]) -> str:
    """An example of a layer with its input shape, output shape and number of parameters."""
    shape, arguments = cls.example
    layer = {"type": cls.__name__, **arguments, **({"inputs": ["left", "right"]} if cls.merges else {})}
    made = cls.model_validate(layer)
    shapes = [shape] * (2 if cls.merges else 1)
    count = made.parameters(*shapes).total
    taken = f"two inputs {shown(shape)}" if cls.merges else shown(shape)
    holds = f", {count:,} parameters" if count else ""
    return f"Example: `{json.dumps(layer)}`: {taken} → {shown(made.output_shape(*shapes))}{holds}."


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

Abbreviations of Keras are also accepted: {short}, which is a metric only.

The default of `loss` is `{left_out[0]}` for a classification, `{left_out[1]}` for two classes with a single
sigmoid output, and `{left_out[2]}` for a regression. The default of `metrics` is {_metrics("iris")} for a
classification and {_metrics("diabetes")} for a regression.

### Optimizers

The name of an optimizer, in upper or lower case, or an object with `type` and the optimizer's arguments.

{optimizers}

### Learning-rate schedules

An object with `type` and the schedule's arguments. The initial learning rate is the optimizer's
`learning_rate`, except for PiecewiseConstantDecay, which lists all rates. A step is a batch.

{schedules}

### Early stopping

{EarlyStopping.__doc__}

{keys(EarlyStopping)}"""


def _accepted(what: str, names: Iterable[str]) -> str:
    """A table of the losses or metrics that each task accepts, determined by validating documents."""
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

The minimum iOS version for each format and each way to store weights:

{table(["weights", *(f"`{one.kind}`" for one in formats)], rows)}

A `minimum_ios` below that of a requested format is an error. The version of an ML program depends on
`minimum_ios`; a neural network is always written for iOS 13.

### Updatable

{wrapped(Updatable.__doc__)}

{keys(Updatable)}"""


def _oldest(one: DocumentFormat, weights: Weights) -> str:
    first = one.oldest(weights)
    return f"iOS {first}" if first else "not possible"


def _limits() -> str:
    return f"""## Limits

These limits are checked before training starts:

- size of a document: {MAX_BYTES // 2**20} MiB
- parameters of a network: {MAX_PARAMETERS:,}
- estimated memory for training: {MAX_MEMORY_BYTES // 2**30} GiB"""


def _listed(names: Any) -> str:
    return wrapped(", ".join(f"`{name}`" for name in get_args(names)) + ".")
