"""A Core ML file with the weights that a document asks for, made of a model with random weights."""

import dataclasses

from quickml.datasets.data import Data
from quickml.model import TrainedModel


def with_export(trained: TrainedModel, **export) -> TrainedModel:
    """The same weights under another export."""
    spec = trained.plan.document
    changed = spec.model_copy(update={"export": spec.export.model_copy(update=export)})
    return dataclasses.replace(trained, plan=dataclasses.replace(trained.plan, document=changed))


def data_of(trained: TrainedModel) -> Data:
    """The probe as the test set: what a file is measured on."""
    probe = trained.probe
    return Data(x_train=probe.inputs, y_train=probe.truth, x_test=probe.inputs, y_test=probe.truth)


def chosen(trained: TrainedModel, kind, folder):
    """What `choose` gives, and all that it tells."""
    from quickml.document.formats import known
    from quickml.export.coreml.choose import choose

    told, steps = [], choose(trained, data_of(trained), known()[kind], folder)
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return end.value, told


def proven(trained: TrainedModel, one):
    """How the file compares."""
    from quickml.export.coreml.proof import prove

    return prove(one, trained.probe, trained.plan.info.labels)
