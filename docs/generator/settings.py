"""The reference of the settings: the table, with the three ways to give each."""

from generator import NOTE
from generator.fields import table, wrapped
from quickml import settings
from quickml.settings import TABLE, Setting
from quickml.settings.load import CONFIG

INTRODUCTION = f"""The file is named with `--config FILE`, or by `{CONFIG}`. A relative path in it starts
from the file's own folder. Sizes are bytes, or take a unit: `500MB`, `2GiB`. Where `none` is possible, it is
without limit, or not there. A key or a `QUICKML_` variable that is not known is an error, not ignored."""


def page() -> str:
    """docs/reference/settings.md."""
    rows = [_row(setting) for setting in TABLE]
    parts = [NOTE, "# The settings", wrapped(settings.__doc__), wrapped(INTRODUCTION)]
    parts += [table(["key", "flag", "variable", "value", "left out", "meaning"], rows), _example()]
    return "\n\n".join(parts) + "\n"


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
