"""Write the reference out of the code: `python docs/generate.py`.

A test compares the files of docs/reference with what this gives, so run it after any change to the
document, the events or the commands.
"""

import json
from pathlib import Path

from generator import arrays, commands, document, events, http, modules, problems, settings

from quickml.datasets.builtin import BUILT_IN
from quickml.datasets.files import FROM_FILES
from quickml.document.schema import schema

REFERENCE = Path(__file__).parent / "reference"


def pages() -> dict[str, str]:
    """The text of every generated file, by its name in docs/reference."""
    return {
        "arrays.md": arrays.page(),
        "document.md": document.page(),
        "problems.md": problems.page(),
        "events.md": events.page(),
        "commands.md": commands.page(),
        "settings.md": settings.page(),
        "http.md": http.page(),
        "modules.md": modules.page(),
        "openapi.json": json.dumps(http.document(), indent=2) + "\n",
        "spec.schema.json": json.dumps(schema([*BUILT_IN.values(), *FROM_FILES]), indent=2) + "\n",
    }


if __name__ == "__main__":
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
