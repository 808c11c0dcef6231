"""The trained model's answers to all test samples, as one small file: `answers.bin`."""

from quickml.answers.answers import Answers, Bin, Flips, Threshold
from quickml.answers.scores import Baseline, ClassScores
from quickml.answers.targets import TargetScores

__all__ = ["Answers", "Baseline", "Bin", "ClassScores", "Flips", "TargetScores", "Threshold"]
