"""A finished run as one page for people: `render` makes `report.html` from what `report.json` holds.

The page is a single file without scripts and without anything to fetch: charts are inline SVG, pictures
are data URIs, and a content security policy in its head forbids everything else. Geometry is worked out
in Python (`axes`, `charts`, `matrix`), words and numbers in `formatting`; the templates only place them, so
that every string from a document passes through Jinja's escaping.
"""

from quickml.report.mistakes import Mistake, worst
from quickml.report.page import render

__all__ = ["Mistake", "render", "worst"]
