"""What a training will need: time, memory and sizes of files. Plain Python: `quickml validate` imports it."""

from quickml.estimate.estimate import Estimate, estimate
from quickml.estimate.files import FileEstimate
from quickml.estimate.seconds import Measured, Past, PastByDevice, Seconds
from quickml.estimate.work import TrainingWork

__all__ = [
    "Estimate",
    "FileEstimate",
    "Measured",
    "Past",
    "PastByDevice",
    "Seconds",
    "TrainingWork",
    "estimate",
]
