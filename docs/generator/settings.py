"""The reference of the settings: a table with the key, the flag and the environment variable of each."""

from generator import NOTE
from generator.fields import table, wrapped
from quickml import settings
from quickml.settings import TABLE, Setting
from quickml.settings.load import CONFIG
from quickml.settings.table import GROUPS

INTRODUCTION = f"""Name the file with `--config FILE` or `{CONFIG}`. A relative path in the file
starts at the folder of the file. Sizes are in bytes, or have a unit: `500MB`, `2GiB`. The value `none`,
where it is allowed, means no limit, or not set. An unknown key or `QUICKML_` variable is an error."""


def page() -> str:
    """docs/reference/settings.md."""
    parts = [NOTE, "# Settings", wrapped(settings.__doc__), wrapped(INTRODUCTION), _example()]
    parts += [_group(name, kind) for name, kind in GROUPS.items()]
    return "\n\n".join(parts) + "\n"


def _group(name: str, kind: type) -> str:
    rows = [_row(setting) for setting in TABLE if setting.group == name]
    head = ["key", "flag", "variable", "value", "default", "meaning"]
    return f"## {name.capitalize()}\n\n{wrapped(kind.__doc__)}\n\n{table(head, rows)}"


def _row(setting: Setting) -> list[str]:
    names = [f"`{setting.name}`", f"`{setting.flag}`", f"`{setting.variable}`"]
    return [*names, setting.kind.expected, setting.default, setting.help]


def _example() -> str:
    return """```toml
# quickml.toml
data = "classroom"
host = "0.0.0.0"
max_memory_bytes = "1GiB"
running_per_owner = 1
queue_length = "none"
```"""
