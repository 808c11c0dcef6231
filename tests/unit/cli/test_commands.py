"""What commands say where a terminal, an empty list or a wrong word is the subject."""

import contextlib
import io
import json
import os
import pty
import queue
import re
import struct
import termios
from fcntl import ioctl

import pytest
from rich.console import Console
from typer.main import get_command

import commands
from job_examples import HOLDER
from live_server import live
from quickml.cli.commands import inspect, serve
from quickml.cli.display.formatting import figure, numbers
from quickml.cli.display.output import say
from quickml.cli.server_commands import app
from quickml.datasets import registry
from quickml.document import understand
from quickml.document.layers import LAYERS
from quickml.estimate import TrainingWork
from quickml.export.coreml.reading.describe import Description, FeatureDescription, LayerDescription
from quickml.jobs.hosts import Host, Hosts
from quickml.jobs.job import GPU, NewJob
from quickml.jobs.jobs import JobStore
from quickml.settings import load
from quickml.storage.database.sqlite import SqliteDatabase

IRIS = {
    "name": "iris", "dataset": "iris",
    "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
}  # fmt: skip


def on_terminal(columns, *lines):
    """What a terminal of this width is sent, line by line."""
    control, terminal = pty.openpty()
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(terminal, "w", encoding="utf-8") as stream:
        say(*lines, to=stream)
    sent = b""
    with contextlib.suppress(OSError):  # at its end
        while part := os.read(control, 4096):
            sent += part
    os.close(control)
    return sent.decode().replace("\r\n", "\n").removesuffix("\n").split("\n")


@pytest.mark.parametrize("columns", range(40, 141, 10))
def test_lines_break_between_words_on_a_terminal(columns):
    message = "  /training/optimizer/type: expected a known optimizer, found \"Adm\"; did you mean 'Adam'? The model has 4.8 MB and loss 0.0123 in epoch 12"
    shown = on_terminal(columns, message)
    assert max(map(len, shown)) <= columns
    assert " ".join(" ".join(shown).split()) == " ".join(message.split())
    assert all(line.startswith("    ") for line in shown[1:])
    assert not any(line.lstrip()[0].isdigit() or line.lstrip().startswith("MB") for line in shown)


def test_letters_that_take_two_columns_are_counted_so():
    shown = on_terminal(
        40, "/name: 花を数える 小さな ネットワーク の 名前 です が 長すぎる ので 短く して ください"
    )
    assert [line.strip() for line in shown] == [
        "/name: 花を数える 小さな ネットワーク の",
        "名前 です が 長すぎる ので 短く して",
        "ください",
    ]


def test_a_long_word_is_not_broken():
    path = "/a/folder/" + "long-name/" * 10
    assert on_terminal(40, f"the result is in {path}")[-1].strip() == path


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("columns", [60, 80, 120])
def test_help_is_whole(option, columns):
    shown = commands.quickml(option, environment={"COLUMNS": str(columns)}).stdout
    assert "..." not in shown.partition("Options:")[2]
    words = " ".join(shown.split())
    for command in get_command(app).commands.values():
        assert " ".join(command.help.split("\n\n")[0].split(". ")[0].split()).rstrip(".") in words
    assert "-h, --help" in commands.quickml("validate", option).stdout


@pytest.mark.parametrize(
    "name", ["spec.json", "a folder/spec.json", "-spec.json", "model.mlmodel", "model.mlpackage"]
)
def test_a_file_in_place_of_a_command_gets_a_hint(name):
    done = commands.quickml("--", name) if name.startswith("-") else commands.quickml(name)
    assert done.returncode == 2
    assert f"quickml {'run' if name.endswith('json') else 'inspect'} " in done.stderr
    assert name in done.stderr


def test_a_wrong_command_gets_a_hint():
    assert "Did you mean 'validate'" in commands.quickml("valdate").stderr


@pytest.mark.parametrize("command", [["jobs"], ["jobs", "--owner", "ada"], ["token", "list"], ["workers"]])
def test_an_empty_list_says_so(command, tmp_path):
    done = commands.quickml(*command, "--data", tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("no ")
    assert str(tmp_path) in done.stderr


def test_operators_see_hosts_and_what_they_run(tmp_path):
    database = SqliteDatabase(tmp_path / "quickml.db")
    hosts, jobs = Hosts(database), JobStore(database)
    hosts.join(Host(id="host_1", name="room-1", seats=4))
    hosts.join(Host(id="host_2", name="room-2"))
    hosts.leave("host_2")
    for _ in range(2):
        jobs.submit(NewJob(owner="ada", name="iris", document="{}", epochs=1))
    attempt = jobs.claim("host_1")
    shown = commands.quickml("workers", "--data", tmp_path)
    lines = shown.stdout.splitlines()
    assert re.match(r"room-1 +worker +1 of 4 busy +since 20\S+ +host_1$", lines[0])
    assert re.match(rf"  {attempt.job_id}  building +0%  since 20\S+  ada  iris$", lines[1])
    assert re.match(r"room-2 +worker +gone since 20", lines[2])
    assert shown.stderr.startswith("1 queued, the first for ")
    assert commands.quickml("workers", "--data", tmp_path, "--wanted").stdout == "2\n"
    needy, _ = jobs.submit(NewJob(owner="bob", name="iris", document="{}", epochs=1, needs=GPU))
    shown = commands.quickml("workers", "--data", tmp_path)
    assert "jobs wait for a GPU, which no host has" in shown.stderr
    wanted = commands.quickml("workers", "--data", tmp_path, "--wanted", "--json")
    assert json.loads(wanted.stdout) == {"seats": 2, "gpu_seats": 1}
    hosts.join(Host(id="host_3", name="room-3", seats=2, gpus=1, gpu_seats=2))
    shown = commands.quickml("workers", "--data", tmp_path)
    assert "room-3                    worker  0 of 2 busy, 2 on 1 GPU  since" in shown.stdout
    assert "GPU" not in shown.stderr
    hosts.leave("host_3")
    jobs.cancel(needy.id)
    rows = commands.quickml("workers", "--data", tmp_path, "--json").stdout.splitlines()
    first = json.loads(rows[0])
    assert (first["id"], first["free"], first["runs"][0]["job_id"]) == ("host_1", 3, attempt.job_id)
    assert json.loads(rows[1])["gone_at"].startswith("20")


def test_a_job_that_no_worker_will_take_is_said_to_wait(tmp_path):
    with live(tmp_path / "server", workers=0) as server:
        (tmp_path / "iris.json").write_text(json.dumps(IRIS))
        asked = ("submit", "iris.json", "--server", server.url)
        assert commands.quickml(*asked, cwd=tmp_path).stderr == ""
        server.hosts.leave(HOLDER)
        done = commands.quickml(*asked, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, server.store.jobs()[0].id + "\n")
        assert "no worker is connected to the server; the job starts when one connects" in done.stderr
        for job in server.store.jobs():
            server.store.cancel(job.id)
        watched = commands.quickml("watch", job.id, "--server", server.url, cwd=tmp_path)
        assert "no worker" not in watched.stderr, "it waits no more"


def test_several_documents_are_validated(tmp_path):
    for name, document in {"a.json": IRIS, "b.json": {**IRIS, "epochs": 3}, "c.json": IRIS}.items():
        (tmp_path / name).write_text(json.dumps(document))
    done = commands.quickml("validate", "a.json", "b.json", "c.json", "d.json", cwd=tmp_path)
    assert done.returncode == 2
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["a.json", "c.json"]
    assert "error: 1 problem in b.json\n  /epochs" in done.stderr
    assert "error: 1 problem in d.json" in done.stderr
    answers = commands.quickml("validate", "a.json", "b.json", "--json", cwd=tmp_path)
    rows = [json.loads(line) for line in answers.stdout.splitlines()]
    assert [(row["file"], row["valid"]) for row in rows] == [("a.json", True), ("b.json", False)]
    assert commands.quickml("validate", "a.json", "c.json", cwd=tmp_path).returncode == 0


def test_an_estimate_comes_from_past_runs(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(IRIS))
    last = commands.quickml("validate", "a.json", cwd=tmp_path).stdout.splitlines()[-1]
    assert re.match(
        r"estimate: about \d+ seconds? \(.* to .*, from another machine\), .* of memory, model", last
    )
    work = TrainingWork.of(understand(IRIS)).to_json()
    for number, report in enumerate(
        [
            {"work": work, "seconds": {"train": 60, "total": 66}, "training": {"stopped": None}},
            {"work": work, "seconds": {"train": 60, "total": 66}, "training": {"stopped": None}},
            {"work": work, "seconds": {"train": 1, "total": 2}, "training": {"stopped": "asked"}},
            {
                "work": {**work, "layers": -1},
                "seconds": {"train": 1, "total": 2},
                "training": {"stopped": None},
            },
            {"seconds": {"train": 1, "total": 2}, "training": {"stopped": None}},
            [],
        ]
    ):
        (tmp_path / "runs" / str(number)).mkdir(parents=True)
        (tmp_path / "runs" / str(number) / "report.json").write_text(json.dumps(report))
    (tmp_path / "runs" / "a file").write_text("")
    found = json.loads(commands.quickml("validate", "a.json", "--json", cwd=tmp_path).stdout)["estimate"]
    assert found["based_on"] == 2
    assert 50 < found["seconds"] < 80
    last = commands.quickml("validate", "a.json", cwd=tmp_path).stdout.splitlines()[-1]
    assert ", from 2 runs)" in last


def test_datasets_are_listed():
    names = {kind.model_fields["name"].default for kind in registry.datasets()}
    assert {line.split()[0] for line in commands.quickml("datasets").stdout.splitlines()[1:]} == names
    rows = [json.loads(line) for line in commands.quickml("datasets", "--json").stdout.splitlines()]
    assert {row["name"] for row in rows} == names


def test_layers_are_listed():
    assert {line.split()[0] for line in commands.quickml("layers").stdout.splitlines()} == set(LAYERS)
    rows = [json.loads(line) for line in commands.quickml("layers", "--json").stdout.splitlines()]
    assert [row["type"] for row in rows] == list(LAYERS)


@pytest.mark.parametrize("name", LAYERS)
def test_the_arguments_of_a_layer_are_listed(name):
    head, *lines = commands.quickml("layers", name).stdout.splitlines()
    assert head.startswith(f"{name}: ")
    assert {line.split()[0] for line in lines} == set(LAYERS[name].model_fields) - {"type"}


def test_an_unknown_layer_gets_a_hint():
    done = commands.quickml("layers", "Conv2d")
    assert done.returncode == 2
    assert "did you mean Conv2D?" in done.stderr


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0662, "0.0662"), (0, "0.0000"), (12.5, "12.5000"), (1e40, "1.000e+40"), (-3e12, "-3.000e+12"), (2e-5, "2.000e-05"), (float("nan"), "nan"), (float("inf"), "inf")],
)  # fmt: skip
def test_figures_have_few_digits(value, shown):
    assert figure(value) == shown
    assert numbers({"loss": value}) == f"loss {shown}"


class NewServer:
    """A service that has no tokens yet."""

    def first_token(self, owner):
        return owner, "secret"


def greeting(has_page, **values):
    settings = load({"data": "/x", **values})
    return [*serve._greeting(settings, NewServer(), serve._address(settings, 8000), has_page=has_page)]


def test_the_studio_is_the_first_thing_to_open():
    assert greeting(True)[:2] == [
        "QuickML server   http://127.0.0.1:8000",
        "studio           http://127.0.0.1:8000/",
    ]
    assert not any("studio" in line for line in greeting(False))


def test_the_token_is_behind_a_hash():
    link = "http://127.0.0.1:8000/#token=secret"
    assert greeting(True, access="tokens")[1] == f"studio           {link}"
    assert greeting(False, access="tokens")[1] == f"link with token  {link}"


def test_a_browser_is_opened_without_the_token(monkeypatch):
    opened = queue.Queue()
    monkeypatch.setattr("webbrowser.open", opened.put)
    serve._open("http://127.0.0.1:8000")
    assert opened.get(timeout=60) == "http://127.0.0.1:8000/"


@pytest.mark.parametrize(
    ("host", "has_code"),
    [("127.0.0.1", False), ("localhost", False), ("::1", False), ("127.8.8.8", False), ("192.0.2.7", True), ("server.example", True)],
)  # fmt: skip
@pytest.mark.parametrize("access", ["open", "tokens"])
def test_a_phone_gets_no_code_of_an_address_it_cannot_reach(host, has_code, access):
    settings = load({"host": host, "access": access})
    assert (
        "█" in "".join(serve._greeting(settings, NewServer(), serve._address(settings, 8000), has_page=True))
    ) is has_code


DESCRIPTION = Description(
    file_name="model.mlpackage", file_kind="mlpackage", type="mlProgram", specification_version=6, minimum_ios="15",
    is_updatable=False, labels=("0", "1"), parameters=1_199_882, weight_types=("float32",), size_bytes=4_800_000,
    predicted_feature="label", predicted_probabilities="probabilities", author="", license="", version="", short_description="",
    inputs=(FeatureDescription(name="image", kind="image", shape=(28, 28, 1), color_space="GRAYSCALE", description="A grey picture of raw pixels"),),
    outputs=(FeatureDescription(name="probabilities", kind="dictionary", data_type="string to double", description="The probability of each class"),),
    layers=(LayerDescription(name="global_average_pooling2d_1", type="reduce_mean", shape=(1, 64, 12, 12), parameters=18_496),),
)  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_inspect_breaks_no_word(width):
    console = Console(width=width, record=True, file=io.StringIO())
    for table in inspect._tables(DESCRIPTION, has_borders=width >= 80):
        console.print(table)
    words = set(console.export_text().replace("│", " ").split())
    assert {
        "probabilities",
        "dictionary",
        "GRAYSCALE",
        "probability",
        "global_average_pooling2d_1",
        "reduce_mean",
        "18,496",
    } <= words
