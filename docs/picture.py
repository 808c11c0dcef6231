"""Draw the picture of the terminal in the README from the events of a real run:

    quickml run mnist_cnn.json --json --out runs/mnist-cnn > events.jsonl
    python docs/picture.py events.jsonl

docs/screenshots.py takes the pictures of reports and draws film.gif.
"""

import os
import re
import sys
from pathlib import Path

from rich.console import Console

from quickml import events
from quickml.cli.display.terminal import TerminalDisplay

PICTURE = Path(__file__).parent / "pictures" / "terminal.svg"
WIDTH = 112


def main() -> None:
    told = [events.from_json(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    with Path(os.devnull).open("w") as nowhere:
        console = Console(
            file=nowhere,
            record=True,
            width=WIDTH,
            force_terminal=True,
            force_interactive=False,
            color_system="truecolor",
        )
        console.print("[bold]$[/] python main.py mnist_cnn.json")
        display = TerminalDisplay(console, "loading TensorFlow and the data …")
        for event in told:
            display.show(event)
        svg = console.export_svg(title="QuickML")
        without_fonts = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # from another site
        PICTURE.write_text(without_fonts)


main()
