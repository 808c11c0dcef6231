"""SculptML documents of every kind that the format's description names."""


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
