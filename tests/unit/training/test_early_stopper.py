"""What early stopping takes for an improvement."""

import pytest

from quickml.document.training import HIGHER_IS_BETTER, EarlyStopping
from quickml.training.early_stopper import EarlyStopper


@pytest.mark.parametrize(
    "metric", ["loss", "accuracy", "top_k_categorical_accuracy", "mean_squared_error", "r2_score"]
)
@pytest.mark.parametrize("beginning", ["", "val_"])
def test_a_metric_improves_in_its_own_direction(beginning, metric):
    monitor = f"{beginning}{metric}"
    stopper = EarlyStopper(EarlyStopping(monitor=monitor, patience=1))
    better, worse = (0.9, 0.1) if metric in HIGHER_IS_BETTER else (0.1, 0.9)
    assert stopper.is_better({monitor: 0.5})
    assert stopper.is_better({monitor: better})
    assert not stopper.is_better({monitor: worse})
    assert stopper.is_over
