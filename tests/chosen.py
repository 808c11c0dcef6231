"""A Core ML file with the weights that a document asks for, made of a model with random weights."""

import dataclasses

from quickml.datasets.data import Data
from quickml.training.trained import Trained


def with_export(trained: Trained, **export) -> Trained:
    """The same weights under another export."""
    spec = trained.plan.spec
    changed = spec.model_copy(update={"export": spec.export.model_copy(update=export)})
    return dataclasses.replace(trained, plan=dataclasses.replace(trained.plan, spec=changed))


def data_of(trained: Trained) -> Data:
    """The probe as the test set: what a file is measured on."""
    probe = trained.probe
    return Data(x_train=probe.inputs, y_train=probe.truth, x_test=probe.inputs, y_test=probe.truth)


def chosen(trained: Trained, kind, folder):
    """What `choose` gives, and all that it tells."""
    from quickml.coreml.choose import choose

    told, steps = [], choose(trained, data_of(trained), kind, folder)
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return end.value, told


def proven(trained: Trained, one):
    """How the file compares."""
    from quickml.coreml.prove import prove

    return prove(one, trained.probe, trained.plan.dataset.labels)
