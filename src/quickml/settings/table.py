"""All settings, and the table from which flags, variables, file keys and documentation are made."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Self

from quickml.settings.groups import (
    FileSettings,
    LimitSettings,
    ServerSettings,
    StorageSettings,
    WorkerSettings,
)
from quickml.settings.row import Setting, rows


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings. Names carry their units; None means no limit, or not set."""

    storage: StorageSettings = field(default_factory=StorageSettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    workers: WorkerSettings = field(default_factory=WorkerSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    files: FileSettings = field(default_factory=FileSettings)

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Settings by name, each put into its group; the others have their defaults.

        Raises:
            TypeError: there is no setting of this name.
        """
        groups = {row.name: row.group for row in TABLE}
        if unknown := sorted(values.keys() - groups.keys()):
            raise TypeError(f"expected names of settings, found {unknown[0]!r}")
        return cls(
            **{
                group: kind(**{name: value for name, value in values.items() if groups[name] == group})
                for group, kind in GROUPS.items()
            }
        )


GROUPS: dict[str, Any] = {one.name: one.default_factory for one in dataclasses.fields(Settings)}
"""The class of each group, by its name in `Settings`."""
TABLE: tuple[Setting, ...] = tuple(row for group, kind in GROUPS.items() for row in rows(group, kind))
"""All rows, group by group."""
