"""Random small documents: whatever validates, builds; shapes agree with Keras; both formats verify."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from quickml.errors import SpecError, VerificationError
from quickml.spec import understand
from quickml.spec.layers.layer import Activation_
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
    st.fixed_dictionaries({"type": st.just("BatchNormalization"), "axis": st.sampled_from([-1, 1, 2, 3])}),
    st.fixed_dictionaries({"type": st.just("Softmax"), "axis": st.sampled_from([-1, 1, 2])}),
    st.fixed_dictionaries({"type": st.just("Activation"), "activation": hidden}),
    st.fixed_dictionaries({"type": st.just("Dropout"), "rate": st.just(0.3)}),
)
bridges = st.sampled_from(["Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Reshape"])


@st.composite
def image_documents(draw):
    layers = draw(st.lists(image_layers, max_size=4))
    if draw(st.booleans()):
        layers += [
            {"type": "Conv2D", "filters": 3, "kernel_size": 1, "name": "left"},
            {"type": "Activation", "activation": "tanh", "name": "right"},
            {"type": draw(st.sampled_from(["Add", "Concatenate"])), "inputs": ["left", "right"]},
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


def document(layers, dataset, draw):
    weights = draw(st.sampled_from(["float32", "float32", "float16"]))
    return {"name": "random", "dataset": dataset, "model": {"layers": layers}, "export": {"weights": weights}}


def check(doc):
    from quickml.coreml.package import write
    from quickml.coreml.verify import TOLERANCE, verify
    from quickml.training.build import build

    try:
        plan = understand(doc)
    except SpecError:
        return  # said to be wrong before anything was built: its own tests hold that
    model = build(plan, "float32")
    for node in plan.graph.nodes:
        layer = model.get_layer(node.name)
        assert layer.output.shape[1:] == node.output_shape
        assert layer.count_params() == node.parameters.total
    trained = untrained(plan, count=32)
    with tempfile.TemporaryDirectory() as folder:
        for kind in plan.spec.export.formats:
            path = write(trained, kind, Path(folder))
            try:
                verify(path, trained.probe, plan.dataset.labels, plan.spec.export.weights)
            except (
                VerificationError
            ) as error:  # random weights in float16: two classes may tie, numbers may not
                assert plan.spec.export.weights == "float16"
                assert error.figures["largest_difference"] <= TOLERANCE["float16"]


slow = settings(
    max_examples=15,
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
