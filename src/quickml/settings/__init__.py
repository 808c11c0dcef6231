"""The settings of `quickml serve`: one table, from which flags, variables, file and documentation come.

A setting `max_layers` is the flag `--max-layers`, the variable `QUICKML_MAX_LAYERS` and the key `max_layers`
of a TOML file. A flag wins over a variable, a variable over the file, the file over the default. Nothing else
reads the environment for settings.
"""

from quickml.settings.load import load
from quickml.settings.table import TABLE, Setting, Settings

__all__ = ["TABLE", "Setting", "Settings", "load"]
