"""Small sound Core ML files of every kind, for fuzz.py to damage: `python tests/support/fuzz_seeds.py FOLDER`."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

from networks import GRAYSCALE, RGB, Maker, fill, normal
from pipelines import classifier, encoder, imputer, part, piped, saved, vectorizer
from programs import convert, ct, mb

LABELS = ["a", "b", "c"]


def old_network(folder: Path) -> None:
    """iOS 11: an image, a scale, shapes of five axes, half-precision weights."""
    maker = Maker("neuralNetworkClassifier").image("photo", 8, 8, RGB)
    maker.network.preprocessing.add().scaler.channelScale = 1 / 255
    maker.layer(
        "convolution", "photo", "c", outputChannels=4, kernelChannels=3, kernelSize=[3, 3], stride=[2, 1],
        same={}, hasBias=True, weights=normal(4, 3, 3, 3), bias=normal(4),
    )  # fmt: skip
    maker.layer("batchnorm", "c", "n", channels=4, gamma=np.ones(4), beta=np.ones(4), mean=np.ones(4), variance=np.ones(4))  # fmt: skip
    maker.layer("activation", "n", "r", PReLU={"alpha": normal(4)})
    maker.layer("pooling", "r", "p", type=1, kernelSize=[2, 2], stride=[2, 2], includeLastPixel={})
    maker.layer("upsample", "p", "u", scalingFactor=[2, 2])
    maker.layer("lrn", "u", "l", alpha=0.1, beta=0.75, localSize=3)
    maker.layer("padding", "l", "q", constant={"value": 1.0})
    maker.layer("flatten", "q", "f", mode=1)
    product = maker.layer("innerProduct", "f", "s", inputChannels=4 * 4 * 8, outputChannels=3)
    product.weights.float16Value = normal(3, 128).astype(np.float16).tobytes()
    maker.layer("softmax", "s", "probs")
    described(maker)
    maker.save(folder)


def described(maker: Maker) -> None:
    description = maker.model.description
    description.output.add(name="probs").type.dictionaryType.stringKeyType.SetInParent()
    description.output.add(name="label").type.stringType.SetInParent()
    description.predictedFeatureName, description.predictedProbabilitiesName = "label", "probs"
    maker.network.stringClassLabels.vector.extend(LABELS)


def quantized_network(folder: Path) -> None:
    """Linear with a scale for each channel, and a table."""
    maker = Maker("neuralNetworkClassifier").image("photo", 6, 6, GRAYSCALE)
    conv = maker.layer("convolution", "photo", "c", outputChannels=4, kernelChannels=1, kernelSize=[3, 3], valid={})  # fmt: skip
    conv.weights.rawValue = bytes(range(36))
    fill(conv.weights.quantization, {"numberOfBits": 8, "linearQuantization": {"scale": [0.1] * 4, "bias": [0.0] * 4}})  # fmt: skip
    maker.layer("flatten", "c", "f")
    product = maker.layer("innerProduct", "f", "s", inputChannels=64, outputChannels=3)
    product.weights.rawValue = bytes(96)
    fill(product.weights.quantization, {"numberOfBits": 4, "lookupTableQuantization": {"floatValue": [0.5] * 16}})  # fmt: skip
    maker.layer("softmax", "s", "probs")
    described(maker)
    maker.save(folder)


def recurrent_network(folder: Path) -> None:
    maker = Maker(version=4, exact=True).array("x", 3, 1, 2, 1, 1).output("y")
    weights: dict[str, Any] = {}
    for gate in ("inputGate", "forgetGate", "blockInput", "outputGate"):
        weights |= {f"{gate}WeightMatrix": normal(4, 2), f"{gate}RecursionMatrix": normal(4, 4), f"{gate}BiasVector": normal(4)}  # fmt: skip
    lstm = maker.layer(
        "uniDirectionalLSTM", "x", "h hn cn", inputVectorSize=2, outputVectorSize=4, weightParams=weights,
        params={"sequenceOutput": True, "hasBiasVectors": True},
    )  # fmt: skip
    kinds = {"update": (4, 4), "reset": (4, 4), "output": (4, 4)}
    gates = {f"{name}Gate{part}": normal(*size) for name, size in kinds.items() for part in ("WeightMatrix", "RecursionMatrix")}  # fmt: skip
    gru = maker.layer("gru", "h", "g gn", inputVectorSize=4, outputVectorSize=4, sequenceOutput=True, **gates)
    for params, names in ((lstm, ("sigmoid", "tanh", "tanh")), (gru, ("sigmoid", "tanh"))):
        for name in names:
            getattr(params.activations.add(), name).SetInParent()
    maker.layer(
        "simpleRecurrent", "g", "s sn", inputVectorSize=4, outputVectorSize=2, weightMatrix=normal(2, 4),
        recursionMatrix=normal(2, 2), activation={"tanh": {}},
    )  # fmt: skip
    maker.layer("squeeze", "s", "y", squeezeAll=True)
    maker.save(folder)


def exact_network(folder: Path) -> None:
    """Layers of iOS 13 and 14, as coremltools writes them."""

    def body(x: Any) -> Any:
        y = mb.transpose(x=mb.relu(x=x), perm=[0, 2, 1])
        y = mb.concat(values=[y, mb.tile(x=y, reps=[1, 1, 2])], axis=2)
        y = mb.slice_by_index(x=y, begin=[0, 1, 0], end=[1, 4, 9], stride=[1, 1, 2])
        y = mb.layer_norm(x=y, axes=[-1], gamma=normal(5), beta=normal(5))
        y = mb.pad(x=y, pad=[1, 1], constant_val=2.0)
        y = mb.gather(x=y, indices=np.int32([2, 0, 1]), axis=1)
        one, two = mb.split(x=y, split_sizes=[3, 4], axis=2)
        scattered = mb.scatter(data=one, indices=np.int32([1]), updates=normal(1, 1, 3), axis=1, mode="add")
        y = mb.matmul(x=mb.reshape(x=scattered, shape=[3, 3]), y=mb.reshape(x=two, shape=[3, 4]))
        return mb.topk(x=mb.cumsum(x=mb.softmax(x=y, axis=-1), axis=1), k=2, axis=1, name="y")[0]

    convert(body, (1, 3, 4), folder, "neuralnetwork")


def picture(x: Any) -> Any:
    y = mb.conv(x=x, weight=normal(4, 1, 3, 3), bias=normal(4), pad_type="same", strides=[2, 2])
    y = mb.max_pool(x=mb.relu(x=y), kernel_sizes=[2, 2], strides=[1, 1], pad_type="custom", pad=[1, 0, 0, 1])
    y = mb.conv_transpose(x=y, weight=normal(4, 2, 2, 2), pad_type="valid", strides=[2, 2])
    y = mb.upsample_bilinear(x=y, scale_factor_height=2, scale_factor_width=1, align_corners=False)
    y = mb.batch_norm(x=y, mean=normal(2), variance=np.ones(2, np.float32), gamma=normal(2), beta=normal(2))
    y = mb.reduce_mean(x=y, axes=[2], keep_dims=False)
    y = mb.reshape(x=mb.transpose(x=y, perm=[0, 2, 1]), shape=(1, 16))
    return mb.softmax(x=mb.linear(x=y, weight=normal(3, 16), bias=normal(3)), axis=-1, name="probs")


def program(folder: Path) -> None:
    image = ct.ImageType(name="x", shape=(1, 1, 8, 8), scale=1 / 255, color_layout=ct.colorlayout.GRAYSCALE)
    convert(
        picture, (1, 1, 8, 8), folder, inputs=[image], classifier_config=ct.ClassifierConfig(LABELS),
        compute_precision=ct.precision.FLOAT16,
    )  # fmt: skip


def recurrent_program(folder: Path) -> None:
    def body(x: Any) -> Any:
        zeros = np.zeros((1, 4), np.float32)
        y = mb.lstm(
            x=x, initial_h=zeros, initial_c=zeros, weight_ih=normal(16, 2), weight_hh=normal(16, 4),
            bias=normal(16), output_sequence=True,
        )[0]  # fmt: skip
        y = mb.gru(x=y, initial_h=zeros, weight_ih=normal(12, 4), weight_hh=normal(12, 4), bias=normal(12))[0]
        return mb.squeeze(x=y, axes=[0, 1], name="y")

    convert(body, (3, 1, 2), folder)


def compressed_program(folder: Path) -> None:
    """int8, a table, int4 in blocks, and pruned: each on a layer of its own."""
    opt = ct.optimize.coreml

    def body(x: Any) -> Any:
        for name in ("int8", "table", "blocks", "sparse"):
            x = mb.linear(x=x, weight=normal(16, 16), name=name)
        return x

    made = folder / "plain"
    made.mkdir()
    path = convert(body, (1, 16), made, target=ct.target.iOS18)
    model = ct.models.MLModel(str(path), skip_model_load=True)
    configs = [
        (opt.linear_quantize_weights, "int8", opt.OpLinearQuantizerConfig(weight_threshold=0)),
        (opt.palettize_weights, "table", opt.OpPalettizerConfig(mode="uniform", nbits=4, weight_threshold=0)),
        (
            opt.linear_quantize_weights,
            "blocks",
            opt.OpLinearQuantizerConfig(
                dtype="int4", granularity="per_block", block_size=4, weight_threshold=0
            ),
        ),
        (opt.prune_weights, "sparse", opt.OpMagnitudePrunerConfig(target_sparsity=0.5, weight_threshold=0)),
    ]
    for compress, name, config in configs:
        model = compress(model, opt.OptimizationConfig(op_name_configs={name: config}))
    model.save(str(folder / "model.mlpackage"))


def table_program(folder: Path) -> None:
    """One value per column, as QuickML writes the files of tables."""
    from quickml.datasets.columns import feature_names
    from quickml.datasets.info import DatasetInfo
    from quickml.export.coreml.package import save
    from quickml.export.coreml.pipeline import INNER, wrapped
    from tables import COLUMNS, WIDTH

    def body(x: Any) -> Any:
        y = mb.linear(x=mb.reshape(x=x, shape=(1, WIDTH)), weight=normal(40, WIDTH), bias=normal(40))
        return mb.reshape(x=mb.linear(x=mb.relu(x=y), weight=normal(1, 40)), shape=(1,), name=INNER)

    made = folder / "plain"
    made.mkdir()
    model = ct.models.MLModel(str(convert(body, (WIDTH,), made)), skip_model_load=True)
    info = DatasetInfo(
        name="t", title="t", source="t", task="regression", shape=(WIDTH,), sizes=(1, 1), columns=COLUMNS,
        feature_names=feature_names(COLUMNS),
    )  # fmt: skip
    save(wrapped(model.get_spec(), info, "prediction"), model.weights_dir, folder / "model.mlpackage")


def linear_model(folder: Path) -> None:
    """Imputers, an encoder that refuses, a scaler, a normalizer and a classifier."""
    scaler = part("scaler", {"x": (6,)}, {"x": (6,)})
    scaler.scaler.shiftValue.extend([1, 2, 3, 4, 5, 6])
    scaler.scaler.scaleValue.append(0.5)
    words = part("dictVectorizer", {"w": "labels"}, {"counts": (2,)})
    words.dictVectorizer.stringToIndex.vector.extend(["good", "bad"])
    model = piped(
        {"a": "double", "c": "string", "n": "int64", "w": "labels"}, {"label": "string", "shares": "labels"},
        imputer("a", "double", "imputedDoubleValue", 4, "replaceDoubleValue", float("nan")),
        imputer("n", "int64", "imputedInt64Value", 3, "replaceInt64Value", 0),
        encoder("c", ["a", "b"], ignore=False),
        words, vectorizer({"a_filled": "double", "c_places": (2,), "n_filled": "int64", "counts": (2,)}),
        scaler, part("normalizer", {"x": (6,)}, {"x": (6,)}),
        classifier([[1.0, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]], [0, 1], LABELS), kind="pipelineClassifier",
    )  # fmt: skip
    saved(model, folder)


SEEDS = {
    make.__name__: make
    for make in (
        old_network, quantized_network, recurrent_network, exact_network, program, recurrent_program,
        compressed_program, table_program, linear_model,
    )
}  # fmt: skip


def main() -> None:
    for name, make in SEEDS.items():
        inside = Path(sys.argv[1]) / name
        inside.mkdir()
        with contextlib.redirect_stdout(sys.stderr):
            make(inside)


if __name__ == "__main__":
    main()
