"""SculptML documents of every kind that the format's description names."""

import json


def mnist() -> dict:
    return {
        "__info__": {"note": "to the reader"},
        "model": {
            "model_name": "mnist_cnn",
            "num_layers": 8,
            "optimizer": "Adadelta",
            "input_layer": {"dim": "(28, 28, 1)"},
            "layer_0": {
                "layer": "Conv2DLyr", "filters": 32, "kernel_size": "(3,3)", "stride": "(1,1)", "padding": "valid",
                "dilation_rate": "(1, 1)", "activation": "relu", "use_bias": True, "dim": "(0, 0, 0)",
                "kernal_initializer": "glorot_uniform",
            },
            "layer_1": {"layer": "Conv2DLyr", "filters": 64, "kernel_size": "(3,3)", "activation": "relu"},
            "layer_2": {"layer": "MaxPooling2DLyr", "pool_size": "(2,2)", "stride:": "(2,2)"},
            "layer_3": {"layer": "DropoutLyr", "rate": 0.25},
            "layer_4": {"layer": "FlattenLyr"},
            "layer_5": {"layer": "DenseLyr", "units": 128, "activation": "relu"},
            "layer_6": {"layer": "DropoutLyr", "rate": 0.5},
            "layer_7": {"layer": "DenseLyr", "units": 10, "activation": "softmax"},
        },
        "dataset": {
            "name": "MNIST", "info": "handwritten digits", "batch_size": 128, "epochs": 12,
            "metrics": ["accuracy"], "loss": "categorical_crossentropy", "data_split": 0.8,
            "img_rows": 28, "img_cols": 28, "num_classes": 10,
        },
    }  # fmt: skip


def iris(**dataset) -> dict:
    return {
        "model": {
            "model_name": "iris", "num_layers": 2, "optimizer": "Adam", "input_layer": {"dim": "(0, 0, 4)"},
            "layer_0": {"layer": "DenseLyr", "units": 16, "activation": "relu"},
            "layer_1": {"layer": "DenseLyr", "units": 3, "activation": "softmax"},
        },
        "dataset": {"name": "Iris", "batch_size": "16", "epochs": "5", "loss": "categorical_crossentropy", **dataset},
    }  # fmt: skip


def circles(*layers, **dataset) -> dict:
    return {
        "model": {
            "model_name": "circles", "num_layers": len(layers), "optimizer": "adam",
            "input_layer": {"dim": "(2)"}, **{f"layer_{index}": layer for index, layer in enumerate(layers)},
        },
        "dataset": {
            "name": "Circles", "epochs": 3, "num_samples": 200, "inner_radius": 0.4, "data_split": 0.8, **dataset,
        },
    }  # fmt: skip


def small_mnist(*layers, dim="(28, 28, 1)", optimizer="Adadelta") -> dict:
    return {
        "model": {
            "model_name": "small", "num_layers": len(layers), "optimizer": optimizer,
            "input_layer": {"dim": dim}, **{f"layer_{index}": layer for index, layer in enumerate(layers)},
        },
        "dataset": {"name": "mnist", "epochs": 1, "batch_size": 100, "num_samples": 1000},
    }  # fmt: skip


RELU = {"layer": "DenseLyr", "units": 8, "activation": "relu"}

DOCUMENTS = {
    "the classic network": mnist(),
    "iris": iris(),
    "iris with a dim in brackets": {**iris(), "__info__": "x", "info": "y"},
    "circles, two outputs": circles(RELU, {"layer": "DenseLyr", "units": 2, "activation": "softmax"}),
    "circles, one sigmoid": circles(RELU, {"layer": "DenseLyr", "units": 1, "activation": "sigmoid"}),
    "softmax on a last Dropout": circles(RELU, {"layer": "DropoutLyr", "rate": 0.1, "activation": "softmax"}),
    "softmax on a last hidden layer": circles({**RELU, "activation": "softmax"}),
    "softmax on a lone Flatten": circles({"layer": "FlattenLyr", "activation": "softmax"}),
    "batch normalisation": circles(
        RELU, {
            "layer": "BatchNormalizationLyr", "axis": -1, "momentum": 0.9, "epsilon": 0.001,
            "beta_initializer": "zeros", "center": "True",
        },
        {"layer": "DenseLyr", "units": 2, "activation": "softmax"},
    ),
    "flat input, reshaped by a FlattenLyr": small_mnist(
        {"layer": "FlattenLyr", "dim": "(28, 28, 1)"},
        {"layer": "Conv2DLyr", "filters": "4", "kernel_size": "(3, 3)", "stride": "(2, 2)", "padding": "SAME"},
        {"layer": "MaxPooling2DLyr", "pool_size": "(2, 2)", "stride": "(2, 2)", "padding": "same"},
        {"layer": "FlattenLyr"},
        {"layer": "DenseLyr", "units": 10, "activation": "softmax"},
        dim="(784)",
    ),
    "reshaped, and no Flatten before the last Dense": small_mnist(
        {"layer": "ReshapeLyr", "dim": "(14, 56, 1)"},
        {"layer": "Conv2DLyr", "filters": 4, "kernel_size": "(5,5)", "stride": "(3,3)", "activation": "tanh"},
        {"layer": "DenseLyr", "units": "10", "activation": "softmax"},
        optimizer="SGD",
    ),
    "an optimizer nobody has": small_mnist(
        {"layer": "FlattenLyr"}, {"layer": "DenseLyr", "units": 10, "activation": "softmax"}, optimizer="Ftrl"
    ),
}  # fmt: skip


def at_the_root(**others) -> dict:
    """Until October 2018: without `model`."""
    return {
        "__info__": "to the reader", "model_name": "Test-v0", "num_layers": 1, "loss": "binary_crossentropy",
        "optimizer": "rmsprop", "input_layer": {"dim": "(4)"},
        "layer_0": {"layer": "DenseLyr", "units": 3, "activation": "softmax"}, **others,
    }  # fmt: skip


def regularized(*regularizers) -> dict:
    return circles(*({**RELU, "kernel_regularizer": one} for one in regularizers))


def dropping(rate) -> dict:
    return circles(RELU, {"layer": "DropoutLyr", "rate": rate}, {"layer": "DenseLyr", "units": 2})


IRIS = {"name": "Iris", "metrics": ["accuracy"], "epochs": 1}

TRAINED_IN_2018 = {
    "layers at the root": at_the_root(dataset=IRIS),
    "layers at the root, no dataset": at_the_root(),
    "layers at the root, of images": {**mnist()["model"], "loss": "mse", "dataset": mnist()["dataset"]},
    "layers at the root, one more than counted": at_the_root(
        layer_0=RELU, layer_1={"layer": "DenseLyr", "units": "num_classes", "activation": "softmax"}
    ),
    "a shape that no dataset has": at_the_root(input_layer={"dim": "(6, 9)"}, layer_0={"layer": "FlattenLyr"}),
    "a shape with the number of samples": at_the_root(input_layer={"dim": "(150, 4)"}, dataset=IRIS),
    "a last layer of one unit": at_the_root(layer_0={**RELU, "units": 1, "activation": "softmax"}, dataset=IRIS),
    "an inner radius above the outer one": circles(RELU, inner_radius=10),
    "too few samples": circles(RELU, num_samples=5),
    "regularizers by name": regularized("l1", "l2", "l1_l2", "L1L2"),
    "regularizers of Keras 2": regularized(
        {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.02}}, {"l1": "0.1"}, "unknown", {"config": 3}
    ),
    "rates of 1 and more": dropping(1.0),
    "rates above 1": dropping(1.5),
    "rates below 0": dropping(-0.5),
    "a FlattenLyr whose dim does not fit": small_mnist({"layer": "FlattenLyr", "dim": "(7, 7, 7)"}),
    "null": iris(batch_size=None, data_split=None),
    "an optimizer as an object": {
        **iris(), "model": {**iris()["model"], "optimizer": {"class_name": "SGD", "config": {"lr": 0.1, "decay": 0.1}}}
    },
    "further metrics": iris(metrics=["accuracy", "mae", "top_k_categorical_accuracy"]),
    "a percentage": iris(data_split=80),
    "types of layers as names": circles({"name": "DenseLyr", "units": 2}),
}  # fmt: skip
"""Documents that SculptML trained, or built, with values that are no longer valid."""

TEXT = json.dumps(iris())
ODD = {
    "repeated keys": TEXT.replace('"units": 16', '"units": 99, "units": 16'),
    "NaN in an ignored key": TEXT.replace("{", '{"__info__": NaN, ', 1),
    "depth in an ignored key": TEXT.replace("{", '{"info": ' + "[" * 200 + "]" * 200 + ", ", 1),
    "more depth": TEXT.replace("{", '{"info": ' + '{"a": ' * 700 + "1" + "}" * 700 + ", ", 1),
    "halves of surrogate pairs": TEXT.replace("{", '{"__info__": "\\ud800", "\\udfff": 1, ', 1),
    "a number of 5,000 digits": TEXT.replace("{", '{"info": 1' + "0" * 5000 + ", ", 1),
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16 without a mark": TEXT.encode("utf-16-be"),
    "UTF-32": TEXT.encode("utf-32"),
    "a byte order mark": TEXT.encode("utf-8-sig"),
}
"""Texts that Python's parser took in 2018, although they are not JSON, or only just."""
