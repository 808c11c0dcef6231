"""A wrong document for each code of a problem, for the reference."""

from __future__ import annotations

import io
import json
import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from quickml.arrays import LocalArrays
from quickml.document.text import MAX_BYTES
from quickml.pictures import LocalPictures
from quickml.recordings import LocalRecordings
from quickml.service.policy import DocumentLimits
from quickml.tables import LocalTables

END = {"type": "Dense", "units": 3, "activation": "softmax"}
CONV = {"type": "Conv2D", "filters": 4, "kernel_size": 3}
LSTM = {"type": "LSTM", "units": 4}
FOUR = {"type": "Dense", "units": 4, "activation": "softmax"}
TEN = [{"type": "Flatten"}, {"type": "Dense", "units": 10, "activation": "softmax"}]
SIGMOID = {"type": "Dense", "units": 1, "activation": "sigmoid"}


def doc(*layers: Any, dataset: Any = "iris", **others: Any) -> dict[str, Any]:
    """A document with these layers."""
    return {"name": "example", "dataset": dataset, "model": {"layers": [*layers]}, **others}


def trained(**training: Any) -> dict[str, Any]:
    """A document with this `training`."""
    return doc(END, training=training)


def exported(*layers: Any, dataset: str = "iris", **export: Any) -> dict[str, Any]:
    """A document with this `export`."""
    return doc(*(layers or (END,)), dataset=dataset, export=export)


FLOWERS = "sepal,petal,species\n" + "".join(
    f"{4.9 + row / 10:.1f},{1.3 + row / 5:.1f},{('setosa', 'versicolor', 'virginica')[row // 5]}\n"
    for row in range(15)
)


@dataclass(frozen=True, kw_only=True)
class WithTable:
    """A document that learns from a table, and the table."""

    document: dict[str, Any] = field(default_factory=lambda: learned().document)
    content: str = FLOWERS

    @contextmanager
    def files(self) -> Iterator[LocalTables]:
        """A catalog that has the table."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "flowers.csv").write_text(self.content, encoding="utf-8")
            yield LocalTables(Path(folder))


def learned(**options: Any) -> WithTable:
    """A document that learns from flowers.csv with these options."""
    given = {"name": "table", "file": "flowers.csv", "target": "species", **options}
    return WithTable(document=doc(END, dataset=given))


@dataclass(frozen=True, kw_only=True)
class WithPictures:
    """A document that learns from a folder of pictures, and the contents of its files."""

    document: dict[str, Any]
    contents: Mapping[str, bytes]

    @contextmanager
    def files(self) -> Iterator[LocalPictures]:
        """A catalog that has the pictures."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in self.contents.items():
                path = Path(folder, "fruit", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            yield LocalPictures(Path(folder), cache=Path(folder, "cache"))


def photographed(contents: Mapping[str, bytes] | None = None, **options: Any) -> WithPictures:
    """A document that learns from fruit with these options; some pictures have other contents."""
    given = {"name": "pictures", "file": "fruit", **options}
    pictures = {
        f"{label}/{number}.bmp": bitmap(100 * kind + number)
        for kind, label in enumerate(("Apple", "Kiwi"))
        for number in range(5)
    }
    contents = {name: content for name, content in {**pictures, **(contents or {})}.items() if content}
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 2, "activation": "softmax"}]
    return WithPictures(document=doc(*layers, dataset=given), contents=contents)


@dataclass(frozen=True, kw_only=True)
class WithArrays:
    """A document that learns from a file of arrays, and its content."""

    document: dict[str, Any]
    content: bytes

    @contextmanager
    def files(self) -> Iterator[LocalArrays]:
        """A catalog that has the file."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "data.npz").write_bytes(self.content)
            yield LocalArrays(Path(folder))


def measured(x: Any) -> WithArrays:
    """A document that learns from data.npz with these inputs."""
    buffer = io.BytesIO()
    np.savez(buffer, x=x, y=np.arange(len(x)) % 2)
    layers = [{"type": "Dense", "units": 2, "activation": "softmax"}]
    given = {"name": "arrays", "file": "data.npz"}
    return WithArrays(document=doc(*layers, dataset=given), content=buffer.getvalue())


def bitmap(colour: int) -> bytes:
    """A BMP file of 8 x 8 pixels."""
    head = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 246, 0, 0, 54, 40, 8, 8, 1, 24, 0, 192, 0, 0, 0, 0)
    return head + bytes([colour]) * 192


@dataclass(frozen=True, kw_only=True)
class WithRecordings:
    """A document that learns from recordings, and the contents of its files."""

    document: dict[str, Any]
    contents: Mapping[str, str]

    @contextmanager
    def files(self) -> Iterator[LocalRecordings]:
        """A catalog that has the recordings."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in self.contents.items():
                path = Path(folder, "motion", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
            yield LocalRecordings(Path(folder))


def recorded(contents: Mapping[str, str] | None = None, **options: Any) -> WithRecordings:
    """A document that learns from motion with these options; some recordings are others."""
    given = {"name": "recordings", "file": "motion", **options}
    rows = "".join(f"{step / 50:.2f},{step % 5}.{step % 7}\n" for step in range(40))
    files = {
        f"{label}/{number}.csv": f"time_s,acc_x\n{rows}" for label in ("rest", "walk") for number in range(2)
    }
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 2, "activation": "softmax"}]
    return WithRecordings(
        document=doc(*layers, dataset=given), contents=files if contents is None else contents
    )


SECTIONS: Mapping[str, Mapping[str, tuple[str, Any]]] = {
    "The text": {
        "unreadable-file": (
            "The file cannot be read, or, with `--fix`, not be written.",
            Path("missing.json"),
        ),
        "too-large": ("The document is longer than allowed.", " " * (MAX_BYTES + 1)),
        "too-deep": (
            "Objects and lists are nested too deeply.",
            json.dumps(doc(END)).replace("3", "[" * 30 + "]" * 30),
        ),
        "surrogate": ("A string contains half of a character.", '{"name": "\\ud800"}'),
        "json-encoding": ("The bytes are not UTF-8 (or UTF-16 or UTF-32).", b'{"name": "caf\xe9"}'),
        "json-empty": ("There is no text.", " "),
        "json-start": ("The text starts with something else than JSON.", "name: example"),
        "json-after-end": ("Something follows the document.", "{} {}"),
        "json-unclosed": ("An object or a list does not end.", '{"name": "a"'),
        "json-bracket": ("An object or a list ends with the wrong bracket.", '{"layers": [1}'),
        "json-no-comma": ("There is no comma between two entries.", '{"a": 1 "b": 2}'),
        "json-no-colon": ("There is no colon after a key.", '{"a" 1}'),
        "json-no-key": ("There is no key.", "{[1]: 2}"),
        "json-no-value": ("There is no value.", '{"a": }'),
        "json-trailing-comma": ("A comma follows the last entry.", '{"a": 1,}'),
        "json-comment": ("There is a comment.", '{"a": 1 // one\n}'),
        "json-quotation-mark": ("Another quotation mark is used.", "{'a': 1}"),
        "json-string-end": ("A string has no end.", '{"a'),
        "json-line-break": ("There is a line break in a string.", '{"a": "b\nc"}'),
        "json-control-character": ("There is a control character in a string.", '{"a": "b\tc"}'),
        "json-escape": ("JSON does not have this escape.", '{"a": "\\d"}'),
        "json-number": ("A number is not written as in JSON.", '{"a": .5}'),
        "json-literal": ("`true`, `false` or `null` is written in another way.", '{"a": True}'),
        "json-not-finite": ("JSON has no such number.", '{"a": NaN}'),
        "json-parenthesis": ("A list is in parentheses.", '{"a": (1, 2)}'),
        "json-key-without-quotes": ("A key has no quotes.", "{a: 1}"),
        "json-word-without-quotes": ("A string has no quotes.", '{"a": relu}'),
        "json-repeated-key": ("An object has a key twice.", '{"a": 1, "a": 2}'),
    },
    "Keys and values": {
        "not-an-object": ("The document is not an object.", []),
        "keras-model": (
            "The model is what Keras' `to_json` writes.",
            {
                "name": "example",
                "dataset": "iris",
                "model": {
                    "class_name": "Sequential",
                    "config": {
                        "layers": [{"class_name": "Dense", "config": {"units": 3, "activation": "softmax"}}]
                    },
                },
            },
        ),
        "missing-key": (
            "A key is required.",
            doc({"type": "Dense", "units": 8}, {"type": "Dense", "activation": "softmax"}),
        ),
        "unknown-key": ("An object does not have this key.", trained(epoch=3)),
        "same-key-twice": ("Two names of the same key are used.", exported(weights="int8", precision="int8")),
        "missing-type": (
            "An object does not say which type it has.",
            doc({"layer": "Dense", "units": 4}, END),
        ),
        "unknown-type": ("There is no such type.", doc({"type": "Dens", "units": 4}, END)),
        "unknown-optimizer": ("There is no such optimizer.", trained(optimizer="adm")),
        "unknown-dataset": ("There is no such dataset.", doc(END, dataset="irs")),
        "dataset-unavailable": ("The dataset exists, and cannot be described or loaded.", None),
        "files-not-taken": (
            "The document names a file that is not there: on a server, one that you have not uploaded.",
            doc(END, dataset={"name": "table", "file": "flowers.csv", "target": "species"}),
        ),
        "file-importing": (
            "The server is reading a file that the document names, which takes a while. Ask again.",
            None,
        ),
        "table-file": ("The file of a table cannot be read, or is no table.", learned(file="flower.csv")),
        "table-content": (
            "A line or a column of a table is wrong: `line` and `column` say where, as far as it is known.",
            WithTable(content=FLOWERS + "6.1,versicolor\n"),
        ),
        "table-option": (
            "Options of a table contradict each other.",
            learned(columns={"species": "category"}),
        ),
        "unknown-column": ("A table has no column of this name.", learned(target="specie")),
        "file-changed": (
            "A file is another than the one that the document was written for.",
            learned(sha256="0123456789abcdef" * 4),
        ),
        "pictures-source": (
            "A folder, an archive or a list of pictures cannot be learned from.",
            photographed({"kiwi/0.bmp": bitmap(90), "kiwi/1.bmp": bitmap(91)}),
        ),
        "picture-file": (
            "A picture, or an entry of an archive, cannot be read: `entry` says which.",
            photographed({"Kiwi/IMG_0012.HEIC": b"\0\0\0\x24ftypheic\0\0\0\0"}),
        ),
        "pictures-option": ("An option does not fit the pictures.", photographed(labels=["Apple", "Pear"])),
        "arrays-source": (
            "A file of arrays, or an array in it, cannot be learned from: `entry` is the name of the array.",
            measured(x=np.array([{}] * 20)),
        ),
        "arrays-option": (
            "An option does not fit the arrays, or is needed.",
            measured(x=np.arange(80).reshape(20, 4) % 7),
        ),
        "recordings-source": (
            "A folder or an archive of recordings cannot be learned from.",
            recorded({"walk.csv": "time_s,acc_x\n0.00,1.5\n0.02,1.7\n"}),
        ),
        "recordings-option": ("An option does not fit the recordings.", recorded(steps=50)),
        "wrong-type": ("A value has another type.", trained(epochs="30")),
        "unknown-value": (
            "A value is not one of those that are possible.",
            doc({**END, "activation": "softmx"}),
        ),
        "out-of-range": ("A number is too small or too large.", doc({"type": "Dropout", "rate": 25}, END)),
        "not-finite": (
            "A number is too large for a 64-bit float.",
            '{"name": "a", "dataset": "iris", "model": {"layers": [{"type": "Dropout", "rate": 1e999}]}}',
        ),
        "too-few-items": ("A list is too short.", doc()),
        "too-many-items": ("A list is too long.", doc(*[{"type": "Flatten"}] * 1001)),
        "too-long": ("A text is too long.", exported(author="a" * 201)),
        "invalid-name": ("A name has characters that are not allowed.", doc({**END, "name": "my layer"})),
        "invalid-value": ("Another rule is broken, such as one of a format from another package.", None),
    },
    "Connections of layers": {
        "duplicate-name": (
            "Two layers have one name.",
            doc({"type": "Dense", "units": 4, "name": "a"}, {**END, "name": "a"}),
        ),
        "reserved-name": ("The name is that of the input.", doc({**END, "name": "input"})),
        "number-of-inputs": (
            "A layer takes another number of inputs.",
            doc(
                {"type": "Dense", "units": 4, "name": "a"},
                {"type": "Dense", "units": 4, "name": "b", "inputs": ["input"]},
                {**END, "inputs": ["a", "b"]},
            ),
        ),
        "unknown-input": (
            "No layer has this name.",
            doc({"type": "Dense", "units": 4, "name": "hidden"}, {**END, "inputs": ["hiden"]}),
        ),
        "later-input": (
            "The input is a later layer.",
            doc(
                {"type": "Dense", "units": 4, "name": "b", "inputs": ["a"]},
                {"type": "Dense", "units": 4, "name": "a", "inputs": ["input"]},
                {**END, "inputs": ["b"]},
            ),
        ),
        "cycle": (
            "The input depends on the layer itself.",
            doc(
                {"type": "Dense", "units": 4, "name": "a", "inputs": ["b"]},
                {"type": "Dense", "units": 4, "name": "b", "inputs": ["a"]},
                END,
            ),
        ),
        "unused-output": (
            "No layer takes the output, and it is not the last layer.",
            doc({"type": "Dense", "units": 4}, {**END, "inputs": ["input"]}),
        ),
    },
    "Shapes of layers": {
        "input-shape": (
            "`input_shape` is not that of the dataset.",
            {**doc(), "model": {"layers": [END], "input_shape": [5]}},
        ),
        "not-flat": ("A layer needs a row of numbers.", doc(CONV, TEN[1], dataset="mnist")),
        "not-an-image": ("A layer needs an image.", doc(TEN[0], CONV, *TEN, dataset="mnist")),
        "not-a-sequence": ("A layer needs a sequence.", doc(LSTM, LSTM, FOUR, dataset="waves")),
        "not-tokens": (
            "An Embedding needs tokens.",
            doc({"type": "Embedding", "input_dim": 3, "output_dim": 2}, *TEN, dataset="mnist"),
        ),
        "tokens-as-numbers": ("A layer would calculate with tokens.", doc(LSTM, SIGMOID, dataset="brackets")),
        "embedding-of-numbers": (
            "An Embedding gets numbers.",
            doc({"type": "Embedding", "input_dim": 3, "output_dim": 2}, {"type": "Flatten"}, END),
        ),
        "embedding-too-small": (
            "An Embedding has too few rows.",
            doc({"type": "Embedding", "input_dim": 2, "output_dim": 2}, LSTM, SIGMOID, dataset="brackets"),
        ),
        "window-too-large": (
            "A kernel or a pool is larger than its input.",
            doc({**CONV, "kernel_size": 29}, *TEN, dataset="mnist"),
        ),
        "strides-with-dilation": (
            "Strides and dilation do not go together.",
            doc({**CONV, "strides": 2, "dilation_rate": 2}, *TEN, dataset="mnist"),
        ),
        "output-padding": (
            "`output_padding` does not fit the strides.",
            doc(
                {**CONV, "type": "Conv2DTranspose", "strides": 2, "output_padding": 2}, *TEN, dataset="mnist"
            ),
        ),
        "cropping": (
            "More is cropped than there is.",
            doc({"type": "Cropping2D", "cropping": 14}, *TEN, dataset="mnist"),
        ),
        "groups": ("Groups do not divide the channels.", doc({**CONV, "groups": 3}, *TEN, dataset="mnist")),
        "axis": ("There is no such axis.", doc({"type": "BatchNormalization", "axis": 2}, END)),
        "axes": (
            "An axis is given twice, or none.",
            doc({"type": "LayerNormalization", "axis": [1, 1]}, END),
        ),
        "axes-order": ("`dims` is not an order of the axes.", doc({"type": "Permute", "dims": [2]}, END)),
        "shapes-differ": (
            "The inputs of a layer do not fit each other.",
            doc(
                {"type": "Dense", "units": 4, "name": "a"},
                {"type": "Add", "inputs": ["a", "input"]},
                {"type": "Dense", "units": 5, "name": "b"},
                {"type": "Add", "inputs": ["a", "b"]},
                END,
            ),
        ),
        "target-shape": (
            "The sizes of a shape are impossible.",
            doc({"type": "Reshape", "target_shape": [-1, -1]}, END),
        ),
        "target-size": (
            "A shape does not hold the numbers.",
            doc({"type": "Reshape", "target_shape": [3, 2]}, {"type": "Flatten"}, END),
        ),
        "number-of-values": (
            "A list does not have a value for each feature.",
            doc({"type": "Normalization", "mean": [1.0, 2.0], "variance": [1.0, 2.0]}, END),
        ),
        "mean-and-variance": ("One of the two is missing.", doc({"type": "Normalization", "mean": 1.0}, END)),
        "inverted-normalization": (
            "Only the end of a regression can be converted back.",
            doc({"type": "Normalization", "invert": True}, END),
        ),
        "too-many-steps": ("A recurrent layer would be too long in the file.", None),
        "inner-key": (
            "A layer within a layer has a key of the outer one.",
            doc({"type": "Bidirectional", "layer": {**LSTM, "name": "a"}}, FOUR, dataset="waves"),
        ),
        "backwards": (
            "A layer goes both ways already.",
            doc({"type": "Bidirectional", "layer": {**LSTM, "go_backwards": True}}, FOUR, dataset="waves"),
        ),
    },
    "The whole network": {
        "output-size": ("The output has another size than the dataset needs.", doc({**END, "units": 4})),
        "picture-as-answer": (
            "The output is a picture, as of an autoencoder or of a segmentation.",
            doc({"type": "Flatten"}, {"type": "Dense", "units": 784}, dataset="mnist"),
        ),
        "output-activation": ("The output is not probabilities.", doc({**END, "activation": "relu"})),
        "nothing-to-train": ("No layer has weights.", doc({"type": "Flatten"})),
        "too-many-parameters": (
            "There are too many weights.",
            doc({"type": "Dense", "units": 100_000_000}, END),
        ),
        "too-much-memory": (
            "Training would need too much memory.",
            doc({"type": "Dense", "units": 20_000}, END, training={"batch_size": 1_000_000}),
        ),
    },
    "Training": {
        "loss-of-another-task": ("The loss is for another task.", trained(loss="huber")),
        "metric-of-another-task": ("The metric is for another task.", trained(metrics=["r2_score"])),
        "weights-of-regression": (
            "A regression has no classes that could have weights.",
            doc({"type": "Dense", "units": 1}, dataset="diabetes", training={"class_weight": "balanced"}),
        ),
        "unknown-label": (
            "A weight is for a label that the dataset does not have.",
            trained(class_weight={"virginca": 2.0}),
        ),
        "validation-fraction": (
            "No sample would be left for training or validation.",
            trained(validation_fraction=0.001),
        ),
        "unknown-monitor": (
            "The value to monitor is not computed.",
            trained(early_stopping={"monitor": "los"}),
        ),
        "monitor-without-validation": (
            "There is no validation data.",
            trained(early_stopping={"monitor": "val_loss"}),
        ),
        "number-of-rates": (
            "There is not one value more than boundaries.",
            trained(
                learning_rate_schedule={
                    "type": "PiecewiseConstantDecay",
                    "boundaries": [10, 20],
                    "values": [0.1, 0.01],
                }
            ),
        ),
        "order-of-boundaries": (
            "Boundaries do not rise.",
            trained(
                learning_rate_schedule={
                    "type": "PiecewiseConstantDecay",
                    "boundaries": [20, 10],
                    "values": [0.1, 0.01, 0.001],
                }
            ),
        ),
    },
    "Export": {
        "unknown-format": ("There is no such format.", exported(formats=["mlpackge"])),
        "format-unavailable": ("The format of another package cannot be loaded.", None),
        "repeated-format": ("A format is given twice.", exported(formats=["mlmodel", "mlmodel"])),
        "weights-of-format": (
            "The format cannot store such weights.",
            exported(formats=["mlmodel"], weights="pruned"),
        ),
        "ios-too-old": ("This iOS cannot read the format.", exported(formats=["mlpackage"], minimum_ios=13)),
        "updatable-dataset": (
            "A phone cannot train on such data.",
            exported(LSTM, FOUR, dataset="waves", updatable={}),
        ),
        "updatable-loss": (
            "Core ML has another loss for the task.",
            exported(updatable={"loss": "mean_squared_error"}),
        ),
        "updatable-optimizer": (
            "Core ML's optimizers do not have this.",
            exported(updatable={"optimizer": {"type": "SGD", "nesterov": True, "momentum": 0.9}}),
        ),
        "updatable-layer": (
            "The old form of networks does not have the layer.",
            exported({"type": "Dense", "units": 4, "activation": "gelu"}, END, updatable={}),
        ),
        "updatable-output": (
            "Core ML's cross entropy wants a softmax.",
            exported(SIGMOID, dataset="circles", updatable={}),
        ),
        "updatable-nothing": (
            "No layer can go on learning.",
            exported(
                {"type": "Dense", "units": 3},
                {"type": "LayerNormalization"},
                {"type": "Softmax"},
                updatable={},
            ),
        ),
        "unknown-layer": (
            "No layer has this name.",
            exported({**END, "name": "answer"}, updatable={"layers": ["anser"]}),
        ),
        "repeated-layer": ("A layer is given twice.", exported(updatable={"layers": ["dense", "dense"]})),
        "layer-cannot-learn": (
            "The layer has no weights that a phone trains.",
            exported({"type": "Dropout", "rate": 0.1, "name": "drop"}, END, updatable={"layers": ["drop"]}),
        ),
        "layer-out-of-reach": (
            "The loss cannot be traced back to the layer.",
            exported(
                {"type": "Dense", "units": 4, "activation": "elu"}, END, updatable={"layers": ["dense"]}
            ),
        ),
    },
    "The server": {
        "server-limit": (
            "A limit of the server is exceeded; `limit` is its setting.",
            DocumentLimits(max_epochs=5),
        )
    },
}
"""Per code: what it means, and a document with the problem; None where an installed package is broken."""
