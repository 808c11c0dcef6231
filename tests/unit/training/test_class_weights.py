"""Class weights: balanced ones as of scikit-learn, and how a plan has them."""

from importlib.util import find_spec

import numpy as np
import pytest

from quickml.document import Plan, understand
from quickml.training.class_weights import balanced, resolved, weights_of

END = {"type": "Dense", "units": 3, "activation": "softmax"}


def planned(weights):
    training = {} if weights is None else {"class_weight": weights}
    return understand({"name": "t", "dataset": "iris", "model": {"layers": [END]}, "training": training})


def classes(*counts):
    return np.repeat(np.arange(len(counts), dtype=np.int32), counts)


@pytest.mark.parametrize(
    ("counts", "weights"),
    [
        ((4, 4, 4), (1, 1, 1)),
        ((80, 15, 5), (100 / 240, 100 / 45, 100 / 15)),
        ((6, 2, 0), (8 / 12, 8 / 4, 1)),  # a class without rows is none
        ((0, 0, 3), (1, 1, 1)),
    ],
)
def test_balanced_weights_give_all_classes_the_same_part(counts, weights):
    found = balanced(classes(*counts), ("a", "b", "c"))
    assert found == dict(zip("abc", weights, strict=True))


@pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn is not installed")
def test_balanced_weights_are_those_of_scikit_learn():
    from sklearn.utils.class_weight import compute_class_weight

    y = np.random.default_rng(0).choice(5, 400, p=[0.5, 0.3, 0.1, 0.07, 0.03]).astype(np.int32)
    theirs = compute_class_weight("balanced", classes=np.arange(5), y=y)
    np.testing.assert_allclose(list(balanced(y, "abcde").values()), theirs, rtol=1e-15)


def test_a_plan_has_balanced_weights_written_out_and_tells_them():
    plan = resolved(planned("balanced"), classes(80, 15, 5))
    assert plan.document.training.class_weight == {
        "setosa": 100 / 240, "versicolor": 100 / 45, "virginica": 100 / 15,
    }  # fmt: skip
    assert str(plan.notices[-1]) == (
        "/training/class_weight: balanced: setosa 0.417, versicolor 2.22, virginica 6.67"
    )
    again = Plan.from_json(plan.to_json())
    assert again == plan
    assert resolved(again, classes(1, 1, 1)) is again
    np.testing.assert_array_equal(weights_of(again), np.array([100 / 240, 100 / 45, 100 / 15], np.float32))


def test_labels_without_a_weight_count_once():
    assert weights_of(planned({"virginica": 2.5})).tolist() == [1, 1, 2.5]
    assert weights_of(planned(None)) is None
