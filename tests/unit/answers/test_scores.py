"""Precision, recall, F1 and ROC AUC: worked by hand, by counting all pairs, and as scikit-learn has them."""

import math
from importlib.util import find_spec

import numpy as np
import pytest

import rounds
from quickml.answers import Answers
from quickml.answers.scores import MEASURES, baseline, macro, per_class, roc_auc
from quickml.answers.write import to_bytes
from quickml.errors import AnswersError

LABELS = ("a", "b", "c")


def softmax(values):
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def drawn(seed, samples=200, classes=5, shares=None):
    """Truth and probabilities of a middling model; some probabilities are the same."""
    random = np.random.default_rng(seed)
    truth = random.choice(classes, samples, p=shares).astype(np.int32)
    values = random.normal(size=(samples, classes))
    values[np.arange(samples), truth] += 1
    return truth, softmax(np.round(values))


def scored(truth, probabilities, labels=None):
    labels = labels or [f"c{place}" for place in range(probabilities.shape[1])]
    return per_class(truth, probabilities.argmax(axis=1), probabilities, labels)


def test_shares_as_worked_by_hand():
    truth = np.array([0, 0, 0, 0, 1, 1, 1, 2], np.int32)
    said = np.array([0, 0, 0, 1, 1, 0, 1, 1], np.int32)
    a, b, c = per_class(truth, said, np.zeros((8, 0), np.float32), LABELS)
    assert (a.label, a.samples, a.predicted) == ("a", 4, 4)
    assert (a.precision, a.recall, a.f1) == (3 / 4, 3 / 4, 6 / 8)
    assert (b.precision, b.recall, b.f1) == (2 / 4, 2 / 3, 4 / 7)
    assert (c.samples, c.predicted, c.recall, c.f1) == (1, 0, 0, 0)
    assert math.isnan(c.precision)
    assert math.isnan(a.roc_auc)
    found = macro((a, b, c))
    assert found["precision"] == pytest.approx((3 / 4 + 2 / 4) / 2)
    assert found["f1"] == pytest.approx((6 / 8 + 4 / 7) / 3)
    assert math.isnan(found["roc_auc"])


def test_a_class_that_no_sample_has_has_neither_recall_nor_area():
    truth, probabilities = np.array([0, 1]), np.array([[0.9, 0.1, 0], [0.2, 0.7, 0.1]], np.float32)
    *_, c = scored(truth, probabilities)
    assert (c.samples, c.predicted) == (0, 0)
    assert all(math.isnan(getattr(c, name)) for name in MEASURES)


@pytest.mark.parametrize(
    ("positive", "scores", "area"),
    [
        ([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.75),
        ([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1], 1),
        ([0, 0, 1, 1], [0.9, 0.8, 0.2, 0.1], 0),
        ([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], 0.5),
        ([0, 1, 1], [0.5, 0.5, 0.7], 0.75),
        ([1, 1], [0.1, 0.2], math.nan),
        ([0, 0], [0.1, 0.2], math.nan),
        ([], [], math.nan),
    ],
)
def test_areas_as_worked_by_hand(positive, scores, area):
    found = roc_auc(np.array(positive, bool), np.array(scores, np.float32))
    assert found == pytest.approx(area, nan_ok=True)


@pytest.mark.parametrize("seed", range(rounds.choose(few=5, full=100)))
def test_an_area_is_the_share_of_pairs_in_the_right_order(seed):
    truth, probabilities = drawn(seed, samples=80)
    for place, one in enumerate(scored(truth, probabilities)):
        mine, others = probabilities[truth == place, place], probabilities[truth != place, place]
        pairs = np.sign(mine[:, None].astype(float) - others[None, :])
        assert one.roc_auc == pytest.approx(float((pairs + 1).mean() / 2), abs=1e-12)


@pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn is not installed")
@pytest.mark.parametrize(
    ("classes", "shares"), [(2, (0.9, 0.1)), (5, None), (5, (0.6, 0.3, 0.06, 0.03, 0.01))], ids=str
)
def test_scores_are_those_of_scikit_learn(classes, shares):
    from sklearn import metrics

    truth, probabilities = drawn(7, 400, classes, shares)
    said = probabilities.argmax(axis=1)
    found = scored(truth, probabilities)
    names, nan = list(range(classes)), {"zero_division": np.nan}
    theirs = metrics.precision_recall_fscore_support(truth, said, labels=names, **nan)
    for name, values in zip(("precision", "recall", "f1", "samples"), theirs, strict=True):
        np.testing.assert_allclose([getattr(one, name) for one in found], values, rtol=1e-12)
    areas = [metrics.roc_auc_score(truth == place, probabilities[:, place]) for place in names]
    np.testing.assert_allclose([one.roc_auc for one in found], areas, rtol=1e-12)
    means = metrics.precision_recall_fscore_support(truth, said, labels=names, average="macro", **nan)
    mine = macro(found)
    np.testing.assert_allclose([mine[name] for name in ("precision", "recall", "f1")], means[:3], rtol=1e-12)
    assert mine["roc_auc"] == pytest.approx(np.mean(areas))


def test_a_file_of_answers_has_the_scores_of_the_model():
    truth, probabilities = drawn(3, 500)
    labels = [f"c{place}" for place in range(5)]
    read = Answers.read(to_bytes(truth, probabilities, labels)).per_class()
    for mine, exact in zip(read, scored(truth, probabilities, labels), strict=True):
        assert (mine.label, mine.precision, mine.recall, mine.f1) == (
            exact.label, exact.precision, exact.recall, exact.f1,
        )  # fmt: skip
        assert mine.roc_auc == pytest.approx(exact.roc_auc, abs=0.005)
    values = to_bytes(np.zeros(3, np.float32), np.zeros((3, 1), np.float32), ())
    with pytest.raises(AnswersError, match="found a regression"):
        Answers.read(values).per_class()


def test_a_baseline_is_the_commonest_class():
    truth = np.array([0, 1, 1, 1, 2], np.int32)
    found = baseline(truth, np.eye(3, dtype=np.float32)[[0, 1, 1, 1, 1]], LABELS)
    assert (found.metric, found.label, found.value, found.model) == ("accuracy", "b", 0.6, 0.8)
    assert not found.is_no_better
    assert baseline(truth, np.eye(3, dtype=np.float32)[[1] * 5], LABELS).is_no_better


def test_with_class_weights_all_classes_count_the_same():
    truth = np.array([0, 0, 0, 0, 2], np.int32)  # no sample of the second class
    found = baseline(truth, np.eye(3, dtype=np.float32)[[0, 0, 2, 2, 2]], LABELS, is_weighted=True)
    assert (found.metric, found.label, found.value, found.model) == ("mean_recall", "a", 0.5, 0.75)
    assert not found.is_no_better
    assert baseline(truth, np.eye(3, dtype=np.float32)[[0] * 5], LABELS, is_weighted=True).is_no_better


def test_a_baseline_of_a_regression_is_the_mean():
    truth = np.array([1, 2, 6], np.float32)
    found = baseline(truth, np.array([[1], [2], [5]], np.float32), ())
    assert (found.metric, found.label) == ("mean_absolute_error", None)
    assert (found.value, found.model) == pytest.approx((2, 1 / 3))
    assert not found.is_no_better
    assert baseline(truth, np.full((3, 1), 3, np.float32), ()).is_no_better
    assert baseline(truth[:0], np.zeros((0, 1), np.float32), ()) is None
