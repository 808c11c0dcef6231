"""Reading Core ML files: sound ones described, damaged and hostile ones refused, quickly and in our words."""

from __future__ import annotations

import functools
import json
import os
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quickml.errors import CoreMLError, CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading import files, proto
from quickml.export.coreml.reading.blobs import BlobFile
from quickml.export.coreml.reading.describe import describe
from quickml.export.coreml.reading.files import read
from quickml.export.onnx import translate
from quickml.export.runtime import Runtime

RNG = np.random.default_rng(23)
FLOAT16, FLOAT32, INT32, STRING = 10, 11, 23, 2
CODES = {"float16": 1, "float32": 2, "uint8": 3, "int8": 4, "int16": 6, "uint16": 7, "int4": 8, "uint4": 11,
         "uint3": 12, "uint6": 13, "int32": 14, "uint32": 15}  # fmt: skip


def blob(*contents: tuple[str, bytes]) -> tuple[bytes, list[int]]:
    """A blob file and the offset of each record in it."""
    data = struct.pack("<II", len(contents), 2).ljust(64, b"\0")
    offsets = []
    for kind, content in contents:
        offsets.append(len(data))
        data += struct.pack("<IIQQ", 0xDEADBEEF, CODES[kind], len(content), len(data) + 64).ljust(64, b"\0")
        data += content + b"\0" * (-len(content) % 64)
    return data, offsets


def tensor_type(value_type: Any, kind: int, *shape: int) -> None:
    value_type.tensorType.dataType = kind
    value_type.tensorType.rank = len(shape)
    for size in shape:
        value_type.tensorType.dimensions.add().constant.size = size


def program(offset: int, shape: tuple[int, ...] = (2, 3), kind: int = FLOAT32) -> Any:
    """`y = linear(x, weight)` with the weight in the blob file."""
    model = proto.new_model()
    model.specificationVersion = 6
    for features, name, size in ((model.description.input, "x", 3), (model.description.output, "y", 2)):
        array = features.add(name=name).type.multiArrayType
        array.shape.extend((1, size))
        array.dataType = 65568
    function = model.mlProgram.functions["main"]
    function.opset = "CoreML5"
    tensor_type(function.inputs.add(name="x").type, FLOAT32, 1, 3)
    block = function.block_specializations["CoreML5"]
    block.outputs.append("y")
    constant = block.operations.add(type="const")
    tensor_type(constant.outputs.add(name="w").type, kind, *shape)
    value = constant.attributes["val"]
    tensor_type(value.type, kind, *shape)
    value.blobFileValue.fileName, value.blobFileValue.offset = "@model_path/weights/weight.bin", offset
    linear = block.operations.add(type="linear")
    linear.inputs["x"].arguments.add(name="x")
    linear.inputs["weight"].arguments.add(name="w")
    tensor_type(linear.outputs.add(name="y").type, FLOAT32, 1, 2)
    return model


def package(folder: Path, model: Any, weights: bytes | None, manifest: Any = None) -> Path:
    path = folder / "made.mlpackage"
    data = path / "Data" / "com.apple.CoreML"
    (data / "weights").mkdir(parents=True)
    (data / "model.mlmodel").write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    if weights is not None:
        (data / "weights" / "weight.bin").write_bytes(weights)
    entry = {"path": "com.apple.CoreML/model.mlmodel", "author": "com.apple.CoreML"}
    manifest = manifest or {"rootModelIdentifier": "A", "itemInfoEntries": {"A": entry}}
    (path / "Manifest.json").write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))
    return path


WEIGHT = np.asarray([[1, 2, 3], [4, 5, 6]], dtype=np.float32)


@functools.cache
def network() -> bytes:
    """A small network with enough of everything for damage to hit."""
    model = proto.new_model()
    model.specificationVersion = 1
    image = model.description.input.add(name="image").type.imageType
    image.width, image.height, image.colorSpace = 8, 8, 10
    model.description.output.add(name="probs").type.dictionaryType.stringKeyType.SetInParent()
    model.description.predictedProbabilitiesName = "probs"
    model.description.metadata.author = "nobody"
    network = model.neuralNetworkClassifier
    network.stringClassLabels.vector.extend("abc")
    network.preprocessing.add().scaler.channelScale = 0.5
    conv = network.layers.add(name="c", input=["image"], output=["c"]).convolution
    conv.outputChannels, conv.kernelChannels, conv.hasBias = 2, 1, True
    conv.kernelSize.extend((3, 3))
    conv.same.SetInParent()
    conv.weights.floatValue.extend([0.5] * 18)
    conv.bias.floatValue.extend([1.0, 2.0])
    pool = network.layers.add(name="p", input=["c"], output=["p"]).pooling
    pool.kernelSize.extend((2, 2))
    pool.stride.extend((2, 2))
    pool.valid.SetInParent()
    network.layers.add(name="f", input=["p"], output=["f"]).flatten.SetInParent()
    product = network.layers.add(name="d", input=["f"], output=["d"]).innerProduct
    product.inputChannels, product.outputChannels = 32, 3
    product.weights.float16Value = np.ones(96, np.float16).tobytes()
    network.layers.add(name="s", input=["d"], output=["probs"]).softmax.SetInParent()
    return bytes(model.SerializeToString())


def save(folder: Path, content: bytes, name: str = "made.mlmodel") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refused(path: Path, match: str = "", within_s: float = 1.0) -> str:
    started = time.process_time()
    with pytest.raises(CoreMLFileError, match=match) as caught:
        Runtime.load(path)
    assert time.process_time() - started < within_s
    return str(caught.value)


# --- sound files -----------------------------------------------------------------------------------------


def test_read_and_describe_a_network(tmp_path: Path) -> None:
    path = save(tmp_path, network())
    file = read(path)
    assert (file.kind, file.type, file.size_bytes) == ("mlmodel", "neuralNetworkClassifier", len(network()))
    about = describe(file)
    assert (about.specification_version, about.minimum_ios, about.author) == (1, "11", "nobody")
    (image,) = about.inputs
    assert (image.name, image.kind, image.shape, image.color_space) == (
        "image",
        "image",
        (8, 8, 1),
        "GRAYSCALE",
    )
    assert (about.outputs[0].kind, about.outputs[0].data_type) == ("dictionary", "string to double")
    assert about.labels == ("a", "b", "c")
    assert [(one.name, one.type, one.parameters) for one in about.layers] == [
        ("c", "convolution", 20), ("p", "pooling", 0), ("f", "flatten", 0), ("d", "innerProduct", 96),
        ("s", "softmax", 0),
    ]  # fmt: skip
    assert (about.parameters, about.weight_types) == (116, ("float16", "float32"))
    assert json.loads(json.dumps(about.to_dict())) == about.to_dict()


def test_read_and_run_a_package(tmp_path: Path) -> None:
    weights, (offset,) = blob(("float32", WEIGHT.tobytes()))
    path = package(tmp_path, program(offset), weights)
    file = read(path)
    assert (file.kind, file.type) == ("mlpackage", "mlProgram")
    assert file.size_bytes == sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    np.testing.assert_allclose(Runtime.load(path).run({"x": np.float32([1, 10, 100])})["y"], [[321, 654]])
    about = describe(file)
    assert (about.minimum_ios, about.parameters, about.weight_types) == ("15", 6, ("float32",))
    assert [(one.name, one.type, one.shape) for one in about.layers] == [("y", "linear", (1, 2))]


@pytest.mark.parametrize(
    ("version", "ios"), [(2, "11.2"), (3, "12"), (4, "13"), (5, "14"), (9, "18"), (10, "26"), (99, "")]
)
def test_minimum_ios(version: int, ios: str, tmp_path: Path) -> None:
    model = proto.new_model()
    model.ParseFromString(network())
    model.specificationVersion = version
    assert describe(read(save(tmp_path, model.SerializeToString()))).minimum_ios == ios


def test_other_kinds_are_described_and_not_run(tmp_path: Path) -> None:
    tree = proto.new_model()
    tree.specificationVersion = 1
    tree.description.input.add(name="age").type.doubleType.SetInParent()
    tree.description.output.add(name="kind").type.int64Type.SetInParent()
    tree.treeEnsembleClassifier.int64ClassLabels.vector.extend((3, 5))
    for number in range(3):
        tree.treeEnsembleClassifier.treeEnsemble.nodes.add(treeId=number // 2, nodeId=number)
    path = save(tmp_path, tree.SerializeToString())
    about = describe(read(path))
    assert (about.type, about.labels, about.inputs[0].kind) == ("treeEnsembleClassifier", (3, 5), "double")
    assert [(one.name, one.parameters) for one in about.layers] == [("tree 0", 2), ("tree 1", 1)]
    with pytest.raises(
        UnsupportedModelError, match=r"made\.mlmodel: expected .* found the type treeEnsembleClassifier"
    ):
        Runtime.load(path)

    pipeline = proto.new_model()
    pipeline.specificationVersion = 1
    inner = pipeline.pipelineClassifier.pipeline
    inner.models.add().ParseFromString(network())
    inner.models.add().CopyFrom(tree)
    inner.names.extend(("eyes", "mind"))
    about = describe(read(save(tmp_path, pipeline.SerializeToString())))
    assert (about.type, about.labels) == ("pipelineClassifier", (3, 5))
    assert [(one.name, one.type, one.parameters) for one in about.layers] == [
        ("eyes", "neuralNetworkClassifier", 116), ("mind", "treeEnsembleClassifier", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "kind", [field.name for field in proto.new_model().DESCRIPTOR.oneofs_by_name["Type"].fields]
)
def test_no_kind_of_model_breaks_a_description(kind: str, tmp_path: Path) -> None:
    model = proto.new_model()
    model.specificationVersion = 3
    getattr(model, kind).SetInParent()
    assert describe(read(save(tmp_path, model.SerializeToString()))).type == kind


# --- the blob file -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["float16", "float32", "uint8", "int8", "int16", "uint16", "int32", "uint32"]
)
def test_blobs(kind: str) -> None:
    values = np.asarray([1, 2, 100, 7]).astype(kind)
    data, offsets = blob(("uint8", b"\1\2\3"), (kind, values.tobytes()))
    found = BlobFile.open(data).array(offsets[1], kind, 4)
    np.testing.assert_array_equal(found, values)
    assert found.dtype == kind


def test_blobs_of_less_than_a_byte() -> None:
    # From the lowest bit on: 0x21 is 1 then 2; 0xF8 is -8 then -1 in two's complement.
    data, offsets = blob(
        ("uint4", b"\x21\x0f"), ("int4", b"\xf8\x07"), ("uint3", b"\xd1\x58"), ("uint6", b"\x41\x20\x0c")
    )
    open_blob = BlobFile.open(data)
    assert open_blob.array(offsets[0], "uint4", 3).tolist() == [1, 2, 15]
    assert open_blob.array(offsets[1], "int4", 3).tolist() == [-8, -1, 7]
    bits = "".join(f"{byte:08b}"[::-1] for byte in b"\xd1\x58")
    assert open_blob.array(offsets[2], "uint3", 5).tolist() == [
        int(bits[3 * i : 3 * i + 3][::-1], 2) for i in range(5)
    ]
    assert open_blob.array(offsets[3], "uint6", 4).tolist() == [1, 1, 2, 3]


def test_blobs_are_checked(tmp_path: Path) -> None:
    data, (offset,) = blob(("float32", WEIGHT.tobytes()))
    found = BlobFile.open(data)
    for place in (0, 1, 65, 128, 129, 2**63, len(data) - 64):
        with pytest.raises(CoreMLFileError):
            found.array(place, "float32", 6)
    with pytest.raises(CoreMLFileError, match="expected float16 weights, found float32"):
        found.array(offset, "float16", 6)
    with pytest.raises(CoreMLFileError, match="7 elements of float32 take 28 bytes, found 24"):
        found.array(offset, "float32", 7)
    for start, length in ((2**63, 24), (128, 2**63), (len(data), 24), (2**64 - 8, 24)):
        broken = bytearray(data)
        struct.pack_into("<QQ", broken, offset + 8, length, start)
        with pytest.raises(CoreMLFileError, match="exceed the weights"):
            BlobFile.open(bytes(broken)).array(offset, "float32", 6)
    for content in (b"", b"\0" * 63, b"\0" * 64):
        with pytest.raises(CoreMLFileError):
            BlobFile.open(content)
        with pytest.raises(CoreMLFileError):
            BlobFile.open(save(tmp_path, content, "weight.bin"))


# --- damage ------------------------------------------------------------------------------------------------


def test_no_file(tmp_path: Path) -> None:
    refused(tmp_path / "absent.mlmodel", "absent.mlmodel: no such file")
    refused(tmp_path, "expected a Core ML package, found a folder without Manifest.json")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, b"a text\n" * 40, b"PK\x03\x04" + b"\0" * 50]
)
def test_other_files(content: bytes, tmp_path: Path) -> None:
    refused(save(tmp_path, content), "made.mlmodel")


def tolerated(path: Path) -> bool:
    """Read, describe and translate a file; a failure must be ours, and quick."""
    started = time.process_time()
    try:
        file = read(path)
        describe(file)
        translate(file)
    except CoreMLError:
        return False
    finally:
        assert time.process_time() - started < 1
    return True


def test_every_truncation_is_refused_in_our_words(tmp_path: Path) -> None:
    content = network()
    sound = [end for end in range(0, len(content)) if tolerated(save(tmp_path, content[:end]))]
    assert not sound


def test_damaged_bytes_end_in_our_errors(tmp_path: Path) -> None:
    """Flipped bytes may leave a sound file, but nothing may end in another exception."""
    weights, (offset,) = blob(("float32", WEIGHT.tobytes()))
    made = package(tmp_path, program(offset), weights)
    message = made / "Data" / "com.apple.CoreML" / "model.mlmodel"
    for content, path, target in (
        (network(), tmp_path / "made.mlmodel", None),
        (message.read_bytes(), made, message),
    ):
        for _ in range(700):
            broken = bytearray(content)
            for place in RNG.integers(0, len(broken), RNG.integers(1, 4)):
                broken[place] = RNG.integers(0, 256)
            (target or path).write_bytes(broken)
            tolerated(path)


def test_random_bytes(tmp_path: Path) -> None:
    for size in (1, 10, 100, 10_000, 1_000_000):
        for _ in range(10):
            tolerated(save(tmp_path, RNG.bytes(size)))


def test_deep_nesting(tmp_path: Path) -> None:
    """Pipelines in pipelines: field 202 (pipeline) with field 1 (models), over and over."""
    content = network()
    for _ in range(2000):
        inner = b"\x0a" + varint(len(content)) + content
        content = b"\xd2\x0c" + varint(len(inner)) + inner
    refused(save(tmp_path, b"\x08\x01" + content), "damaged")


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


UNFIT = "has the shape .*, which cannot be run|expected at most 67,108,864 numbers, found .* in the shape"


@pytest.mark.parametrize("size", [0, -1, 2**40, 2**62])
def test_claimed_sizes(size: int, tmp_path: Path) -> None:
    model = proto.new_model()
    model.ParseFromString(network())
    model.description.input[0].type.imageType.width = size
    refused(save(tmp_path, model.SerializeToString()), UNFIT)

    model = proto.new_model()
    model.specificationVersion = 1
    model.description.input.add(name="x").type.multiArrayType.shape.extend((size, 2))
    model.description.output.add(name="y").type.multiArrayType.SetInParent()
    model.neuralNetwork.layers.add(name="y", input=["x"], output=["y"]).activation.ReLU.SetInParent()
    refused(save(tmp_path, model.SerializeToString()), UNFIT)


@pytest.mark.parametrize("shape", [(2, 2**40), (2**32, 2**32), (2**63, 2)])
def test_claimed_weights(shape: tuple[int, ...], tmp_path: Path) -> None:
    weights, (offset,) = blob(("float32", WEIGHT.tobytes()))
    refused(package(tmp_path, program(offset, shape), weights), r"'w' \(const\): weight\.bin at 64")


@pytest.mark.parametrize("offset", [0, 63, 65, 128, 2**40, 2**64 - 1])
def test_offsets_out_of_range(offset: int, tmp_path: Path) -> None:
    weights, _ = blob(("float32", WEIGHT.tobytes()))
    refused(package(tmp_path, program(offset), weights), r"made\.mlpackage: the operation 'w' \(const\)")


def test_weights_cut_off_or_missing(tmp_path: Path) -> None:
    weights, (offset,) = blob(("float32", WEIGHT.tobytes()))
    path = package(tmp_path, program(offset), weights)
    stored = path / "Data" / "com.apple.CoreML" / "weights" / "weight.bin"
    for length in (0, 10, 64, 127, 140):
        stored.write_bytes(weights[:length])
        refused(path, r"'w' \(const\)")
    stored.unlink()
    refused(path, "refers to a weights file, but the package has none")


def test_a_wrong_declared_shape_is_found(tmp_path: Path) -> None:
    weights, (offset,) = blob(("float32", WEIGHT.tobytes()))
    model = program(offset)
    block = model.mlProgram.functions["main"].block_specializations["CoreML5"]
    block.operations[1].outputs[0].type.tensorType.dimensions[1].constant.size = 7
    refused(package(tmp_path, model, weights), r"declared shape \(1, 7\), found \(1, 2\)")


@pytest.mark.parametrize(
    "manifest",
    [
        "", "[]", "null", "{", "[" * 100_000, "{}", '{"rootModelIdentifier": "A"}',
        '{"rootModelIdentifier": "A", "itemInfoEntries": []}',
        '{"rootModelIdentifier": ["A"], "itemInfoEntries": {}}',
        '{"rootModelIdentifier": "A", "itemInfoEntries": {"A": "x"}}',
        '{"rootModelIdentifier": "A", "itemInfoEntries": {"A": {"path": 7}}}',
        '{"rootModelIdentifier": "A", "itemInfoEntries": {"A": {"path": "a\\u0000b"}}}',
        '{"rootModelIdentifier": "A", "itemInfoEntries": {"A": {"path": "absent.mlmodel"}}}',
    ],
)  # fmt: skip
def test_damaged_manifests(manifest: str, tmp_path: Path) -> None:
    path = package(tmp_path, program(64), None, manifest or " ")
    refused(path, r"made\.mlpackage")


@pytest.mark.parametrize("way", ["../../{}", "{absolute}", "../../../{}", "com.apple.CoreML/link"])
def test_paths_that_leave_the_package(way: str, tmp_path: Path) -> None:
    outside = save(tmp_path, network(), "outside.mlmodel")
    given = way.format(outside.name, absolute=outside)
    manifest = {"rootModelIdentifier": "A", "itemInfoEntries": {"A": {"path": given}}}
    path = package(tmp_path, program(64), None, manifest)
    (path / "Data" / "com.apple.CoreML" / "link").symlink_to(outside)
    refused(path, "leaves the package")


def test_weights_outside_the_package_are_not_read(tmp_path: Path) -> None:
    weights, (offset,) = blob(("float32", WEIGHT.tobytes()))
    path = package(tmp_path, program(offset), None)
    folder = path / "Data" / "com.apple.CoreML" / "weights"
    (folder / "weight.bin").symlink_to(save(tmp_path, weights, "elsewhere.bin"))
    refused(path, "the package has none")


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path, network())

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    refused(path, "made.mlmodel cannot be read: Permission denied")


def test_larger_than_protobuf_allows(tmp_path: Path) -> None:
    path = tmp_path / "huge.mlmodel"
    with path.open("wb") as stream:
        stream.truncate(files._LARGEST_MESSAGE_BYTES + 1)  # sparse: takes no space
    refused(path, "larger than the limit for Core ML models")


# --- what is imported --------------------------------------------------------------------------------

LOADS = """
import sys
from pathlib import Path
import numpy as np
from quickml.export.runtime import Runtime
runtime = Runtime.load(Path(sys.argv[1]))
runtime.outputs(np.zeros((1, 8, 8, 1)))
runtime.description.to_dict()
heavy = {"tensorflow", "keras", "sklearn", "coremltools", "torch"}
print(sorted(heavy & {name.split(".")[0] for name in sys.modules}))
"""

BOTH_ORDERS = """
import sys
sys.argv[1] == "before" and __import__("coremltools.proto.Model_pb2")
from quickml.export.coreml.reading import proto
model = proto.new_model()
model.ParseFromString(open(sys.argv[2], "rb").read())
import coremltools.proto.Model_pb2 as real
again = real.Model()
again.ParseFromString(model.SerializeToString())
assert again.SerializeToString() == model.SerializeToString()
assert proto.new_model().WhichOneof("Type") is None
print(again.WhichOneof("Type"), proto.module("MIL_pb2").Program().version)
"""


def python(script: str, *arguments: str) -> str:
    source = str(Path(files.__file__).parents[4])
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": source},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    assert python(LOADS, str(save(tmp_path, network()))) == "[]"


@pytest.mark.parametrize("order", ["before", "after"])
def test_coremltools_may_be_imported_as_well(order: str, tmp_path: Path) -> None:
    assert python(BOTH_ORDERS, order, str(save(tmp_path, network()))) == "neuralNetworkClassifier 0"


def test_without_coremltools_the_reason_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("coremltools", proto._PRIVATE))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CoreMLError, match="need the package coremltools"):
        proto.new_model()


def test_a_package_may_be_moved(tmp_path: Path) -> None:
    weights, (offset,) = blob(("float32", WEIGHT.tobytes()))
    path = package(tmp_path, program(offset), weights)
    moved = tmp_path / "elsewhere" / "other name.mlpackage"
    shutil.move(path, moved.parent / moved.name if moved.parent.mkdir() is None else moved)
    assert Runtime.load(moved).run({"x": np.zeros(3)})["y"].tolist() == [[0, 0]]


@pytest.mark.parametrize(("name", "hint"), [
    ("model.mlpackage.zip", "; unpack it first and pass the .mlpackage."),
    ("model.onnx", "; run it with ONNX Runtime."), ("model.mlmodel", "not a Core ML model."),
])  # fmt: skip
def test_what_else_a_run_leaves_is_told_how_it_is_used(name, hint, tmp_path):
    path = tmp_path / name
    path.write_bytes(b"\xff" * 8)
    with pytest.raises(CoreMLFileError) as caught:
        files.read(path)
    assert str(caught.value).endswith(hint)
