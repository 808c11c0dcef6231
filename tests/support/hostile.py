"""Text that would control a terminal, forge a line of output, or fill the screen."""

HOSTILE = "\x1b]0;title\x07\x1b[2J\x9b31m\r\nerror: forged\u202e\u2028\x00\x7f" + "A" * 5000
LONGEST = 1500
"""Of a line, with the words around what was quoted."""


def is_clean(text):
    """Whether a terminal shows this and does not obey it."""
    lines = text.splitlines()
    return all(line.isprintable() and len(line) <= LONGEST for line in lines) and not any(
        line.startswith("error: forged") for line in lines
    )
