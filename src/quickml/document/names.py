"""Names of models: letters and digits of any script."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

LONGEST = 64
"""Number of characters of the longest name."""
PATTERN = r"^[^\x00-\x1f!-,/:-@\[-^`{-\x9f]+$"
"""Characters of ASCII that names may contain; JSON Schema has no classes of letters."""
_JOINERS = "\u200c\u200d"
"""Without a width; Persian and the scripts of India need them inside words."""


def _is_allowed(character: str) -> bool:
    """Whether a name may contain it: letters, marks on letters, digits, and a few signs."""
    return unicodedata.category(character)[0] in "LMN" or character in " ._-" or character in _JOINERS


def _name(value: str) -> str:
    name = unicodedata.normalize("NFC", value)
    if 1 <= len(name) <= LONGEST and all(map(_is_allowed, name)):
        return name
    raise PydanticCustomError("name", f"1 to {LONGEST} letters, digits, spaces, '.', '_' and '-'")


def as_name(text: str) -> str:
    """The valid name that is closest to a text."""
    composed = unicodedata.normalize("NFC", text[: 4 * LONGEST])
    safe = "".join(c if _is_allowed(c) else "\0" for c in composed)
    return re.sub("\0+", "-", safe)[:LONGEST].strip(" -") or "model"


Name = Annotated[
    str,
    AfterValidator(_name),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": PATTERN}),
]
"""A name in Unicode's composed form (NFC), so that equal names are equal strings."""
