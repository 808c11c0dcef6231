"""What the launcher and Ray's driver, its child process, say to each other: one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from quickml.launchers.launcher import SeatKind


@dataclass(frozen=True, kw_only=True)
class RayOptions:
    """How seats are made. The first line that the driver gets."""

    address: str
    """Of the cluster: HOST:PORT, ray://HOST:PORT or auto."""
    options: tuple[str, ...]
    """Of every `quickml worker`, without a secret: Ray keeps and shows the arguments of actors."""


def line(**message: Any) -> str:
    """A message as it is sent."""
    return json.dumps(message) + "\n"


def options_line(options: RayOptions) -> str:
    """The first line."""
    return line(**asdict(options))


def options_of(text: str) -> RayOptions:
    """The first line, read."""
    values = json.loads(text)
    return RayOptions(**{**values, "options": tuple(values["options"])})


def kind_of(values: dict[str, Any]) -> SeatKind:
    """The kind of a seat, from the fields of a message."""
    return SeatKind(**{**values, "options": tuple(values["options"])})
