"""Identifiers that sort by the time of their creation: a prefix and 26 characters.

The characters are a ULID (github.com/ulid/spec): 48 bits of milliseconds since 1970 and 80 random bits, in
Crockford's base 32, which has no I, L, O and U.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime

from quickml.errors import JobNotFoundError

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26
_JOB = re.compile(f"job_[{_DIGITS}]{{{_LENGTH}}}")


def new_id(prefix: str, now: datetime, after: str | None = None) -> str:
    """A new id; greater than `after`, even if the clock stands still or was set back.

    Several servers may create ids after the same one at the same moment, so the distance is random.
    """
    number = (int(now.timestamp() * 1000) << 80) | secrets.randbits(80)
    if after is not None:
        number = max(number, _number(after.removeprefix(f"{prefix}_")) + 1 + secrets.randbits(64))
    return f"{prefix}_{_text(number)}"


def job_id_of(text: str) -> str:
    """Check a text from outside that should be the id of a job.

    Raises:
        JobNotFoundError: it is not the id of a job.
    """
    if not _JOB.fullmatch(text):
        raise JobNotFoundError(text)
    return text


def _number(text: str) -> int:
    number = 0
    for digit in text:
        number = number << 5 | _DIGITS.index(digit)
    return number


def _text(number: int) -> str:
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
