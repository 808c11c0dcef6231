"""The arguments and options of `quickml data` and `quickml init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A table with a sample in each row: CSV, .xlsx, JSON lines or Parquet. Pictures or recordings: a"
        " folder with a folder for each class, a .zip file of it, or a CSV file; pictures also a .tm file."
        " Arrays: an .npz file, or IDX files.",
    ),
]
InputKind = Annotated[
    str | None,
    typer.Option(
        metavar="KIND",
        help="What FILE has: table, pictures or recordings. Default: what is in it; a .csv file is a table."
        " Of arrays, what inputs are: image, features, sequence or tokens.",
    ),
]
Sheet = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Sheet of an Excel workbook. Default: the first one with cells."),
]
Target = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="The column to predict; can be repeated. Default: the likeliest one, which is told.",
    ),
]
Separator = Annotated[
    str | None,
    typer.Option(
        metavar="SIGN",
        help="The sign between several labels of a row, or of a picture of a CSV file, such as `;`.",
    ),
]
ColumnTypes = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=TYPE",
        help="What a column of a table is: number, category or ignore, which leaves it out; can be repeated."
        " Default: what is in it.",
    ),
]
