"""Epochs of a document, trained by QuickML or by Keras' `fit`, one whenever a line comes in.

    python benchmarks/epochs.py {quickml|fit} DOCUMENT PRECISION EPOCHS

`against_reference.py examples` runs both and lets them train in turn. `fit` trains the network of the
document with Keras' own layers and optimizer. Prints the seconds of each epoch; the first one, which includes
tracing, comes before `ready`.
"""

import json
import sys
import time
from pathlib import Path

from quickml.datasets import load
from quickml.document import Plan, read
from quickml.events import EpochEnded

MOST_SAMPLES = 12_000


def plan_of(path: Path, precision: str, epochs: int) -> Plan:
    """The plan of a document, with fewer pictures, and at least one epoch more than are asked for."""
    document = json.loads(path.read_text())
    training = document.get("training", {})
    least = max(training.get("epochs", 10), epochs + 1)
    document["training"] = {**training, "precision": precision, "epochs": least, "max_seconds": None}
    document["training"].pop("early_stopping", None)
    if str(document["dataset"]).find("mnist") >= 0:
        given = document["dataset"]
        given = {"name": given} if isinstance(given, str) else given
        document["dataset"] = {**given, "num_samples": MOST_SAMPLES}
    return read(json.dumps(document).encode())


class Turns:
    """Waits for a line before each epoch but the first, and tells the seconds after it."""

    def __init__(self) -> None:
        self._began: float | None = None

    def ended(self) -> None:
        print("ready" if self._began is None else time.perf_counter() - self._began, flush=True)
        if not sys.stdin.readline():
            sys.exit()
        self._began = time.perf_counter()


def by_quickml(plan: Plan) -> None:
    from quickml.training.train import train

    turns = Turns()
    for event in train(plan, load(plan.document.dataset)):
        if isinstance(event, EpochEnded):
            turns.ended()


def by_fit(plan: Plan) -> None:
    from quickml.training.backend import keras
    from quickml.training.build import build
    from quickml.training.normalize import measure
    from quickml.training.optimizer import make_optimizer
    from quickml.training.precision import choose
    from quickml.training.set_aside import set_aside

    turns, training, data = Turns(), plan.document.training, load(plan.document.dataset)
    learn, check = set_aside(plan, data.y_train)
    model = build(plan, choose(plan))
    measure(plan, model, data.x_train, data.y_train, learn)
    inputs = data.x_train.astype("float32")
    targets = data.y_train if plan.info.labels else data.y_train.astype("float32")
    loss = training.loss
    if loss == "categorical_crossentropy":
        loss = "sparse_categorical_crossentropy"
    steps = training.epochs * -(-len(learn) // training.batch_size)
    model.compile(optimizer=make_optimizer(training, steps), loss=loss, metrics=list(training.metrics or ()))
    told = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: turns.ended())
    model.fit(
        inputs[learn], targets[learn], batch_size=training.batch_size, epochs=training.epochs, verbose=0,
        validation_data=(inputs[check], targets[check]) if len(check) else None, callbacks=[told],
    )  # fmt: skip


def main() -> None:
    which, path, precision, epochs = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    {"quickml": by_quickml, "fit": by_fit}[which](plan_of(path, precision, epochs))


if __name__ == "__main__":
    main()
