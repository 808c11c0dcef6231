"""Random small documents: whatever validates, builds; shapes agree with Keras; both formats verify."""

import tempfile
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import rounds
from chosen import chosen, proven
from quickml.document import understand
from quickml.document.formats import known
from quickml.document.layers.layer import Activation_
from quickml.errors import DocumentError, VerificationError
from untrained import untrained

activations = st.sampled_from(Activation_.__args__)
hidden = st.sampled_from(
    [name for name in Activation_.__args__ if name != "exponential"]
)  # overflows when stacked
pairs = st.integers(1, 3) | st.lists(st.integers(1, 3), min_size=2, max_size=2)
margins = st.sampled_from(["valid", "same"])

flat_layers = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("Dense"),
            "units": st.integers(1, 12),
            "activation": hidden,
            "use_bias": st.booleans(),
        }
    ),
    st.fixed_dictionaries({"type": st.just("Dropout"), "rate": st.sampled_from([0.0, 0.5])}),
    st.fixed_dictionaries({"type": st.just("Activation"), "activation": hidden}),
    st.fixed_dictionaries(
        {"type": st.just("BatchNormalization"), "center": st.booleans(), "scale": st.booleans()}
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("ReLU"),
            "max_value": st.none() | st.sampled_from([1.0, 6.0]),
            "negative_slope": st.sampled_from([0.0, 0.2]),
            "threshold": st.sampled_from([0.0, 0.3]),
        }
    ),
    st.fixed_dictionaries({"type": st.just("LeakyReLU"), "negative_slope": st.sampled_from([0.0, 0.1, 0.3])}),
    st.fixed_dictionaries(
        {"type": st.just("Rescaling"), "scale": st.sampled_from([0.5, 2.0]), "offset": st.just(0.1)}
    ),
)
image_layers = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("Conv2D"),
            "filters": st.integers(1, 5),
            "kernel_size": pairs,
            "strides": pairs,
            "padding": margins,
            "activation": hidden,
        }
    ),
    st.fixed_dictionaries(
        {"type": st.just("Conv2D"), "filters": st.just(4), "kernel_size": pairs, "dilation_rate": pairs}
    ),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["MaxPooling2D", "AveragePooling2D"]),
            "pool_size": pairs,
            "strides": st.none() | pairs,
            "padding": margins,
        }
    ),
    st.fixed_dictionaries({"type": st.just("ZeroPadding2D"), "padding": st.integers(0, 2)}),
    st.fixed_dictionaries(
        {
            "type": st.just("DepthwiseConv2D"),
            "kernel_size": pairs,
            "strides": st.integers(1, 2),
            "padding": margins,
            "depth_multiplier": st.integers(1, 2),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("SeparableConv2D"),
            "filters": st.integers(1, 5),
            "kernel_size": pairs,
            "padding": margins,
            "activation": hidden,
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("Conv2DTranspose"),
            "filters": st.integers(1, 4),
            "kernel_size": pairs,
            "strides": st.integers(1, 2),
            "padding": margins,
            "output_padding": st.none() | st.integers(0, 1),
        }
    ),
    st.fixed_dictionaries({"type": st.just("Cropping2D"), "cropping": st.integers(0, 2)}),
    st.fixed_dictionaries(
        {
            "type": st.just("UpSampling2D"),
            "size": st.just(2),
            "interpolation": st.sampled_from(["nearest", "bilinear"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("Resizing"),
            "height": st.integers(1, 12),
            "width": st.integers(1, 12),
            "interpolation": st.sampled_from(["nearest", "bilinear"]),
        }
    ),
    st.fixed_dictionaries({"type": st.just("GroupNormalization"), "groups": st.sampled_from([-1, 1, 2])}),
    st.fixed_dictionaries({"type": st.just("PReLU"), "shared_axes": st.none() | st.just([1, 2])}),
    st.fixed_dictionaries({"type": st.sampled_from(["ELU", "RandomFlip"])}),
    st.fixed_dictionaries({"type": st.just("SpatialDropout2D"), "rate": st.just(0.3)}),
    st.fixed_dictionaries({"type": st.just("GaussianNoise"), "stddev": st.just(0.1)}),
    st.fixed_dictionaries({"type": st.just("BatchNormalization"), "axis": st.sampled_from([-1, 1, 2, 3])}),
    st.fixed_dictionaries({"type": st.just("Softmax"), "axis": st.sampled_from([-1, 1, 2])}),
    st.fixed_dictionaries({"type": st.just("Activation"), "activation": hidden}),
    st.fixed_dictionaries({"type": st.just("Dropout"), "rate": st.just(0.3)}),
)
bounded = st.sampled_from(["tanh", "sigmoid", "hard_sigmoid", "softsign", "relu6", "softmax"])
recurrent = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["LSTM", "GRU"]),
            "units": st.integers(1, 6),
            "activation": st.just("tanh") | bounded,
            "recurrent_activation": st.just("sigmoid") | bounded,
            "use_bias": st.booleans(),
            "return_sequences": st.just(True),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("GRU"),
            "units": st.integers(1, 6),
            "reset_after": st.just(False),
            "return_sequences": st.just(True),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("SimpleRNN"),
            "units": st.integers(1, 6),
            "activation": bounded,
            "return_sequences": st.just(True),
        }
    ),
)
small = st.integers(1, 3)
sequence_layers = st.one_of(
    st.builds(lambda layer, back: {**layer, "go_backwards": back}, recurrent, st.booleans()),
    st.fixed_dictionaries(
        {
            "type": st.just("Bidirectional"),
            "layer": recurrent,
            "merge_mode": st.sampled_from(["concat", "sum", "mul", "ave"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("Conv1D"),
            "filters": st.integers(1, 5),
            "kernel_size": small,
            "strides": small,
            "padding": st.sampled_from(["valid", "same", "causal"]),
            "activation": hidden,
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["MaxPooling1D", "AveragePooling1D"]),
            "pool_size": small,
            "strides": st.none() | small,
            "padding": margins,
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("MultiHeadAttention"),
            "num_heads": small,
            "key_dim": small,
            "value_dim": st.none() | small,
            "use_causal_mask": st.booleans(),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("TimeDistributed"),
            "layer": st.fixed_dictionaries({"type": st.just("Dense"), "units": small, "activation": hidden}),
        }
    ),
    st.fixed_dictionaries({"type": st.just("Dense"), "units": st.integers(1, 6), "activation": hidden}),
    st.fixed_dictionaries({"type": st.just("Permute"), "dims": st.just([2, 1])}),
    st.fixed_dictionaries({"type": st.just("ZeroPadding1D"), "padding": small}),
    st.fixed_dictionaries({"type": st.just("SpatialDropout1D"), "rate": st.just(0.3)}),
    st.fixed_dictionaries(
        {
            "type": st.just("LayerNormalization"),
            "axis": st.sampled_from([-1, 1, [1, 2]]),
            "scale": st.booleans(),
        }
    ),
    st.fixed_dictionaries({"type": st.just("BatchNormalization")}),
)
MERGES = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"]
bridges = st.sampled_from(["Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Reshape"])


@st.composite
def image_documents(draw):
    layers = draw(st.lists(image_layers, max_size=4))
    if draw(st.booleans()):
        layers += [
            {"type": "Conv2D", "filters": 3, "kernel_size": 1, "name": "left"},
            {"type": "Activation", "activation": "tanh", "name": "right"},
            {"type": draw(st.sampled_from(MERGES)), "inputs": ["left", "right"]},
        ]
    bridge = draw(bridges)
    layers.append({"type": bridge, **({"target_shape": [-1]} if bridge == "Reshape" else {})})
    layers += draw(st.lists(flat_layers, max_size=2))
    layers.append({"type": "Dense", "units": 10, "activation": "softmax"})
    return document(layers, "digits", draw)


@st.composite
def flat_documents(draw):
    dataset = draw(st.sampled_from(["iris", "circles", "diabetes", "breast_cancer"]))
    layers = draw(st.lists(flat_layers, max_size=4))
    if dataset == "circles" and draw(st.booleans()):
        end = {"type": "Dense", "units": 1, "activation": "sigmoid"}
    else:
        units = {"iris": 3, "circles": 2, "breast_cancer": 2, "diabetes": 1}[dataset]
        end = {"type": "Dense", "units": units, "activation": "linear" if units == 1 else "softmax"}
    return document([*layers, end], dataset, draw)


@st.composite
def sequence_documents(draw):
    dataset = draw(st.sampled_from(["waves", "adding", "brackets"]))
    layers = [{"type": "Embedding", "input_dim": 3, "output_dim": 4}] if dataset == "brackets" else []
    layers += draw(st.lists(sequence_layers, min_size=1, max_size=3))
    layers.append(
        {"type": draw(st.sampled_from(["Flatten", "GlobalAveragePooling1D", "GlobalMaxPooling1D"]))}
    )
    units = {"waves": 4, "adding": 1, "brackets": 2}[dataset]
    layers.append({"type": "Dense", "units": units, "activation": "linear" if units == 1 else "softmax"})
    return document(layers, {"name": dataset, "steps": 16}, draw)


def document(layers, dataset, draw):
    weights = draw(st.sampled_from(["float32"] * 4 + list(known()["mlpackage"].first_ios)))
    return {"name": "random", "dataset": dataset, "model": {"layers": layers}, "export": {"weights": weights}}


def check(doc):
    from quickml.export.coreml.compress import forms
    from quickml.export.verify import TOLERANCE
    from quickml.training.build import build

    try:
        plan = understand(doc)
    except DocumentError:
        return  # said to be wrong before anything was built: its own tests hold that
    model = build(plan, "float32")
    for node in plan.graph.nodes:
        layer = model.get_layer(node.name)
        assert layer.output.shape[1:] == node.output_shape
        assert layer.count_params() == node.parameters.total
    trained = untrained(plan, count=32)
    every = patch.object(forms, "LEAST_SAVING", -(10**9))  # small layers are compressed too
    with tempfile.TemporaryDirectory() as folder, every:
        for kind in plan.document.export.formats:
            one, _ = chosen(trained, kind, Path(folder) / kind)
            assert one.weights == plan.document.export.weights
            try:
                proven(trained, one)
            except (
                VerificationError
            ) as error:  # random weights in float16: two classes may tie, numbers may not
                assert plan.document.export.weights == "float16"
                assert error.figures["largest_difference"] <= TOLERANCE["float16"]


slow = settings(
    max_examples=rounds.choose(few=6, full=40),
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a network takes a second to build: no shrinking
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@slow
@given(image_documents())
def test_networks_for_pictures(doc):
    check(doc)


@slow
@given(flat_documents())
def test_networks_for_features(doc):
    check(doc)


@slow
@given(sequence_documents())
def test_networks_for_sequences(doc):
    check(doc)
