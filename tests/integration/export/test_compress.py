"""Weights in fewer bits: the file shrinks, what it holds is decoded as meant, and what is not proven is refused."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chosen import chosen, data_of, proven, with_export
from emitted import channels_first, inputs_of, tokens_of
from layer_examples import layers_of
from quickml import results
from quickml.document.formats import known
from quickml.document.layers import LAYERS
from quickml.document.layers.layer import Example
from quickml.errors import VerificationError
from quickml.model import TrainedModel
from untrained import plan_of, randomise, untrained

SOFTMAX = {"type": "Dense", "units": 10, "activation": "softmax", "name": "out"}
NETWORKS = {
    "cnn": (
        {"type": "Conv2D", "filters": 16, "kernel_size": 3, "activation": "relu", "name": "first"},
        {"type": "BatchNormalization"},
        {"type": "Conv2D", "filters": 24, "kernel_size": 3, "activation": "relu", "name": "second"},
        {"type": "Flatten"},
        SOFTMAX,
    ),
    "mlp": (
        {"type": "Flatten"},
        {"type": "Dense", "units": 50, "activation": "tanh", "name": "first"},
        {"type": "Dense", "units": 40, "activation": "tanh", "name": "second"},
        SOFTMAX,
    ),
}
FORMS = [
    (kind, form)
    for kind in ("mlmodel", "mlpackage")
    for form in known()[kind].first_ios
    if form not in ("float32", "float16")
]


@pytest.fixture(scope="module", params=NETWORKS)
def network(request) -> TrainedModel:
    return untrained(plan_of(*NETWORKS[request.param], dataset="digits"))


@pytest.fixture(scope="module")
def cnn() -> TrainedModel:
    return untrained(plan_of(*NETWORKS["cnn"], dataset="digits"))


def written(trained: TrainedModel, kind, form, folder):
    return chosen(with_export(trained, weights=form), kind, folder)[0]


def size(path: Path) -> int:
    return results.described(path).size_bytes


@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_every_form_is_smaller_and_proven(network, kind, form, tmp_path):
    one, (told, *_) = chosen(with_export(network, weights=form), kind, tmp_path)
    parity = proven(network, one)
    assert parity.reference == "decompressed"
    assert parity.tolerance <= 1e-3
    assert parity.largest_difference < 1e-5
    assert told.size_bytes == size(one.path)
    assert told.float32_bytes == size(one.uncompressed)
    saved = {"int4": 0.5, "palettized-4": 0.5, "pruned": 0.2, "palettized-8": 0.2}.get(form, 0.35)
    assert told.size_bytes < (1 - saved) * told.float32_bytes


@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_the_same_model_gives_the_same_bytes(cnn, kind, form, tmp_path):
    rows = [results.described(written(cnn, kind, form, tmp_path / name).path) for name in ("one", "two")]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("kind", ["mlmodel", "mlpackage"])
def test_what_is_only_read_stays_as_it_is(cnn, kind, tmp_path):
    """coremltools rewrites the manifest of a package that it opens."""
    from quickml.export.coreml import package
    from quickml.export.coreml.compress import compress, decompress

    (tmp_path / "small").mkdir()
    (tmp_path / "back").mkdir()
    full = package.write(cnn, kind, tmp_path, ios=16)
    before = results.described(full)
    small = compress(full, "int8", tmp_path / "small")
    compressed = results.described(small)
    decompress(small, tmp_path / "back")
    assert results.described(full) == before
    assert results.described(small) == compressed


@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_the_file_says_the_same_about_itself(cnn, kind, form, tmp_path):
    from quickml.export.coreml.reading.describe import describe
    from quickml.export.coreml.reading.files import read

    one = written(cnn, kind, form, tmp_path)
    small, full = describe(read(one.path)), describe(read(one.uncompressed))
    assert small.minimum_ios == full.minimum_ios == str(known()[kind].first_ios[form])
    for part in ("inputs", "outputs", "labels", "short_description", "user_defined", "author"):
        assert getattr(small, part) == getattr(full, part)


@pytest.mark.parametrize("kind", ["mlmodel", "mlpackage"])
def test_the_forms_that_were_tried_are_kept_and_their_flips_are_counted(cnn, kind, tmp_path):
    from quickml.export.compilation import Compilation
    from quickml.export.runtime import Runtime

    (tmp_path / "result").mkdir()
    run = Compilation(
        trained=with_export(cnn, weights="auto", max_accuracy_drop=0),
        data=data_of(cnn),
        keras_file=tmp_path / "model.keras",
        folder=tmp_path / "result",
        variants=tmp_path / "result" / "variants",
        scratch=tmp_path / "scratch",
    )
    format = known()[kind]
    told = list(format.write(run))
    one = run.core_ml[kind]
    assert list(one.tried) == told
    assert len(told) > 2
    before = cnn.predictions.argmax(axis=1)
    for event, flips in zip(told, one.flips, strict=True):
        path = one.path if event.taken else one.variants[event.weights]
        assert (flips.weights, flips.taken, flips.artifact) == (event.weights, event.taken, event.artifact)
        assert event.artifact == path.name
        assert size(path) == event.size_bytes
        runtime = Runtime.load(path)
        labels = [runtime.labels.index(label) for label in cnn.plan.info.labels]
        after = runtime.outputs(run.data.x_test)[:, labels].argmax(axis=1)
        assert flips.samples.tolist() == np.flatnonzero(after != before).tolist()
        assert flips.labels.tolist() == after[after != before].tolist()
        assert event.flips == len(flips.samples)
    assert sum(event.flips for event in told) > 0
    kept = {event.weights for event in told if not event.taken} | {"float32"}
    kept -= {one.weights}
    assert set(one.variants) == kept
    names = {f"model.{form}.{kind}" for form in kept}
    zips = {f"{name}.zip" for name in names if kind == "mlpackage"}
    assert {path.name for path in run.variants.iterdir()} == names | zips
    assert format.verify(one.path, run).file == f"model.{kind}"


def stored(path: Path) -> dict[str, str]:
    """How a neural network keeps the weights of each layer."""
    from quickml.export.coreml.reading import nnweights
    from quickml.export.coreml.reading.files import read

    model = read(path).model
    found = {}
    for layer in getattr(model, model.WhichOneof("Type")).layers:
        params = getattr(layer, layer.WhichOneof("layer"))
        for field, value in params.ListFields():
            if field.message_type and field.message_type.name == "WeightParams":
                found[f"{layer.name}/{field.name}"] = nnweights.kind(value)
    return found


def test_only_matrices_are_compressed(cnn, tmp_path):
    kept = stored(written(cnn, "mlmodel", "int4", tmp_path).path)
    packed = {name for name, kind in kept.items() if kind == "int4 linear"}
    assert {name.split("/")[1] for name in packed} == {"weights"}
    assert len(packed) == 2, "the first convolution, of 144 numbers, gains too little"
    assert {kind for name, kind in kept.items() if name not in packed} == {"float32"}


@pytest.mark.parametrize(
    ("kind", "form"), [("mlmodel", "int4"), ("mlpackage", "int4"), ("mlpackage", "pruned")]
)
def test_what_scales_raw_features_keeps_its_digits(kind, form, tmp_path):
    """Thirty means and deviations are a matrix to nobody, however few bits the rest has."""
    layers = (
        {"type": "Dense", "units": 64, "activation": "tanh"},
        {"type": "Dense", "units": 2, "activation": "softmax"},
    )
    trained = untrained(
        plan_of(*layers, dataset="breast_cancer", export={"weights": form, "formats": [kind]})
    )
    weights = {
        **trained.weights,
        "normalization": {"mean": np.full(30, 40_000.5, np.float32), "variance": np.ones(30, np.float32)},
    }
    far = dataclasses.replace(trained, weights=weights)
    one = written(far, kind, form, tmp_path)
    from quickml.export.verify import answers

    labels = trained.plan.info.labels
    inputs = (trained.probe.inputs + np.float32(40_000.5)).astype(np.float32)
    small, full = (answers(path, inputs, labels) for path in (one.path, one.uncompressed))
    assert np.abs(full - full.mean(axis=0)).max() > 0.05, "the features still tell samples apart"
    assert (small.argmax(axis=1) == full.argmax(axis=1)).mean() > 0.8


def test_small_layers_that_would_grow_are_left_alone(tmp_path):
    layers = (
        {"type": "Dense", "units": 16, "activation": "relu"},
        {"type": "Dense", "units": 3, "activation": "softmax"},
    )
    trained = untrained(plan_of(*layers))
    for kind, form in FORMS:
        one, told = chosen(with_export(trained, weights=form), kind, tmp_path / kind / form)
        assert [event.type for event in told] == ["compressed", "warning"]
        assert f"no layer is large enough to gain from {form} weights" in told[1].message
        assert told[0].weights == one.weights == "float32"
        assert told[0].size_bytes == told[0].float32_bytes
        assert proven(trained, one).reference == "trained"


@pytest.mark.parametrize("units", [7, 31, 33, 37, 40, 64, 97])
def test_int4_of_any_width(units, tmp_path):
    """Blocks of 32 do not divide every layer."""
    layers = (
        {"type": "Flatten"},
        {"type": "Dense", "units": units, "activation": "tanh"},
        {"type": "Dense", "units": 60, "activation": "tanh"},
        SOFTMAX,
    )
    trained = untrained(plan_of(*layers, dataset="digits"))
    one = written(trained, "mlpackage", "int4", tmp_path)
    assert proven(trained, one).largest_difference < 1e-5
    assert size(one.path) < size(one.uncompressed)


# What is damaged


def damaged_mlmodel(path: Path) -> None:
    """One entry of one lookup table."""
    from quickml.export.coreml.reading.files import read

    model = read(path).model
    for layer in model.neuralNetworkClassifier.layers:
        if layer.WhichOneof("layer") == "innerProduct":
            layer.innerProduct.weights.quantization.lookupTableQuantization.floatValue[5] += 0.5
    path.write_bytes(model.SerializeToString())


def damaged_package(path: Path) -> None:
    """One entry of one lookup table, found by its numbers."""
    (blob,) = path.rglob("weight.bin")
    content = bytearray(blob.read_bytes())
    numbers = np.frombuffer(bytes(content[: len(content) // 4 * 4]), "<f4")
    runs = [at for at in range(0, len(numbers) - 16, 16) if (np.diff(numbers[at : at + 16]) > 0).all()]
    tables = [at for at in runs if 0.01 < np.abs(numbers[at : at + 16]).max() < 100]
    content[tables[-1] * 4 + 20 : tables[-1] * 4 + 24] = np.float32(numbers[tables[-1] + 5] + 0.5).tobytes()
    blob.write_bytes(content)


@pytest.mark.parametrize(("kind", "damage"), [("mlmodel", damaged_mlmodel), ("mlpackage", damaged_package)])
def test_one_changed_entry_of_a_table_is_caught(cnn, kind, damage, tmp_path):
    one = written(cnn, kind, "palettized-4", tmp_path)
    assert proven(cnn, one).largest_difference < 1e-5
    damage(one.path)
    with pytest.raises(VerificationError, match="expected the outputs of its decompressed weights"):
        proven(cnn, one)


@pytest.mark.parametrize("kind", ["mlmodel", "mlpackage"])
def test_a_wrong_model_is_caught_however_well_it_is_compressed(cnn, kind, tmp_path):
    kernel = cnn.weights["second"]["kernel"].copy()
    kernel[1, 2, 0, 3] += 0.3
    wrong = dataclasses.replace(
        cnn, weights={**cnn.weights, "second": {**cnn.weights["second"], "kernel": kernel}}
    )
    one = written(wrong, kind, "int8", tmp_path)
    with pytest.raises(VerificationError, match="expected the outputs of the trained model"):
        proven(cnn, one)


@pytest.mark.parametrize("kind", ["mlmodel", "mlpackage"])
def test_a_decoder_that_errs_is_caught(cnn, kind, tmp_path, monkeypatch):
    from quickml.export.coreml.reading import nnweights
    from quickml.export.onnx import mil_constexpr

    one = written(cnn, kind, "palettized-6", tmp_path)
    codes, unpack = nnweights._codes, mil_constexpr.unpack
    monkeypatch.setattr(nnweights, "_codes", lambda *given: codes(*given) ^ 1)
    monkeypatch.setattr(mil_constexpr, "unpack", lambda *given: unpack(*given) ^ 1)
    with pytest.raises(VerificationError):
        proven(cnn, one)


# What it costs


def test_what_is_told_is_what_the_file_does(cnn, tmp_path):
    from quickml.export.runtime import Runtime

    truth = np.random.default_rng(0).integers(0, 10, 256).astype(np.int32)
    told_truth = dataclasses.replace(cnn, probe=dataclasses.replace(cnn.probe, truth=truth))
    one, (event, *_) = chosen(with_export(told_truth, weights="int4"), "mlmodel", tmp_path)
    runtime = Runtime.load(one.path)
    said = [
        int(max(range(10), key=lambda label: runtime.outputs(sample[None])[0][label]))
        for sample in cnn.probe.inputs
    ]
    trained = cnn.predictions.argmax(axis=1)
    assert event.accuracy == np.mean(said == truth)
    assert event.label_agreement == np.mean(said == trained)
    assert event.drop == pytest.approx(np.mean(trained == truth) - np.mean(said == truth))
    assert event.mean_absolute_error is None
    assert event.taken


def test_a_regression_is_measured_by_its_error(tmp_path):
    from quickml.export.verify import answers

    layers = ({"type": "Dense", "units": 100, "activation": "tanh"}, {"type": "Dense", "units": 1})
    trained = untrained(plan_of(*layers, dataset="diabetes", export={"weights": "int4"}))
    truth = (trained.probe.truth + 1).astype(np.float32)
    trained = dataclasses.replace(trained, probe=dataclasses.replace(trained.probe, truth=truth))
    one, (event, *_) = chosen(trained, "mlpackage", tmp_path)
    error = np.abs(answers(one.path, trained.probe.inputs, ())[:, 0] - truth).mean()
    assert event.mean_absolute_error == pytest.approx(error, rel=1e-5)
    assert event.drop == pytest.approx(error / np.abs(trained.predictions[:, 0] - truth).mean() - 1, rel=1e-4)
    assert (event.accuracy, event.label_agreement, event.flips) == (None, None, None)
    assert one.flips == ()
    assert set(one.variants) == {"float32"}


def test_weights_that_change_many_answers_are_worth_a_warning(cnn, tmp_path):
    pruned = with_export(cnn, weights="pruned", sparsity=0.95)
    _, (event, warning) = chosen(pruned, "mlpackage", tmp_path)
    assert event.label_agreement < 0.99
    assert warning.pointer == "/export/weights"
    assert f"gives {1 - event.label_agreement:.1%} of the test samples another label" in warning.message


def test_sparsity_is_the_share_of_zeros(cnn, tmp_path):
    sizes = []
    for sparsity in (0.5, 0.75):
        one, _ = chosen(
            with_export(cnn, weights="pruned", sparsity=sparsity), "mlpackage", tmp_path / str(sparsity)
        )
        sizes.append(size(one.path))
    matrices = sum(weights["kernel"].size for weights in cnn.weights.values() if "kernel" in weights)
    assert sizes[0] - sizes[1] == pytest.approx(matrices * 4 * 0.25, rel=0.05)


# auto


@pytest.fixture(scope="module", params=["mlmodel", "mlpackage"])
def every_form(request, cnn, tmp_path_factory):
    """A format, and what is told of each form of weights in it."""
    folder, rows = tmp_path_factory.mktemp(request.param), {}
    for form in known()[request.param].first_ios:
        if form != "float32":
            _, (rows[form], *_) = chosen(with_export(cnn, weights=form), request.param, folder / form)
    return request.param, rows


@pytest.mark.parametrize("most", [0.0, 0.01, 0.1, 0.5])
def test_auto_takes_the_smallest_that_holds(cnn, every_form, most, tmp_path):
    kind, rows = every_form
    one, told = chosen(with_export(cnn, weights="auto", max_accuracy_drop=most), kind, tmp_path / "auto")
    holding = {form: row.size_bytes for form, row in rows.items() if row.drop <= most}
    best = min(holding, key=holding.get, default="float32")
    assert one.weights == best
    tried = [event for event in told if event.type == "compressed"]
    assert [event.taken for event in tried] == [False] * (len(tried) - 1) + [True]
    assert [event.size_bytes for event in tried] == sorted(event.size_bytes for event in tried)
    assert tried[-1].drop <= most
    assert all(event.drop > most for event in tried[:-1])
    proven(cnn, one)


def test_auto_keeps_to_the_oldest_system(cnn, tmp_path):
    from quickml.export.coreml.reading.describe import describe
    from quickml.export.coreml.reading.files import read

    for ios, worst in ((15, "float16"), (16, "palettized-4")):
        auto = with_export(cnn, weights="auto", minimum_ios=ios, max_accuracy_drop=0.99)
        one, _ = chosen(auto, "mlpackage", tmp_path / str(ios))
        assert one.weights == worst
        assert describe(read(one.path)).minimum_ios == str(ios)


def test_auto_falls_back_on_float32(cnn, tmp_path, monkeypatch):
    """Every smaller form loses too much here, and float16 is not even verified."""
    from quickml.export import verify
    from quickml.export.coreml import choose

    steady = choose.measure

    def worse(file, *given, **options):
        quality = steady(file, *given, **options)
        return (
            dataclasses.replace(quality, drop=quality.drop + 1)
            if "float" not in file.parent.name
            else quality
        )

    monkeypatch.setattr(choose, "measure", worse)
    monkeypatch.setitem(verify.TOLERANCE, "float16", 0.0)
    one, told = chosen(with_export(cnn, weights="auto"), "mlpackage", tmp_path)
    assert one.weights == "float32"
    assert one.path == one.uncompressed
    assert len([event for event in told if event.type == "compressed"]) == len(known()["mlpackage"].first_ios)
    assert proven(cnn, one).reference == "trained"


def test_auto_where_nothing_gets_smaller(tmp_path):
    trained = untrained(plan_of({"type": "Dense", "units": 3, "activation": "softmax"}))
    one, (event, *more) = chosen(with_export(trained, weights="auto"), "mlmodel", tmp_path)
    assert one.weights in ("float32", "float16")
    assert event.taken
    assert not more


# Parts


numbers = st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=300)


@settings(deadline=None, derandomize=True)
@given(numbers, st.integers(1, 8))
def test_each_number_gets_the_nearest_entry(values, bits):
    from quickml.export.coreml.compress.palette import palette

    given = np.asarray(values, np.float32)
    table, codes = palette(given, bits)
    assert table.shape == (1 << bits,)
    assert table.dtype == np.float32
    distance = np.abs(given.astype(np.float64)[:, None] - table)
    assert np.allclose(distance[np.arange(len(given)), codes], distance.min(axis=1), rtol=1e-5, atol=0)
    if len(set(values)) <= 1 << bits:
        assert np.array_equal(table[codes], given)


@pytest.mark.parametrize("bits", [4, 6, 8])
@pytest.mark.parametrize("heavy", [False, True])
def test_a_table_is_as_good_as_that_of_scikit_learn(bits, heavy):
    """coremltools' own choice: k-means++ and Lloyd."""
    from sklearn.cluster import KMeans

    from quickml.export.coreml.compress.palette import palette

    rng = np.random.default_rng(1)
    values = (rng.standard_t(3, 6000) if heavy else rng.normal(size=6000)).astype(np.float32)
    table, codes = palette(values, bits)
    theirs = KMeans(1 << bits, n_init=1, tol=1e-2, random_state=0).fit(values[:, None])
    assert np.square(values - table[codes]).sum() <= 1.1 * theirs.inertia_


def test_a_table_for_many_numbers_is_made_of_some_of_them(monkeypatch):
    from quickml.export.coreml.compress import palette as module

    values = np.random.default_rng(2).normal(size=50_000).astype(np.float32)
    errors = []
    for most in (100_000, 5_000):
        monkeypatch.setattr(module, "_MOST", most)
        table, codes = module.palette(values, 6)
        errors.append(np.square(values - table[codes]).sum())
    assert errors[0] < errors[1] < 1.05 * errors[0]


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("count", [1, 7, 8, 30])
def test_packed_numbers_are_unpacked(bits, count):
    from quickml.export.coreml.compress.network import packed
    from quickml.export.coreml.reading import nnweights

    codes = np.random.default_rng(bits).integers(0, 1 << bits, count).astype(np.uint8)
    assert np.array_equal(nnweights._codes(packed(codes, bits), bits, count), codes)


def test_the_uncompressed_file_is_not_needed_twice(cnn, tmp_path):
    """float32 asked for: one file, nothing measured, nothing told."""
    one, told = chosen(cnn, "mlmodel", tmp_path)
    assert (one.path, one.weights, told) == (one.uncompressed, "float32", [])
    assert [path for path in tmp_path.rglob("*.mlmodel") if path.is_file()] == [one.path]
    shutil.rmtree(tmp_path)


# Every layer


WITHOUT_BIAS = Example((5, 3), {"units": 4, "use_bias": False})
EXAMPLES = [*((layer, LAYERS[layer].example) for layer in LAYERS), ("LSTM", WITHOUT_BIAS)]


def example_file(layer, example, kind, folder):
    """A file of a layer's example, with random weights; what its matrices are called; and what it takes."""
    from quickml.document.shapes import walk
    from quickml.export.coreml.conversion import convert, target_of
    from quickml.export.coreml.emit import emit
    from quickml.training.build import connect
    from quickml.training.weights import weights

    shape, arguments = example
    parts = [LAYERS[part["type"]].model_validate(part) for part in layers_of(layer, arguments)]
    graph, problems = walk(parts, shape)
    assert problems == []
    model = connect(graph, "input", "float32")
    randomise(model, 3)
    found, target = weights(model), target_of(kind, 18)
    path = folder / f"model.{kind}"
    convert(emit(graph, found, input_names=("x",), opset=target), kind, target).save(str(path))
    matrices = [
        name for arrays in found.values() for name in arrays if name.endswith(("kernel", "embeddings"))
    ]
    tokens = layer == "Embedding"
    inputs = tokens_of(shape, arguments["input_dim"]) if tokens else channels_first(inputs_of(shape))
    return path, matrices, inputs


@pytest.mark.parametrize("kind", ["mlmodel", "mlpackage"])
@pytest.mark.parametrize(
    ("layer", "example"), EXAMPLES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_matrices_of_every_layer_are_compressed(layer, example, kind, tmp_path, monkeypatch):
    from quickml.export.coreml.compress import compress, decompress, forms
    from quickml.export.runtime import Runtime

    monkeypatch.setattr(forms, "LEAST_SAVING", -(10**9))
    path, matrices, inputs = example_file(layer, example, kind, tmp_path)
    full = Runtime.load(path).outputs(inputs)
    for form in ("int8", "int4", "palettized-4", *(("pruned",) if kind == "mlpackage" else ())):
        folders = [tmp_path / form / name for name in ("small", "back")]
        for folder in folders:
            folder.mkdir(parents=True)
        small = compress(path, form, folders[0])
        assert bool(small) == bool(matrices), form
        if small:
            files = (small, decompress(small, folders[1]))
            compressed, back = (Runtime.load(file).outputs(inputs) for file in files)
            np.testing.assert_allclose(compressed, back, rtol=1e-5, atol=1e-5)
            if form == "int8":
                np.testing.assert_allclose(compressed, full, atol=0.05 * np.abs(full).max())


@pytest.mark.parametrize("kind", ["mlmodel", "mlpackage"])
@pytest.mark.parametrize("layer", ["LSTM", "GRU", "SimpleRNN"])
def test_what_is_carried_along_is_compressed_too(layer, kind, tmp_path):
    """Step by step, a file holds the recurrent kernel as a constant that every step takes."""
    layers = ({"type": layer, "units": 96}, {"type": "Dense", "units": 10, "activation": "softmax"})
    trained = untrained(plan_of(*layers, dataset="mnist_rows"), count=32)
    one = written(trained, kind, "int8", tmp_path)
    kernels = sum(
        array.size for array in trained.weights[layer.lower().replace("simplernn", "simple_rnn")].values()
    )
    assert size(one.uncompressed) - size(one.path) > 0.7 * 3 * kernels, "three of four bytes, but for biases"
    assert proven(trained, one).largest_difference < 1e-5
