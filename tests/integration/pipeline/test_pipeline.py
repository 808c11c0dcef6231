"""From a document to a verified folder, in this process: every dataset, and SculptML documents of every kind."""

import copy
import json

import pytest

from quickml import pipeline
from quickml.datasets.builtin import BUILT_IN, images
from quickml.document import understand
from quickml.errors import TrainingError, VerificationError
from quickml.estimate import TrainingWork
from sculptml_documents import DOCUMENTS, TRAINED_IN_2018

PICTURES = [
    {"type": "Conv2D", "filters": 4, "kernel_size": 3, "strides": 2, "activation": "relu"},
    {"type": "Flatten"},
]
LSTM = [{"type": "LSTM", "units": 8}]
FIRST = {
    "image": PICTURES,
    "features": [{"type": "Dense", "units": 8, "activation": "relu"}],
    "sequence": LSTM,
    "tokens": [{"type": "Embedding", "input_dim": 3, "output_dim": 4}, *LSTM],
}
DRAWN = {
    "image": "<img src=",
    "features": "<td",
    "sequence": '<svg class="steps"',
    "tokens": '<p class="words"',
}
"""How the page shows what a model got wrong."""


def run(document, folder):
    """All events, by type."""
    told = list(pipeline.run(understand(document), folder))
    return {event.type: event for event in told}


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_dataset_trains_and_verifies(name, tmp_path):
    if name == "fashion_mnist" and not images.DEBIAN.is_dir():
        pytest.skip("Fashion-MNIST is not on this machine, and tests fetch nothing")
    large = (*(name for name in BUILT_IN if "mnist" in name), "waves", "adding", "brackets")
    options = {"num_samples": 400} if name in large else {}
    dataset = BUILT_IN[name](**options).info()
    end = {"type": "Dense", "units": dataset.outputs}
    if dataset.labels:
        end["activation"] = "softmax"
    layers = [*(LSTM if name == "mnist_rows" else FIRST[dataset.kind]), end]
    document = {
        "name": name,
        "dataset": {"name": name, **options},
        "model": {"layers": layers},
        "training": {
            "epochs": 2,
            "optimizer": {"type": "Adam", "learning_rate": 0.01},
            "validation_fraction": 0.1,
        },
    }
    told = run(document, tmp_path / "result")
    assert all(parity.largest_difference < 1e-4 for parity in told["verified"].parity)
    page = (tmp_path / "result" / "report.html").read_text(encoding="utf-8")
    gallery = page.split("<h2>Most confident" if dataset.labels else "<h2>Largest errors")[1].split("<h2>")[0]
    assert "every test sample was classified correctly" in gallery or DRAWN[dataset.kind] in gallery
    report = json.loads((tmp_path / "result" / "report.json").read_text())
    train, test = understand(document).info.sizes
    counts = report["dataset"]
    assert (counts["train"] + counts["validation"], counts["test"]) == (train, test)
    assert "val_loss" in report["history"][0]
    work = TrainingWork.from_json(report["work"])
    assert work is not None
    assert work.epochs == len(report["history"])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_sculptml_documents_of_every_kind_train(name, tmp_path):
    document = copy.deepcopy(DOCUMENTS[name])
    if document["dataset"]["name"] == "MNIST":  # the classic network, on fewer pictures
        document["dataset"].update(epochs=1, num_samples=300)
    told = run(document, tmp_path / "result")
    assert told["trained"].epochs == understand(document).document.training.epochs
    assert len(told["verified"].parity) == 2


@pytest.mark.parametrize("name", ["layers at the root", "regularizers by name", "rates of 1 and more"])
def test_sculptml_documents_with_values_of_2018_train(name, tmp_path):
    told = run(TRAINED_IN_2018[name], tmp_path / "result")
    assert len(told["verified"].parity) == 2


def test_two_classes_by_one_sigmoid_are_learned(tmp_path):
    document = {
        "name": "circles",
        "dataset": {"name": "circles", "noise": 0.05},
        "model": {
            "layers": [
                {"type": "Dense", "units": 16, "activation": "relu"},
                {"type": "Dense", "units": 1, "activation": "sigmoid"},
            ]
        },
        "training": {"epochs": 60, "optimizer": {"type": "Adam", "learning_rate": 0.02}},
        "export": {"weights": "float16"},
    }
    told = run(document, tmp_path / "result")
    assert told["trained"].metrics["accuracy"] > 0.95
    assert told["verified"].parity[0].accuracy > 0.95


def test_a_regression_is_learned_in_its_own_unit(tmp_path):
    document = {
        "name": "diabetes",
        "dataset": "diabetes",
        "model": {
            "layers": [{"type": "Dense", "units": 16, "activation": "relu"}, {"type": "Dense", "units": 1}]
        },
        "training": {"epochs": 40, "optimizer": {"type": "SGD", "learning_rate": 0.01}},
    }
    told = run(document, tmp_path / "result")
    assert told["trained"].metrics["mean_absolute_error"] < 55, "always saying the mean is off by 66"


def test_a_verification_that_fails_leaves_no_folder(tmp_path, monkeypatch):
    from quickml.export.coreml import package

    original = package.emit

    def wrong(graph, weights, **options):
        shifted = {
            name: {key: value + 0.1 for key, value in layer.items()} for name, layer in weights.items()
        }
        return original(graph, shifted, **options)

    monkeypatch.setattr(package, "emit", wrong)
    document = {
        "name": "wrong",
        "dataset": "iris",
        "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
        "training": {"epochs": 2},
    }
    with pytest.raises(VerificationError, match="expected the outputs of the trained model"):
        run(document, tmp_path / "result")
    assert list(tmp_path.iterdir()) == []


def test_branches_train_and_verify(tmp_path):
    document = {
        "name": "branches",
        "dataset": "digits",
        "model": {
            "layers": [
                {"type": "Conv2D", "filters": 4, "kernel_size": 3, "padding": "same", "name": "left"},
                {"type": "Conv2D", "filters": 4, "kernel_size": 1, "name": "right", "inputs": ["input"]},
                {"type": "Add", "inputs": ["left", "right"], "name": "sum"},
                {"type": "Concatenate", "inputs": ["sum", "left"]},
                {"type": "BatchNormalization"},
                {"type": "GlobalAveragePooling2D"},
                {"type": "Dense", "units": 10, "activation": "softmax"},
            ]
        },
        "training": {"epochs": 2},
    }
    assert len(run(document, tmp_path / "result")["verified"].parity) == 2


def test_the_same_scaled_value_added_to_itself(tmp_path):
    """TensorFlow's rewriting of this sum once gave a loop that returned nothing."""
    document = {
        "name": "twice",
        "dataset": "digits",
        "model": {
            "layers": [
                {"type": "Normalization", "mean": 1, "variance": 2, "invert": True, "name": "n"},
                {"type": "Add", "inputs": ["n", "n"]},
                {"type": "Flatten"},
                {"type": "Dense", "units": 10, "activation": "softmax"},
            ]
        },
        "training": {"epochs": 1},
    }
    assert len(run(document, tmp_path / "result")["verified"].parity) == 2


def test_a_model_that_went_astray_in_its_last_step(tmp_path):
    document = {
        "name": "astray",
        "dataset": "diabetes",
        "model": {"layers": [{"type": "Dense", "units": 4}] * 12 + [{"type": "Dense", "units": 1}]},
        "training": {"epochs": 1, "batch_size": 1000, "optimizer": {"type": "SGD", "learning_rate": 1e6}},
    }
    with pytest.raises(TrainingError, match="diverged"):
        run(document, tmp_path / "result")
    assert list(tmp_path.iterdir()) == []
