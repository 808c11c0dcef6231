"""The settings of `quickml serve`.

Every setting can be given in three ways: `max_layers`, for example, as the flag `--max-layers`, as the
environment variable `QUICKML_MAX_LAYERS`, or as the key `max_layers` of a TOML file. Flags take precedence
over variables, and variables over the file.
"""

from quickml.settings.groups import (
    LimitSettings,
    ServerSettings,
    StorageSettings,
    WorkerSettings,
    cores,
    is_loopback,
)
from quickml.settings.load import flags, load
from quickml.settings.row import Setting
from quickml.settings.table import TABLE, Settings

__all__ = [
    "TABLE",
    "LimitSettings",
    "ServerSettings",
    "Setting",
    "Settings",
    "StorageSettings",
    "WorkerSettings",
    "cores",
    "flags",
    "is_loopback",
    "load",
]
