"""The commands of `quickml`; `server_commands` and `file_commands` add those that need a server.

Each imports its module when it runs, so that `--help` loads nothing heavy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quickml._version import __version__
from quickml.cli.command_group import CommandGroup
from quickml.cli.data_options import ColumnTypes, DataFile, InputKind, Separator, Sheet, Target

app = typer.Typer(
    name="quickml",
    help="Turn a JSON description of a neural network into a trained and verified Core ML model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    cls=CommandGroup,
    context_settings={"help_option_names": ["--help", "-h"]},
)

SpecFile = Annotated[
    Path,
    typer.Argument(
        metavar="SPEC.json", help="JSON document that describes the model; - reads standard input."
    ),
]
ModelFile = Annotated[Path, typer.Argument(metavar="FILE", help="A .mlmodel file or .mlpackage folder.")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="Job id, as printed by `quickml submit`.")]
Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="URL",
        help="Address of the server. Default: QUICKML_SERVER, or else a server on this machine.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsEvents = Annotated[bool, typer.Option("--json", help="Print one JSON event per line.")]
ResultFolder = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="DIR", help="Result folder; must be new or empty. Default: runs/NAME-TIME."
    ),
]

FilmSource = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="Result folder of a run, or its film.bin.")
]
Picture = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="New .gif file, or .png with --strip. Default: film.gif or film.png in FOLDER.",
    ),
]
FilmParts = Annotated[
    list[str] | None,
    typer.Option(
        "--part",
        metavar="NAME",
        help="Draw this part of the film on the right, such as unit/dense, or all of a kind, such as"
        " histogram. Can be repeated.",
    ),
]


@app.command()
def run(
    spec: SpecFile,
    out: ResultFolder = None,
    epochs: Annotated[
        int | None, typer.Option(help="Number of epochs; overrides the document.", min=1)
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed; overrides the document.", min=0)] = None,
    as_json: AsEvents = False,
) -> None:
    """Train the model that SPEC.json describes, and export it to Core ML.

    Every exported file is verified. The result folder contains model.mlmodel and model.mlpackage (or what the
    document's `export` asks for, such as smaller weights, updatable, aimodel or onnx), model.keras and a
    report.

    Press Ctrl-C once to stop training early: the model trained so far is exported and verified. Press it
    twice, or before training has begun, to cancel the run.
    """
    from quickml.cli.commands.run import run_spec

    run_spec(spec, out=out, epochs=epochs, seed=seed, as_json=as_json)


@app.command()
def export(
    kept: Annotated[
        Path, typer.Argument(metavar="FILE", help="A .trained file that `quickml run` has kept.")
    ],
    out: ResultFolder = None,
    as_json: AsEvents = False,
) -> None:
    """Export a trained model whose result could not be written.

    If the disk is full when the training ends, `quickml run` keeps the trained model in a file and names it.
    This command goes on from there.
    """
    from quickml.cli.commands.run import export_kept

    export_kept(kept, out=out, as_json=as_json)


@app.command()
def validate(
    specs: Annotated[
        list[Path],
        typer.Argument(
            metavar="SPEC.json", help="JSON documents that describe models; - reads standard input."
        ),
    ],
    fix: Annotated[
        bool, typer.Option("--fix", help="Correct the files: show the changes, then write them if you agree.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --fix: write without a question.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per document.")] = False,
) -> None:
    """Check documents without training.

    Prints the layers with their shapes and parameters, or every problem. Of several documents, it prints one
    line for each that is valid.

    With --fix, it applies what the messages advise, as far as they say what exactly to write, one after the
    other until no more helps. The form of the file is kept. Without a terminal, nothing is written unless
    --yes is given.
    """
    if yes and not fix:
        raise typer.BadParameter("it belongs to --fix", param_hint="--yes")
    if fix:
        from quickml.cli.commands.fix import fix_specs

        fix_specs(specs, yes=yes, as_json=as_json)
        return
    from quickml.cli.commands.validate import validate_specs

    validate_specs(specs, as_json=as_json)


@app.command()
def data(
    file: DataFile,
    *,
    target: Target = None,
    kind: InputKind = None,
    sheet: Sheet = None,
    separator: Separator = None,
    column: ColumnTypes = None,
    as_json: AsJson = False,
) -> None:
    """Show what is in a table, pictures, recordings or arrays: columns and values, or classes and sizes.

    Everything that is found out is told: encoding, delimiter, header and decimal sign of a CSV file, and what
    is left out and why. A document to start from is printed, too.
    """
    from quickml.cli.commands.data import DataAsked, show_data

    asked = DataAsked(file, target=target, kind=kind, sheet=sheet, columns=column, separator=separator)
    show_data(asked, as_json=as_json)


@app.command()
def init(
    file: DataFile,
    *,
    target: Target = None,
    kind: InputKind = None,
    sheet: Sheet = None,
    separator: Separator = None,
    column: ColumnTypes = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="SPEC.json",
            help="New file. Default: FILE's name with .json, in this folder.",
        ),
    ] = None,
) -> None:
    """Write a document that learns from a table, pictures, recordings or arrays, with a network that fits.

    Train with `quickml run`, or change the document before: all types of columns, or all classes, are in it.
    """
    from quickml.cli.commands.data import DataAsked, init_document

    asked = DataAsked(file, target=target, kind=kind, sheet=sheet, columns=column, separator=separator)
    init_document(asked, out)


@app.command()
def inspect(file: ModelFile, as_json: AsJson = False) -> None:
    """Show the inputs, outputs, layers and metadata of a Core ML file."""
    from quickml.cli.commands.inspect import inspect_file

    inspect_file(file, as_json=as_json)


@app.command(context_settings={"ignore_unknown_options": True})  # -1.5,2 is an input
def predict(
    file: ModelFile,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="Image files, .csv or .json files, numbers such as 5.1,3.5,1.4,0.2, or NAME=VALUE for each"
            " input.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per input.")] = False,
) -> None:
    """Run a Core ML file on images, numbers or rows of a table. Works on any operating system.

    A model that takes values by name is given them as NAME=VALUE; one that is missing is left out. A .csv
    file has a header with these names, a .json file an object or a list of objects.
    """
    from quickml.cli.commands.predict import predict_inputs

    predict_inputs(file, inputs, as_json=as_json)


@app.command()
def film(
    source: FilmSource,
    *,
    out: Picture = None,
    strip: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Draw N moments side by side, as a PNG, instead of a GIF.", min=1, max=50
        ),
    ] = None,
    size: Annotated[
        int,
        typer.Option(
            metavar="PIXELS", help="Width of the GIF; strips have the same scale.", min=240, max=2880
        ),
    ] = 720,
    seconds: Annotated[float, typer.Option(metavar="S", help="How long the GIF plays.", min=0.5, max=60)] = 8,
    parts: FilmParts = None,
    as_json: AsJson = False,
) -> None:
    """Draw the film of a training: how the network changed from step to step.

    Writes an animated GIF, for slides and README files. It shows the answers of the network, what its layers
    compute, and the loss.
    """
    from quickml.cli.commands.film import draw_film

    draw_film(source, out=out, strip=strip, size=size, seconds=seconds, parts=parts or [], as_json=as_json)


@app.command()
def datasets(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per dataset.")] = False,
) -> None:
    """List the datasets that a document may name."""
    from quickml.cli.commands.catalog import list_datasets

    list_datasets(as_json=as_json)


@app.command()
def layers(
    types: Annotated[
        list[str] | None, typer.Argument(metavar="TYPE", help="Show the arguments of these layers.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per layer.")] = False,
) -> None:
    """List the layers that a document may contain, or the arguments of some."""
    from quickml.cli.commands.catalog import list_layers

    list_layers(types or [], as_json=as_json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the document, for editors and form generators."""
    import json

    from quickml.document.schema import schema as document_schema

    typer.echo(json.dumps(document_schema(), indent=2))


@app.command()
def submit(
    spec: SpecFile,
    server: Server = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Follow the job's progress, as `quickml watch` does.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send SPEC.json to a server for training, and print the job id.

    If the server requires a token, set QUICKML_TOKEN.
    """
    from quickml.cli.commands.submit import submit_spec

    submit_spec(spec, server=server, watch=watch, as_json=as_json)


@app.command()
def watch(job: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Follow the progress of a job, from its first event to its last.

    A lost connection is re-established. Ctrl-C ends only this command: the job continues.
    """
    from quickml.cli.commands.watch import watch_job

    watch_job(job, server=server, as_json=as_json)


@app.command()
def stop(job: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Stop the training of a job early. The model trained so far is exported and verified."""
    from quickml.cli.commands.stop import stop_job

    stop_job(job, server=server, as_json=as_json)


@app.command()
def download(
    job: JobId,
    *,
    file: Annotated[
        list[str] | None,
        typer.Option("--file", metavar="NAME", help="Download only this file. Can be repeated."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Target folder; must be new or empty. Default: runs/NAME-TIME."
        ),
    ] = None,
    server: Server = None,
    variants: Annotated[
        bool, typer.Option("--variants", help="Also the files that were tried with other weights.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Download the files of a finished job. Packages are downloaded as folders.

    The target folder appears when all files are complete and their checksums match. If a download is
    interrupted, run the same command again to resume it.
    """
    from quickml.cli.commands.download import download_job

    download_job(job, names=file or [], variants=variants, out=out, server=server, as_json=as_json)


def _print_version(is_given: bool) -> None:
    if is_given:
        typer.echo(f"quickml {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    pass
