"""Documents are corrected by the fixes of their problems, one after the other."""

import json
import random

import pytest

import rounds
from mistakes import examples, mutated
from quickml.document import read
from quickml.document.correct import corrected

MISTAKES = rounds.choose(few=50, full=5_000)
END = {"type": "Dense", "units": 3, "activation": "softmax"}


def test_many_mistakes_are_corrected_one_after_the_other():
    text = """{
  "name": "digits", "dataset": {"name": "mnst"},
  "model": {
    "layers": [
      {"type": "Conv2D", "filters": "32", "kernel": 3, "activation": "reLU"},
      {"type": "MaxPool2D", "pool_size": 2},
      {"type": "Dropout", "rate": 25},
      {"type": "Dense", "activation": "sigmoid"}
    ]
  },
  "epochs": 2,
  "export": {"minimum_ios": 13, "formats": ["mlpackage"]}
}
"""
    done = corrected(text)
    assert done.error is None
    assert done.plan.document.training.epochs == 2
    assert done.text == text.replace("mnst", "mnist").replace('"32"', "32").replace('"kernel"', '"kernel_size"').replace(
        "reLU", "relu").replace("MaxPool2D", "MaxPooling2D").replace("25", "0.25").replace(
        '      {"type": "Dense", "activation": "sigmoid"}',
        '      {"type": "Flatten"},\n      {"type": "Dense", "activation": "softmax", "units": 10}').replace(
        '  "epochs": 2,\n', "").replace(": 13", ": 15").replace(
        '["mlpackage"]}\n}', '["mlpackage"]},\n  "training": {"epochs": 2}\n}')  # fmt: skip
    assert len(done.fixed) == len({(one.problem.code, one.problem.pointer) for one in done.fixed}) == 11


def test_what_has_no_fix_remains():
    text = json.dumps({"name": "a", "dataset": "iris", "model": {"layers": [END]}, "zzz": 1, "traning": {}})
    done = corrected(text)
    assert [one.pointer for one in done.error.problems] == ["/zzz"]
    assert [one.problem.pointer for one in done.fixed] == ["/traning"]
    assert '"training": {}' in done.text


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"a": 1 // b\n}', '{"model": {"layer_0": {"layer": "x"}, "num_layers": 1}}']
)
def test_what_cannot_be_corrected_is_left_as_it_is(text):
    done = corrected(text)
    assert done.text == text
    assert done.error
    assert not done.fixed


def test_a_valid_document_is_left_as_it_is():
    text = json.dumps({"name": "a", "dataset": "iris", "model": {"layers": [END]}})
    done = corrected(text)
    assert (done.text, done.fixed, done.error) == (text, (), None)
    assert done.plan == read(text)


def test_documents_with_several_mistakes_get_better_and_never_worse():
    chance = random.Random(rounds.seed)
    valid = [(document, catalog) for document, catalog in examples() if catalog is None]
    helped = 0
    for document, _ in chance.choices(valid, k=MISTAKES):
        wrong = document
        for _ in range(chance.randrange(1, 4)):
            wrong = mutated(wrong, chance)
        text = json.dumps(wrong, indent=chance.choice([None, 2]))
        done = corrected(text)
        before = corrected_count(text)
        assert bool(done.fixed) == (done.text != text)
        assert json.loads(done.text) is not None
        if done.error:
            assert not corrected(done.text).fixed
        if done.fixed and (done.error is None or len(done.error.problems) < before):
            helped += 1
    assert helped > MISTAKES / 10


def corrected_count(text):
    try:
        read(text)
    except Exception as error:
        return len(error.problems)
    return 0
