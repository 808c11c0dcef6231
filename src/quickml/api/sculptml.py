"""The answers that the SculptML app of 2018 expects."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from quickml.api.message import ApiMessage


class SculptmlProgress(ApiMessage):
    """Progress of training. Metrics that are not known are 0."""

    loss: float
    """Latest loss."""
    acc: float
    """Latest accuracy."""
    epoch: int
    """Current epoch, from 1."""
    total_epochs: int
    """Number of epochs."""


class SculptmlStatus(ApiMessage):
    """The status of a model."""

    ready: Literal[0, 1]
    """1 when the model can be downloaded."""
    model_path: None = None
    """Always null."""
    progress: float
    """Progress of training, from 0 to 1."""
    progress_info: SculptmlProgress
    """Progress in detail."""


class SculptmlModel(ApiMessage):
    """A model that can be downloaded."""

    name: str
    """Name of the model."""
    dataset: str
    """Name of its dataset."""
    size: int
    """Size of its file in bytes."""
    train_acc: float
    """Accuracy on the training samples, or 0."""
    test_acc: float
    """Accuracy on the test samples, or 0."""


class SculptmlModels(ApiMessage):
    """All models that can be downloaded: `model_0`, `model_1` and so on, newest first."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, SculptmlModel]

    num_models: int
    """Number of models."""
