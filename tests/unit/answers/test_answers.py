"""answers.bin: what is read back of what was written, what is computed of it, and damaged files."""

import json
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quickml
from quickml.answers import Answers, Flips, scale
from quickml.answers.container import MAGIC, MAX_CONTENT_BYTES
from quickml.answers.write import to_bytes
from quickml.errors import AnswersError

LABELS = ("cat", "dog", "fish")


def softmax(samples, classes=3, sharpness=6.0, seed=0):
    logits = np.random.default_rng(seed).normal(scale=sharpness, size=(samples, classes))
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)


def example(samples=500, sharpness=6.0):
    predictions = softmax(samples, sharpness=sharpness)
    truth = np.where(np.arange(samples) % 7, predictions.argmax(axis=1), 1).astype(np.int32)
    return truth, predictions


FLIPS = Flips(
    file="model.mlmodel", weights="int4", artifact="model.mlmodel", taken=True, samples=np.array([3, 400], np.uint32),
    labels=np.array([0, 2], np.uint16),
)  # fmt: skip


@pytest.mark.parametrize(("samples", "largest", "at_the_ends"), [(5000, 0.0031, 3e-5), (500, 1.3e-5, 1.2e-7)])
def test_what_was_written_is_read(samples, largest, at_the_ends):
    truth, predictions = example(samples)
    content = to_bytes(truth, predictions, LABELS, [FLIPS])
    assert content == to_bytes(truth.copy(), predictions.copy(), LABELS, [FLIPS])
    answers = quickml.Answers.read(content)
    assert answers.labels == LABELS
    assert (answers.truth == truth).all()
    assert (answers.predicted == predictions.argmax(axis=1)).all()
    error = np.abs(answers.probabilities - predictions)
    assert error.max() <= largest
    ends = np.minimum(predictions, 1 - predictions) < 1e-5
    assert ends.sum() > samples / 4
    assert error[ends].max() <= at_the_ends
    (flips,) = answers.flips
    assert (flips.file, flips.weights, flips.taken) == ("model.mlmodel", "int4", True)
    assert flips.samples.tolist() == [3, 400]
    assert flips.labels.tolist() == [0, 2]


def test_labels_are_exact_where_probabilities_tie():
    predictions = np.full((5000, 2), 0.5, np.float32)
    predictions[::2] += np.array([-1e-6, 1e-6], np.float32)
    answers = Answers.read(to_bytes(np.zeros(5000, np.int32), predictions, LABELS[:2]))
    assert answers.predicted.tolist() == [1, 0] * 2500
    assert answers.confusion().tolist() == [[2500, 2500], [0, 0]]


def test_a_regression_is_exact(tmp_path):
    truth, found = np.array([1.5, -2e9, 3.25], np.float32), np.array([[1.25], [np.nan], [0.1]], np.float32)
    path = tmp_path / "answers.bin"
    path.write_bytes(to_bytes(truth, found, ()))
    answers = Answers.read(path)
    assert answers.truth.tolist() == truth.tolist()
    np.testing.assert_array_equal(answers.predicted, found[:, 0])
    with pytest.raises(AnswersError, match="found a regression"):
        answers.confusion()


def test_figures_equal_a_loop_over_the_samples():
    truth, predictions = example(sharpness=1.0)
    answers = Answers.read(to_bytes(truth, predictions, LABELS))
    confusion = np.zeros((3, 3), int)
    for true, row in zip(truth, predictions, strict=True):
        confusion[true, row.argmax()] += 1
    assert answers.confusion().tolist() == confusion.tolist()

    at = 0.43
    chosen = [row[2] >= at for row in answers.probabilities]
    found = answers.threshold("fish", at)
    pairs = list(zip(chosen, truth == 2, strict=True))
    assert found.true_positives == pairs.count((True, True))
    assert found.false_positives == pairs.count((True, False))
    assert found.false_negatives == pairs.count((False, True))
    assert found.true_negatives == pairs.count((False, False))
    assert found.precision == found.true_positives / sum(chosen)
    assert found.recall == found.true_positives / np.sum(truth == 2)
    assert found.false_positive_rate == found.false_positives / np.sum(truth != 2)

    bins = answers.calibration(5)
    assert sum(one.samples for one in bins) == len(truth)
    sure = [row[place] for row, place in zip(answers.probabilities, answers.predicted, strict=True)]
    inside = [place for place, value in enumerate(sure) if 0.6 <= value < 0.8]
    assert bins[3].samples == len(inside) > 20
    assert bins[3].accuracy == np.mean([predictions[place].argmax() == truth[place] for place in inside])
    assert bins[3].confidence == pytest.approx(np.mean([sure[place] for place in inside]))
    assert bins[0].samples == 0
    assert np.isnan(bins[0].accuracy)


def test_what_cannot_be_computed_is_said():
    answers = Answers.read(to_bytes(*example(), LABELS))
    with pytest.raises(AnswersError, match=r"label: expected one of cat, dog, fish; found 'cow'"):
        answers.threshold("cow", 0.5)
    with pytest.raises(AnswersError, match="bins: expected at least 1, found 0"):
        answers.calibration(0)


def test_the_scale_covers_everything():
    for most in (1, 255, 65_535):
        codes = np.arange(most + 1)
        assert (scale.encoded(scale.decoded(codes, most), most) == codes).mean() > 0.99
    assert scale.encoded(np.array([np.nan, -1, 2, 0, 1]), 255).tolist() == [0, 0, 255, 0, 255]


# ------------------------------------------------------------------------------------------ damaged files


def made(header, content=b"", **others):
    """A file with this header: an object, or JSON text."""
    text = header if isinstance(header, bytes) else json.dumps(header | others).encode()
    deflate = zlib.compressobj(wbits=-15)
    return MAGIC + struct.pack("<I", len(text)) + text + deflate.compress(content) + deflate.flush()


def parts(*rows):
    return [{"name": name, "dtype": dtype, "shape": shape} for name, dtype, *shape in rows]


TWO = {"labels": ["a", "b"], "flips": [], "scale": "arcsine"}
PLAIN = parts(("truth", "uint8", 2), ("predicted", "uint8", 2))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a file that begins with"),
        (b"QMLFILM\x01\0\0\0\0", "expected a file that begins with"),
        (MAGIC, "expected a file that begins with"),
        (MAGIC + b"\xff\xff\xff\xff{}", "a length of 4,294,967,295 bytes"),
        (made(b"{"), "expected a header of JSON"),
        (made(b"[" * 100_000), "expected a header of JSON"),
        (made(b"\xff"), "expected a header of JSON"),
        (made(b"[]"), "expected a JSON object"),
        (made({}), "parts: expected a list"),
        (made(TWO, parts=[1]), "parts/0: expected name, dtype and shape, found 1"),
        (made(TWO, parts=parts(("truth", "object", 2))), "parts/0: expected name, dtype and shape"),
        (made(TWO, parts=parts(("truth", "uint8", -1))), "parts/0: expected name, dtype and shape"),
        (made(TWO, parts=parts(("truth", "uint8", 2, 2, 2))), "parts/0: expected name, dtype and shape"),
        (made(TWO, parts=parts(("truth", "uint8", True))), "parts/0: expected name, dtype and shape"),
        (made(TWO, parts=parts(("a", "uint8", 1), ("a", "uint8", 1))), "parts/1: expected different arrays"),
        (made(TWO, parts=parts(("a", "uint8", MAX_CONTENT_BYTES + 1))), "parts/0: expected"),
        (made(TWO, parts=parts(("a", "float32", 2**13, 2**13))), "of together at most"),
        (made(TWO, b"\0" * 10**7, parts=PLAIN), "expected 4 bytes of arrays, found more"),
        (made(TWO, b"\0" * 3, parts=PLAIN), "expected 4 bytes of arrays, found 3 bytes"),
        (made(TWO, b"\0" * 4, parts=PLAIN)[:-1], "expected 4 bytes of arrays"),
        (made(TWO, b"\0" * 4, parts=PLAIN) + b"x", "expected 4 bytes of arrays"),
        (made(TWO, b"\0" * 4, parts=PLAIN)[:-6] + b"\xff" * 6, "expected"),
        (made(TWO, b"\0\0", parts=PLAIN[:1]), "predicted: expected an array of 1 dimensions, found none"),
        (made(TWO, b"\0\0\0\2", parts=PLAIN), "expected class indices below 2"),
        (made({**TWO, "labels": [1]}, b"\0" * 4, parts=PLAIN), "labels: expected a list of names"),
        (made({**TWO, "flips": None}, b"\0" * 4, parts=PLAIN), "flips: expected a list"),
        (made({**TWO, "flips": [{}]}, b"\0" * 4, parts=PLAIN), "flips/0/samples: expected an array"),
        (
            made(TWO, b"\0" * 10, parts=[*PLAIN, *parts(("others", "uint8", 2, 2), ("confidence", "uint8", 2))]),
            "others: expected the scale arcsine",
        ),
    ],
)  # fmt: skip
def test_other_and_damaged_files_are_refused(content, message):
    with pytest.raises(AnswersError, match=message):
        Answers.read(content)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(AnswersError, match=r"answers\.bin: the file cannot be read \(No such file"):
        Answers.read(tmp_path / "answers.bin")


WHOLE = to_bytes(*example(40), LABELS, [Flips(**{**vars(FLIPS), "samples": np.array([3, 39], np.uint32)})])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255), st.booleans())
def test_any_damage_is_an_error_or_other_values(place, change, is_cut):
    damaged = bytearray(WHOLE)
    damaged[place] ^= change
    try:
        answers = Answers.read(bytes(damaged[:place] if is_cut else damaged))
    except AnswersError:
        return
    assert not is_cut
    assert answers.probabilities.shape == (40, len(answers.labels))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_the_reader_in_the_documentation_reads_it(tmp_path):
    page = (Path(__file__).parents[3] / "docs/reference/answers.md").read_text(encoding="utf-8")
    (reader,) = re.findall(r"```js\n(.+?)```", page, re.DOTALL)
    truth, predictions = example(3000)
    content = to_bytes(truth, predictions, LABELS, [FLIPS])
    (tmp_path / "answers.bin").write_bytes(content)
    program = """
        const bytes = require("fs").readFileSync(process.argv[1]);
        readAnswers(new Uint8Array(bytes).buffer).then(({header, parts}) => {
          const {most} = header.parts.find(part => part.name == "others");
          const others = Array.from(parts.others, code => probability(code, most));
          console.log(JSON.stringify([header.labels, [...parts.predicted], [...parts["flips/0/samples"]], others]));
        });
    """
    ran = subprocess.run(
        ["node", "-e", reader + program, str(tmp_path / "answers.bin")], capture_output=True, check=True
    )
    labels, predicted, samples, others = json.loads(ran.stdout)
    answers = Answers.read(content)
    assert labels == list(LABELS)
    assert predicted == answers.predicted.tolist()
    assert samples == [3, 400]
    expected = answers.probabilities.copy()
    np.put_along_axis(expected, answers.predicted[:, None].astype(int), 0, axis=1)
    np.testing.assert_allclose(np.reshape(others, (3000, 3)), expected, atol=1e-6)
