"""The commands for the server on this machine. Importing this module adds them to `app`.

Their options are made from the table of settings, which takes longer to load than a document to check.
"""

from __future__ import annotations

from typing import Annotated

import typer

from quickml.cli import file_commands as file_commands  # noqa: PLC0414  # adds its commands
from quickml.cli.app import app
from quickml.cli.command_group import CommandGroup
from quickml.cli.setting_options import with_settings
from quickml.settings import TABLE, Settings

STORAGE = ("data", "database", "database_password_file")
"""Settings that say where jobs and tokens are."""
WORKER = (
    *(row.name for row in TABLE if row.group in ("storage", "workers") and row.name != "workers"),
    *("min_free_disk_bytes", "running_per_owner", "log_format", "log_level"),
)
"""Settings of `quickml worker`."""
CLUSTER = tuple(name for name in WORKER if name not in {"seats", "host_id", "gpus", "worker_threads"})
"""Settings of `quickml cluster`, whose workers have one seat each, and what Ray gives it."""


@app.command()
@with_settings()
def serve(
    settings: Settings,
    opens: Annotated[bool, typer.Option("--open", help="Open the studio in a browser.")] = False,
) -> None:
    """Start a server that trains submitted documents, with the studio, a page in the browser.

    It accepts documents over HTTP, trains them and streams their progress. By default only this machine can
    connect. Clients on other machines need a token. Ctrl-C writes a checkpoint of each running training; the
    next start resumes them.
    """
    from quickml.cli.commands.serve import serve as serve_until_ended

    serve_until_ended(settings, opens=opens)


@app.command()
@with_settings(*WORKER)
def worker(settings: Settings) -> None:
    """Run jobs of the servers of a database, on this or any other machine.

    It needs the database and the files of the servers, and the same release. A signal (SIGTERM, Ctrl-C) lets
    it finish or give back what it runs, within `--grace-s`; a second one ends it at once.
    """
    from quickml.cli.commands.worker import work

    work(settings)


SeatCpus = Annotated[
    float,
    typer.Option("--cpus-per-seat", metavar="NUMBER", help="Cores that Ray reserves for a seat.", min=0.1),
]
LeastGpu = Annotated[
    int,
    typer.Option(
        "--min-gpu-seats", metavar="N", help="Minimum number of seats with a GPU.", min=0, max=10_000
    ),
]
MostGpu = Annotated[
    int,
    typer.Option(
        "--max-gpu-seats",
        metavar="N",
        help="Maximum number of seats with a GPU, for jobs that need one.",
        min=0,
        max=10_000,
    ),
]


@app.command()
@with_settings(*CLUSTER)
def cluster(
    settings: Settings,
    *,
    address: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Ray cluster: HOST:PORT on one of its nodes, ray://HOST:PORT from elsewhere, or auto.",
        ),
    ],
    least: Annotated[
        int, typer.Option("--min-seats", metavar="N", help="Minimum number of seats.", min=0, max=10_000)
    ] = 0,
    most: Annotated[
        int, typer.Option("--max-seats", metavar="N", help="Maximum number of seats.", min=1, max=10_000)
    ] = 100,
    cpus: SeatCpus = 1.0,
    least_gpu: LeastGpu = 0,
    most_gpu: MostGpu = 0,
    idle_s: Annotated[
        float, typer.Option(metavar="NUMBER", help="Idle time after which a seat ends, in seconds.", min=1.0)
    ] = 300.0,
) -> None:
    """Keep as many workers on a Ray cluster as the queue of the servers needs.

    Each is a `quickml worker` with one seat, which Ray places on a node; options that name files mean files
    there. A signal (SIGTERM, Ctrl-C) lets them give back what they run, and end; a second one ends them at
    once.
    """
    from quickml.cli.commands.cluster import ClusterAsked, keep_seats

    asked = ClusterAsked(
        address=address,
        least=least,
        most=most,
        least_gpu=least_gpu,
        most_gpu=most_gpu,
        cpus=cpus,
        idle_s=idle_s,
    )
    keep_seats(settings, asked, options=CLUSTER)


@app.command()
@with_settings(*STORAGE)
def workers(
    settings: Settings,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per host.")] = False,
    wanted: Annotated[
        bool,
        typer.Option(
            "--wanted",
            help="Print only how many seats the unfinished jobs that need no GPU could use, for autoscaling;"
            " with --json also the seats with a GPU.",
        ),
    ] = False,
) -> None:
    """List the hosts that run jobs of a database, what each of them runs, and since when.

    For operators: it reads the database, and shows the jobs of all owners.
    """
    from quickml.cli.commands.workers import list_hosts, say_wanted

    (say_wanted if wanted else list_hosts)(settings, as_json=as_json)


@app.command()
@with_settings(*STORAGE, "files", "files_credentials_file")
def move(settings: Settings) -> None:
    """Move jobs and tokens of the data folder to PostgreSQL, --database, and files to a bucket, --files.

    No server may use the folder, and the database must be empty. All rows are moved at once or none, and
    compared. Files are copied and compared; without --files they stay where they are. If the command is cut
    off, run it again. Start `quickml serve` with the same options then.
    """
    from quickml.cli.commands.move import move_database

    move_database(settings)


@app.command()
@with_settings(*STORAGE)
def jobs(
    settings: Settings,
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="List only jobs of this owner.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per job.")] = False,
) -> None:
    """List the jobs of the server on this machine, newest first. The server need not be running."""
    from quickml.cli.commands.jobs import list_jobs

    list_jobs(settings, owner=owner, as_json=as_json)


token = typer.Typer(
    help="Manage the access tokens of the server on this machine.",
    no_args_is_help=True,
    rich_markup_mode=None,
    cls=CommandGroup,
)
app.add_typer(token, name="token")

KeepJobs = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="Time after which the owner's finished jobs are deleted, such as 90d. none: no limit; server:"
        " `keep_jobs_s` of the server.",
    ),
]
KeepFiles = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="Time after which files of the owner's finished jobs are deleted, such as 7d. none: with their"
        " jobs; server: `keep_files_s` of the server.",
    ),
]


@token.command("create")
@with_settings(*STORAGE)
def token_create(
    settings: Settings,
    owner: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Owner whose jobs the token gives access to; created if new."),
    ],
    keep_jobs: KeepJobs = None,
    keep_files: KeepFiles = None,
) -> None:
    """Create a token and print it. It is shown only once: the server stores a hash."""
    from quickml.cli.commands.token import create_token

    create_token(settings, owner, keep_jobs=keep_jobs, keep_files=keep_files)


@token.command("list")
@with_settings(*STORAGE)
def token_list(settings: Settings) -> None:
    """List all tokens, without their secrets, and the retention settings of their owners."""
    from quickml.cli.commands.token import list_tokens

    list_tokens(settings)


@token.command("revoke")
@with_settings(*STORAGE)
def token_revoke(
    settings: Settings,
    token_id: Annotated[
        str, typer.Argument(metavar="ID", help="Token id, as shown by `quickml token list`.")
    ],
) -> None:
    """Revoke a token. It stops working immediately."""
    from quickml.cli.commands.token import revoke_token

    revoke_token(settings, token_id)


@token.command("retain")
@with_settings(*STORAGE)
def token_retain(
    settings: Settings,
    owner: Annotated[str, typer.Argument(metavar="NAME", help="Owner, as in `quickml token list`.")],
    keep_jobs: KeepJobs = None,
    keep_files: KeepFiles = None,
) -> None:
    """Set how long the jobs of an owner and their files are kept, also those that exist already.

    Without options, it shows what is set.
    """
    from quickml.cli.commands.token import retain

    retain(settings, owner, keep_jobs=keep_jobs, keep_files=keep_files)
