"""The trained model's answers to all test samples, as one small file: `answers.bin`."""

from quickml.answers.answers import Answers, Bin, Flips, Threshold

__all__ = ["Answers", "Bin", "Flips", "Threshold"]
