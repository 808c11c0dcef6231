"""Picture files to pixels. The content is not trusted: what is damaged or too large is refused.

Importing this package imports numpy; Pillow is imported when a picture is read.
"""

from quickml.pixels.files import MAX_PIXELS, MAX_SCANS, MAX_SIDE, Header, header, opened, picture
from quickml.pixels.fit import Resize

__all__ = ["MAX_PIXELS", "MAX_SCANS", "MAX_SIDE", "Header", "Resize", "header", "opened", "picture"]
