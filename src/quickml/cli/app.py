"""All commands, and what becomes of their errors.

Exit codes: 0 done; 1 the work failed; 2 what was asked for is wrong (a bad document, file or option);
130 given up with Ctrl-C.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from quickml._version import __version__
from quickml.cli.flags import with_settings
from quickml.errors import (
    CoreMLFileError,
    DocumentError,
    InputError,
    QuickMLError,
    ResultError,
    ServiceError,
    SettingsError,
    TokenError,
)
from quickml.settings import Settings

app = typer.Typer(
    name="quickml",
    help="A JSON file in, a trained and verified Core ML model out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

SpecFile = Annotated[Path, typer.Argument(metavar="SPEC.json", help="The document; - reads standard input.")]
ModelFile = Annotated[Path, typer.Argument(metavar="FILE", help="A .mlmodel file or .mlpackage folder.")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="As `quickml submit` prints it.")]
Server = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help="Instead of QUICKML_SERVER or, without, this machine's."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command()
def run(
    spec: SpecFile,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Put the result exactly here; new or empty.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Instead of the document's.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the document's.", min=0)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one event per line, as JSON.")] = False,
) -> None:
    """Build, train, compile and verify what SPEC.json describes.

    The result lies in runs/<name>-<time>/: model.mlmodel and model.mlpackage, unless the document's
    `export` asks for others (smaller weights, updatable, aimodel, onnx), model.keras and a report.

    Ctrl-C once stops training and keeps, compiles and verifies what was learned; twice gives up.
    """
    from quickml.cli.commands.run import run_spec

    run_spec(spec, out=out, epochs=epochs, seed=seed, as_json=as_json)


@app.command()
def validate(spec: SpecFile, as_json: AsJson = False) -> None:
    """Print the layers with shapes and parameters, or every problem. Nothing is trained."""
    from quickml.cli.commands.validate import validate_spec

    validate_spec(spec, as_json=as_json)


@app.command()
def inspect(file: ModelFile, as_json: AsJson = False) -> None:
    """Show what a Core ML file takes, gives and is made of."""
    from quickml.cli.commands.inspect import inspect_file

    inspect_file(file, as_json=as_json)


@app.command(context_settings={"ignore_unknown_options": True})  # -1.5,2 is an input
def predict(
    file: ModelFile,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...", help="Pictures, or numbers: 5.1,3.5,1.4,0.2 or a .csv or .json file."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per input.")] = False,
) -> None:
    """Run a Core ML file on pictures or numbers, on any system."""
    from quickml.cli.commands.predict import predict_inputs

    predict_inputs(file, inputs, as_json=as_json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the document, for editors and forms."""
    import json

    from quickml.document.schema import schema as document_schema

    typer.echo(json.dumps(document_schema(), indent=2))


@app.command()
@with_settings()
def serve(settings: Settings) -> None:
    """Take documents over HTTP, train them side by side, and tell of every step.

    Open on this machine alone; for others, whoever has a token. Ctrl-C lets running trainings keep where
    they are, and the next start goes on from there.
    """
    from quickml.cli.commands.serve import serve as serve_until_ended

    serve_until_ended(settings)


@app.command()
def submit(
    spec: SpecFile,
    server: Server = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show its progress, as `quickml run` does.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have a server train what SPEC.json describes, and print the job's id.

    A server that asks for a token is shown the one in QUICKML_TOKEN.
    """
    from quickml.cli.commands.submit import submit_spec

    submit_spec(spec, server=server, watch=watch, as_json=as_json)


@app.command()
def watch(job: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Show a job's progress from its first event to its last, as `quickml run` does.

    A connection that breaks is made again. Ctrl-C only ends the watching: the job goes on.
    """
    from quickml.cli.commands.watch import watch_job

    watch_job(job, server=server, as_json=as_json)


@app.command()
def stop(job: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """End a job's training, and have what was learned compiled and verified."""
    from quickml.cli.commands.stop import stop_job

    stop_job(job, server=server, as_json=as_json)


@app.command()
def download(
    job: JobId,
    file: Annotated[
        list[str] | None,
        typer.Option("--file", metavar="NAME", help="This one alone; may be given several times."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Put the files exactly here; new or empty.")
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Fetch the files of a job that is ready, into runs/<name>-<time>/; packages as folders.

    The folder appears when all of them are there and right. After Ctrl-C, or anything else that went wrong,
    the same command goes on from what had come.
    """
    from quickml.cli.commands.download import download_job

    download_job(job, names=file or [], out=out, server=server, as_json=as_json)


@app.command()
@with_settings("data")
def jobs(
    settings: Settings,
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="Of this owner alone.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per job.")] = False,
) -> None:
    """List the jobs of this machine's server, the newest first, whether it runs or not."""
    from quickml.cli.commands.jobs import list_jobs

    list_jobs(settings, owner=owner, as_json=as_json)


token = typer.Typer(
    help="Say who may use a server that asks for tokens.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(token, name="token")


@token.command("create")
@with_settings("data")
def token_create(
    settings: Settings,
    owner: Annotated[str, typer.Argument(metavar="NAME", help="Whose jobs it lets in to; new or known.")],
) -> None:
    """Make a token and print it, this once: the server keeps a hash."""
    from quickml.cli.commands.token import create_token

    create_token(settings, owner)


@token.command("list")
@with_settings("data")
def token_list(settings: Settings) -> None:
    """Show all tokens, without their secrets."""
    from quickml.cli.commands.token import list_tokens

    list_tokens(settings)


@token.command("revoke")
@with_settings("data")
def token_revoke(
    settings: Settings,
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `quickml token list` shows it.")],
) -> None:
    """Let a token in no more, from now on."""
    from quickml.cli.commands.token import revoke_token

    revoke_token(settings, token_id)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"quickml {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def run_command_line(arguments: Sequence[str] | None = None) -> None:
    """Run a command line; errors of ours become one clear message and an exit code, never a traceback."""
    try:
        app(args=list(arguments) if arguments is not None else None, prog_name="quickml")
    except QuickMLError as error:
        _leave(error, _code(error))
    except BrokenPipeError:
        # The reader of our output has gone, as `| head` does: nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _leave(_sentence(error), 1)


def _sentence(error: OSError) -> str:
    """What went wrong with which file; of several that could not be copied into a package, the first."""
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):
        _, target, reason = error.args[0][0]
        return f"{target}: {reason}"
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)


def _code(error: QuickMLError) -> int:
    wrong = DocumentError | InputError | ResultError | CoreMLFileError | SettingsError | TokenError
    if isinstance(error, ServiceError):  # refused for good, or only now
        return 2 if error.status in (400, 401, 404, 409, 413, 422) else 1
    return 2 if isinstance(error, wrong) else 1


def _leave(error: object, code: int) -> None:
    if isinstance(error, DocumentError | SettingsError):
        count, where = len(error.problems), "document" if isinstance(error, DocumentError) else "settings"
        print(f"error: {count} problem{'s' if count > 1 else ''} in the {where}", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
    else:
        print(f"error: {error}", file=sys.stderr)
    sys.exit(code)
