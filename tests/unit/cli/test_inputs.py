"""Sequences as `quickml predict` is given them."""

import json

import numpy as np
import pytest

from quickml.cli.inputs import numbers
from quickml.errors import InputError

SHAPE = (1, 3, 2)
STEPS = [[1, 2], [3, 4], [5, 6]]


def read(*texts, shape=SHAPE):
    return [array.tolist() for _, array in numbers([str(text) for text in texts], shape)]


@pytest.fixture
def file(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def test_one_row_for_each_step(file):
    assert read(file("a.csv", "number,mark\n1,2\n3,4\n5,6\n")) == [[STEPS]]
    assert read(file("a.json", STEPS)) == [[STEPS]]


def test_one_row_for_each_sequence(file):
    assert read(file("a.csv", "1,2,3,4,5,6\n6,5,4,3,2,1\n")) == [[STEPS], [[[6, 5], [4, 3], [2, 1]]]]
    assert read(file("a.json", [STEPS, STEPS])) == [[STEPS]] * 2
    assert read(file("a.json", [1, 2, 3, 4, 5, 6])) == [[STEPS]]


def test_a_sequence_of_single_numbers(file):
    assert read(file("a.csv", "7\n8\n9\n"), shape=(1, 3, 1)) == [[[[7], [8], [9]]]]
    assert read(file("a.json", [7, 8, 9]), shape=(1, 3, 1)) == [[[[7], [8], [9]]]]
    assert read("7", "8", "9", shape=(1, 3, 1)) == [[[[7], [8], [9]]]]


def test_tokens(file):
    assert read("1,2,0", shape=(1, 3)) == [[[1, 2, 0]]]
    assert read(file("a.json", [[1, 2, 0], [2, 2, 2]]), shape=(1, 3)) == [[[1, 2, 0]], [[2, 2, 2]]]


def test_features_are_still_one_row_each(file):
    with pytest.raises(InputError, match="row 1: expected 4 numbers, found 2"):
        read(file("a.csv", "1,2\n3,4\n"), shape=(1, 4))


def test_steps_that_are_too_few_are_told(file):
    with pytest.raises(InputError, match=r"row 1: expected 6 numbers for the shape \(1, 3, 2\), found 2"):
        read(file("a.csv", "1,2\n3,4\n"))


def test_the_samples_have_all_digits_of_their_numbers(file):
    ((name, array),) = numbers([str(file("a.json", STEPS))], SHAPE)
    assert (array.dtype, array.shape) == (np.float64, SHAPE)
    assert name.endswith("a.json")


def test_a_mistake_in_json_is_named_with_its_place(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("[[1, 2],\n [3, 4],]")
    with pytest.raises(
        InputError, match=r"a\.json: expected JSON, found a comma before '\]' at line 2, column 8"
    ):
        read(str(path))
    path.write_text("9" * 5000)
    with pytest.raises(InputError, match=r"a\.json: expected a list of numbers"):
        read(str(path))
