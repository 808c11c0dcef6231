"""The report of a finished run: `report.json`, and the page `report.html` made from it.

The page is one file that loads nothing: charts are inline SVG, images are data URIs, and a content security
policy forbids everything else. Python computes coordinates (`axes`, `charts`, `matrix`) and formats texts
(`formatting`). The templates only insert them, so Jinja escapes every string of a document. The only script
plays the film of the training (`player`, templates/player/); it creates text nodes and no markup.
"""
