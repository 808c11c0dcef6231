"""Text from outside is printable and short, wherever it comes from and wherever it is shown."""

import ast
import inspect
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import commands
import quickml.cli
import sculptml_documents
from hostile import HOSTILE, is_clean
from quickml import events, logs
from quickml.cli.display.outages import Outages
from quickml.cli.display.output import say, say_json
from quickml.cli.display.sentences import sentence
from quickml.client.problems import refusal
from quickml.document import understand
from quickml.errors import InputError, JobStateError, Notice, Problem, ServiceError
from quickml.text import LIMIT, masked, printable

IRIS = {
    "name": "iris", "dataset": "iris",
    "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
}  # fmt: skip
SCULPTML = sculptml_documents.iris()


@given(st.text(max_size=50), st.sampled_from([None, 10, 20]))
def test_what_is_printable_is_shown_as_it_is_and_the_rest_as_in_json(text, limit):
    shown = printable(text, limit)
    assert all(letter.isprintable() or letter in "\xa0\u202f\u3000\u200c\u200d" for letter in shown)
    assert limit is None or len(shown) <= limit
    if text.isprintable() and (limit is None or len(text) <= limit):
        assert shown == text


@given(
    st.recursive(
        st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    )
)
def test_json_keeps_its_value(value):
    stream = io.StringIO()
    say_json(value if not isinstance(value, str) else json.dumps(value, ensure_ascii=False), to=stream)
    assert (
        stream.getvalue()
        .removesuffix("\n")
        .replace("\u200c", "")
        .replace("\u200d", "")
        .replace("\xa0", " ")
        .replace("\u202f", " ")
        .replace("\u3000", " ")
        .isprintable()
    )
    assert json.loads(stream.getvalue()) == value


@pytest.mark.parametrize(
    "name",
    ["Blüten", "数字", "گل‌ها", "फूल", "цветы", "👩‍🔬", "rouge\u202f!", "全角　空白"],  # noqa: RUF001
)
def test_names_of_all_scripts_stay(name):
    assert printable(name) == name


def test_of_a_long_text_both_ends_stay():
    shown = printable(f"a path: {'A' * 5000}: expected text in UTF-8")
    assert len(shown) == LIMIT
    assert shown.startswith("a path: AAA")
    assert shown.endswith("AAA: expected text in UTF-8")


def hostile_documents():
    """A document with hostile text at each place where it has a key or a value."""

    def places(value, rebuild):
        yield rebuild(HOSTILE)
        if isinstance(value, dict):
            yield rebuild({**value, HOSTILE: 1})
            for key, inner in value.items():
                yield from places(inner, lambda new, key=key, value=value: rebuild({**value, key: new}))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                yield from places(
                    inner, lambda new, i=index, value=value: rebuild([*value[:i], new, *value[i + 1 :]])
                )

    complete = {
        **IRIS,
        "training": {
            "optimizer": {"type": "Adam"},
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
        },
        "export": {"formats": ["mlmodel"], "author": "me"},
    }
    for document in (complete, SCULPTML):
        yield from places(document, lambda new: new)


@pytest.mark.parametrize("document", list(hostile_documents()), ids=lambda _: "")
def test_what_a_document_contains_is_printable_in_messages(document, tmp_path):
    file = tmp_path / "a.json"
    file.write_text(json.dumps(document))
    done = commands.quickml("validate", file)
    assert done.returncode in (0, 2)
    assert is_clean(done.stdout + done.stderr), done
    answered = commands.quickml("validate", file, "--json")
    assert json.loads(answered.stdout)["valid"] is (done.returncode == 0)
    assert answered.stdout.removesuffix("\n").isprintable()


@pytest.mark.parametrize(
    "text", [HOSTILE, json.dumps({HOSTILE: 1}) + HOSTILE, '{"a": 1, "a": 2}', f'["{HOSTILE}"']
)
def test_what_is_no_document_is_printable_in_messages(text, tmp_path):
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    done = commands.quickml("validate", tmp_path / "a.json")
    assert done.returncode == 2
    assert is_clean(done.stderr), done.stderr


def test_notices_about_old_documents_are_printable():
    document = {**SCULPTML, HOSTILE: 1, "model": {**SCULPTML["model"], HOSTILE: [HOSTILE]}}
    document["model"]["layer_0"] = {**SCULPTML["model"]["layer_0"], HOSTILE: HOSTILE}
    notices = understand(document).notices
    assert notices
    for notice in notices:
        assert is_clean(str(notice))
        assert is_clean(sentence(events.Warned(pointer=notice.pointer, message=notice.message)))


@pytest.mark.parametrize("arguments", [
    ["validate", HOSTILE[:200].replace("\0", "")],
    [HOSTILE[:200]],
    ["run", f"--{HOSTILE[:200]}"],
    ["validate", "a.json", HOSTILE[:200].replace("\0", "")],
    ["predict", HOSTILE[:100].replace("\0", ""), "1"],
    ["inspect", HOSTILE[:100].replace("\0", "")],
    ["watch", HOSTILE, "--server", "http://127.0.0.1:9"],
    ["watch", "job", "--server", HOSTILE],
    ["serve", "--port", HOSTILE],
    ["serve", "--config", HOSTILE[:100].replace("\0", "")],
], ids=lambda arguments: arguments[0][:10].strip("\x1b]"))  # fmt: skip
def test_what_a_command_line_contains_is_printable_in_messages(arguments):
    done = commands.quickml(*arguments)
    assert done.returncode in (1, 2)
    assert is_clean(done.stdout + done.stderr), done.stderr


@pytest.mark.parametrize("content", [
    json.dumps({"type": "urn:quickml:problem:not-found", "title": "x", "detail": HOSTILE}),
    json.dumps({"type": "urn:quickml:problem:input", "detail": HOSTILE}),
    json.dumps({"type": "urn:quickml:problem:document", "problems": [dict.fromkeys(("pointer", "expected", "found", "hint", "subject"), HOSTILE)]}),
    HOSTILE,
], ids=["detail", "input", "document", "no JSON"])  # fmt: skip
@pytest.mark.parametrize("status", [401, 404, 422, 503])
def test_what_a_server_says_is_printable_in_messages(content, status):
    assert is_clean(str(refusal(status, {}, content.encode())))


def test_what_a_server_says_is_printable_between_retries(capsys):
    Outages()(ServiceError(HOSTILE, status=503), 1.0)
    assert is_clean(capsys.readouterr().err)


def test_every_error_is_printable():
    for error in (InputError(HOSTILE), JobStateError(job_id=HOSTILE, status=HOSTILE, expected="ready")):
        assert is_clean(str(error))
        assert "\n" not in str(error)
    assert is_clean(str(Problem(pointer=HOSTILE, expected=HOSTILE, found=HOSTILE, hint=HOSTILE)))
    assert is_clean(str(Notice(pointer=HOSTILE, message=HOSTILE)))


def test_the_log_is_printable():
    record = logs.logging.makeLogRecord({"msg": HOSTILE, "levelname": "ERROR"})
    try:
        raise RuntimeError("\x1b[31m")
    except RuntimeError as error:
        record.exc_info = (RuntimeError, error, error.__traceback__)
    assert all(line.isprintable() for line in logs.TextFormatter().format(record).splitlines())


def test_a_line_is_one_line():
    stream = io.StringIO()
    say("first\nsecond", "third", to=stream)
    assert stream.getvalue() == "first\\nsecond\nthird\n"


def test_one_place_prints():
    """Rich prints the rest, from text that was made printable."""
    folder = Path(inspect.getfile(quickml.cli)).parent
    found = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert found == {"__init__.py"}, "use `say` of cli/display/output.py"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ada:s3cret@host/x", "postgres://ada:s3cret@host/x", "postgresql://:s3cret@host/x", "postgresql://ada%3As3cret@host/x",
        "postgresql://ada:s3c/ret@host/x", "postgresql://ada:s3@cret@host/x", "postgresql://ada:s3?cret@host/x", "postgresql://ada:s3#cret@host",
        "postgresql://ada:1s3cret1?2@[::1]:5432/x", "s3cret:x@host", "mysql://s3cret%2Fx@host", "postgresql://ada:s3cret/x", "postgresql://host,ada:s3cret",
        "postgresql://host/x?password=s3cret", "postgresql://host/x?a=b&sslpassword=s3cret&c=d", "postgresql://host/x?p%61ssword=s3cret",
        "postgresql://host/x?PassWord=s3cret", "postgresql:///x?password=s3cret", "postgresql://host/x?passfile_passwd=s3cret",
        "s3://KEY:s3cret@bucket", "s3://bucket?secret_access_key=s3cret", "s3://bucket?secret_key=s3cret", "s3://bucket?x=1&session_token=s3cret",
        "s3://bucket?endpoint=http://ada:s3cret@host", "s3://bucket?endpoint=http%3A%2F%2Fada%3As3cret%40host&region=x",
        "s3://bucket?endpoint=http%3A%2F%2Fhost%3Ftoken%3Ds3cret", "https://host/x?X-Amz-Signature=s3cret&X-Amz-Security-Token=s3cret",
        "http://host/#token=s3cret", "http://host/?token=s3cret",
    ],
)  # fmt: skip
def test_an_address_is_shown_without_its_secrets(address):
    shown = masked(address)
    assert "cret" not in shown.replace("secret", "")
    assert "s3" not in shown.removeprefix("s3://")
    assert "***" in shown
    assert masked(shown) == shown


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://quickml@db.example.org/quickml?sslmode=verify-full", "postgresql://ada%40school@host:5432,other:5433/x",
        "postgresql:///x?host=/run/postgresql", "postgresql://quickml@host/x?password_file=/etc/quickml/password",
        "s3://bucket/prefix?endpoint=https%3A%2F%2Fs3.example.org%3A9000&region=eu&credentials_file=/etc/keys",
        "sqlite:////home/ada@host/jobs.db", "file:///home/ada@host/artifacts", "/srv/quickml", "",
    ],
)  # fmt: skip
def test_an_address_without_secrets_is_shown_as_it_is(address):
    assert masked(address) == address
