"""Settings: one table, four places to give them, and mistakes that are told with their place."""

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quickml.errors import SettingsError
from quickml.settings import TABLE, LimitSettings, ServerSettings, Settings, load
from quickml.settings.kinds import duration, read_size, show_size

NAMES = [row.name for row in TABLE]
EXAMPLES = {
    "data": "/srv/quickml", "database": "postgresql://quickml@db/quickml?sslmode=verify-full", "host": "0.0.0.0", "port": "0", "access": "tokens", "workers": "3", "worker_threads": "2", "seats": "4", "host_id": "host_01KB5V0Z0Q8F3C9YB8Q2M4T6RS", "express_workers": "1", "express_s": "30", "gpus": "2", "seats_per_gpu": "4", "lease_s": "30", "beat_s": "0.25",
    "worker_memory_bytes": "none", "attempts_per_worker": "9", "hang_s": "1.5", "grace_s": "0",
    "checkpoint_every_s": "5", "finish_s": "60", "patience_s": "9", "body_timeout_s": "2.5", "cors_origins": "https://a.example", "allowed_hosts": "models.example", "max_body_bytes": "64kB", "max_layers": "7", "max_parameters": "1000",
    "max_memory_bytes": "1.5GiB", "max_epochs": "5", "max_seconds": "none", "queued_per_owner": "1",
    "running_per_owner": "none", "queue_length": "10", "min_free_disk_bytes": "0", "event_rate_per_s": "0.5",
    "watchers": "10", "watcher_queue": "3", "watchers_per_owner": "7", "memory_per_owner_bytes": "10MB", "heartbeat_s": "1", "stall_s": "2", "min_rate_bytes": "1kB", "max_rate_bytes": "1MiB",
    "downloads_per_owner": "4", "accel_redirect": "/protected/", "link_max_s": "60", "link_key_file": "/srv/link.key", "max_file_bytes": "1GiB", "files_per_owner_bytes": "3GB", "files_per_owner": "9", "uploads_per_owner": "2", "keep_uploads_s": "60",
    "keep_unused_files_s": "none", "import_memory_bytes": "1GB", "import_timeout_s": "7", "import_pictures_timeout_s": "60", "log_format": "json", "log_level": "debug",
    "files": "s3://bucket/a?region=eu-central-1", "files_cache_bytes": "1GB", "keep_jobs_s": "90d", "keep_files_s": "86400", "downloads": "redirect",
}  # fmt: skip
TLS = {"tls_cert": "/c.pem", "tls_key": "/k.pem"}
WRONG = {
    "data": ["a\0b", "~nobody-of-this-name/x"], "host": ["a\nb"], "port": ["-1", "65536", "80.0", "http", "1e3", "٣", "9" * 19],
    "tls_cert": ["\0"], "access": ["Open", "token"], "workers": ["-1", "none"], "seats": ["0"], "gpus": ["-1", "none", "all", "65"], "seats_per_gpu": ["0", "auto"], "host_id": ["host_1", "none ", "../x"], "lease_s": ["0.5", "none"], "keep_jobs_s": ["90 days", "d", "-1h", "1e3d", "0.5s", "1d2h"], "keep_uploads_s": ["none", "inf"], "beat_s": ["0"], "worker_memory_bytes": ["-1", "2 G iB"],
    "hang_s": ["-1", "nan", "inf", "1e999", "ten"], "max_body_bytes": ["none", "1XB", "GiB", "1..5kB", "-1kB"],
    "max_rate_bytes": ["0", "fast"], "accel_redirect": ["protected/", "/protected", "/a//b/", "/ä/", "/a b/", "//a.example/"],
    "event_rate_per_s": ["0"], "queue_length": ["0", "None"], "log_level": ["INFO", "verbose"],
}  # fmt: skip


def given_by(way, name, text, tmp_path):
    """The arguments of `load` that give a setting so."""
    if way == "flag":
        return {"flags": {name: text}, "environment": {}}
    if way == "variable":
        return {"flags": {name: None}, "environment": {f"QUICKML_{name.upper()}": text, "HOME": "x"}}
    config = tmp_path / "quickml.toml"
    config.write_text(f"# a comment\n\n{name} = '{text}'\n")
    return {"flags": {}, "environment": {}, "config": config}


def problems(**keywords):
    with pytest.raises(SettingsError) as caught:
        load(**{"flags": {}, "environment": {}, **keywords})
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return caught.value.problems


def by_name(settings):
    return {row.name: getattr(getattr(settings, row.group), row.name) for row in TABLE}


def test_a_setting_is_in_one_group():
    assert len(set(NAMES)) == len(NAMES)
    assert Settings.of(port=1, max_layers=2) == Settings(
        server=ServerSettings(port=1), limits=LimitSettings(max_layers=2)
    )
    with pytest.raises(TypeError, match="'prot'"):
        Settings.of(prot=1)


def test_nothing_given_is_all_defaults():
    assert load({}, {}) == Settings()
    assert load(dict.fromkeys(NAMES), {}) == Settings()


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load({}, {}).server.port = 1


def test_the_examples_name_every_setting():
    assert set(EXAMPLES) | set(TLS) | {"database_password_file", "files_credentials_file"} == set(NAMES)


@pytest.mark.parametrize("way", ["flag", "variable", "file"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_setting_can_be_given_in_every_way(way, name, tmp_path):
    settings = load(**given_by(way, name, EXAMPLES[name], tmp_path))
    values, defaults = by_name(settings), by_name(Settings())
    assert values.pop(name) != defaults.pop(name)
    assert values == defaults
    assert load(**given_by("flag", name, EXAMPLES[name], tmp_path)) == settings


@pytest.mark.parametrize("way", ["flag", "variable", "file"])
@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRONG.items() for text in texts])
def test_every_mistake_is_told_with_its_place(way, name, text, tmp_path):
    if way == "file" and not text.isprintable():
        pytest.skip("not even TOML")
    (problem,) = problems(**given_by(way, name, text, tmp_path))
    (row,) = [row for row in TABLE if row.name == name]
    place = {"flag": row.flag, "variable": row.variable, "file": f"{tmp_path / 'quickml.toml'}:3"}[way]
    assert (problem.pointer, problem.expected, problem.found) == (place, row.kind.expected, repr(text))


def test_a_flag_wins_over_a_variable_and_that_over_the_file(tmp_path):
    config = tmp_path / "quickml.toml"
    config.write_text("port = 1\nworkers = 1\nmax_layers = 1\n")
    variables = {"QUICKML_PORT": "2", "QUICKML_WORKERS": "2"}
    settings = load({"port": "3"}, variables, config)
    assert (settings.server.port, settings.workers.workers, settings.limits.max_layers) == (3, 2, 1)
    assert settings.limits.max_epochs == Settings().limits.max_epochs


def test_what_another_place_wins_over_is_not_looked_at():
    assert load({"port": "3"}, {"QUICKML_PORT": "x"}).server.port == 3


def test_an_empty_variable_is_none():
    assert load({}, {"QUICKML_PORT": "", "QUICKML_NONSENSE": ""}) == Settings()


def test_the_file_may_be_named_by_a_variable(tmp_path):
    first, second = tmp_path / "1.toml", tmp_path / "2.toml"
    first.write_text("port = 1")
    second.write_text("port = 2")
    assert load({}, {"QUICKML_CONFIG": str(first)}).server.port == 1
    assert load({}, {"QUICKML_CONFIG": str(first)}, second).server.port == 2


def test_toml_has_its_own_types(tmp_path):
    config = tmp_path / "quickml.toml"
    config.write_text(
        'port = 1\nhang_s = 2.5\ngrace_s = 3\nmax_body_bytes = 4096\nmax_memory_bytes = "1GiB"\n'
    )
    settings = load({}, {}, config)
    assert (settings.server.port, settings.workers.hang_s, settings.workers.grace_s) == (1, 2.5, 3.0)
    assert (settings.server.max_body_bytes, settings.limits.max_memory_bytes) == (4096, 1 << 30)
    assert isinstance(settings.workers.grace_s, float)


@pytest.mark.parametrize(
    "line",
    ["port = true", "port = 1.0", "port = [1]", "port = {a = 1}", "port = 1979-05-27", "hang_s = true", "hang_s = nan",
     "hang_s = inf", "host = 1", "data = 1", "max_body_bytes = 1.5", "max_body_bytes = true", "max_body_bytes = -1",
     f"hang_s = {10**400}", f"queue_length = {10**30}", "[port]", "port.x = 1", "access = []"],
)  # fmt: skip
def test_values_of_the_wrong_type(tmp_path, line):
    config = tmp_path / "quickml.toml"
    config.write_text(f"workers = 1\n\n{line}\n")
    (problem,) = problems(config=config)
    assert problem.pointer == f"{config}:3"
    assert len(problem.found) <= 80


def test_paths_start_from_the_file_or_from_here(tmp_path, monkeypatch):
    config = tmp_path / "quickml.toml"
    config.write_text('data = "here"\n')
    assert load({}, {}, config).storage.data == tmp_path / "here"
    config.write_text(f"data = '{Path.cwd() / 'there'}'\n")
    assert load({}, {}, config).storage.data == Path.cwd() / "there"
    assert load({"data": "here"}, {}).storage.data == Path("here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load({"data": "~/x"}, {}).storage.data == tmp_path / "x"


def test_all_problems_are_told_at_once(tmp_path):
    config = tmp_path / "quickml.toml"
    config.write_text("port = 0\nportt = 5\n\n[workers]\na = 1\n")
    found = problems(
        config=config,
        environment={"QUICKML_MAX_LAYER": "secret", "QUICKML_PORT": "x"},
        flags={"log_level": "loud"},
    )
    assert [str(problem) for problem in found] == [
        f"{config}:2: expected a setting, found 'portt'; did you mean 'port'?",
        "QUICKML_MAX_LAYER: expected a setting, found 'QUICKML_MAX_LAYER'; did you mean 'QUICKML_MAX_LAYERS'?",
        "QUICKML_PORT: expected an integer, 0 to 65535, found 'x'",
        f"{config}:4: expected an integer, 0 to 256, found {{'a': 1}}",
        "--log-level: expected one of debug, info, warning, error, found 'loud'",
    ]


def test_a_clients_variables_are_no_mistake():
    assert load({}, {"QUICKML_SERVER": "x", "QUICKML_TOKEN": "y", "PATH": "z"}) == Settings()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"port = \n", r":1: expected TOML, found a syntax error"), (b"\n\nport = 1\nport = 2\n", r":4: expected TOML"), (b"\xff", "expected TOML")],
)  # fmt: skip
def test_what_is_no_toml(tmp_path, content, message):
    config = tmp_path / "quickml.toml"
    config.write_bytes(content)
    (problem,) = problems(config=config)
    assert re.search(message, str(problem))


def test_a_file_that_is_not_there(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        (problem,) = problems(config=path)
        assert (problem.pointer, problem.expected) == (str(path), "a TOML file")


def test_a_certificate_needs_its_key():
    settings = load(TLS, {})
    assert (settings.server.tls_cert, settings.server.tls_key) == (Path("/c.pem"), Path("/k.pem"))
    (problem,) = problems(flags={"tls_cert": "/c.pem"})
    assert str(problem) == "--tls-cert: expected tls_key beside tls_cert, found tls_cert alone"
    (problem,) = problems(environment={"QUICKML_TLS_KEY": "/k.pem"})
    assert problem.pointer == "QUICKML_TLS_KEY"
    (problem,) = problems(flags={"tls_cert": "none", "tls_key": "/k.pem"})
    assert problem.pointer == "--tls-key"
    (problem,) = problems(environment={"QUICKML_CONFIG": "~nobody-of-this-name/x"})
    assert (problem.pointer, problem.expected) == ("QUICKML_CONFIG", "a path")
    (problem,) = problems(flags={"tls_cert": "\0", "tls_key": "/k.pem"})
    assert problem.pointer == "--tls-cert"
    assert load({"tls_cert": "none", "tls_key": "none"}, {}) == Settings()


@pytest.mark.parametrize(
    ("access", "host", "required"),
    [("auto", "127.0.0.1", False), ("auto", "127.8.8.8", False), ("auto", "::1", False), ("auto", "LOCALHOST", False),
     ("auto", "0.0.0.0", True), ("auto", "::", True), ("auto", "192.168.1.5", True), ("auto", "localhost.example.org", True),
     ("auto", "my-laptop.local", True), ("auto", "127.0.0.1.example.org", True), ("open", "0.0.0.0", False),
     ("tokens", "127.0.0.1", True)],
)  # fmt: skip
def test_who_must_show_a_token(access, host, required):
    assert load({"access": access, "host": host}, {}).server.tokens_required is required


def test_every_row_is_told():
    for row in TABLE:
        assert row.help.endswith(".")
        assert row.default
        assert row.flag == "--" + row.name.replace("_", "-")
        assert row.variable == "QUICKML_" + row.name.upper()


def test_the_default_that_is_told_is_the_default():
    """Where it does not depend on the machine."""
    on_this_machine = {"data", "workers", "worker_threads"}
    for row in TABLE:
        if row.name not in on_this_machine:
            assert row.kind.read(row.default) == by_name(Settings())[row.name]


# Sizes


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1", 1), ("1B", 1), ("1kB", 1000), ("1KB", 1000), ("1 KiB", 1024), ("2GiB", 2 << 30), ("500mb", 500_000_000),
     ("1.5GiB", 3 << 29), ("0.001kB", 1), (" 7 ", 7), ("1TiB", 1 << 40), ("0.1KiB", 102)],
)  # fmt: skip
def test_sizes(text, size):
    assert read_size(text) == size


@given(st.integers(0, 2**60))
def test_a_size_shown_is_read_back(size):
    assert read_size(show_size(size)) == size
    assert read_size(size) == read_size(str(size)) == size


@given(st.integers(0, 10**6), st.sampled_from(["kB", "MB", "GB", "TB"]), st.sampled_from(["", " "]))
def test_units_are_powers_of_a_thousand_and_of_1024(number, unit, space):
    power = "kMGT".index(unit[0]) + 1
    assert read_size(f"{number}{space}{unit}") == number * 1000**power
    assert read_size(f"{number}{space}{unit[0]}iB") == number * 1024**power


@given(name=st.sampled_from(NAMES), text=st.text(max_size=20), way=st.sampled_from(["flags", "environment"]))
def test_any_text_is_taken_or_told(name, text, way):
    """Never another error, and what is taken is taken again when it is shown."""
    assume(text)
    row = next(row for row in TABLE if row.name == name)
    arguments = {"flags": {}, "environment": {}} | {way: {name if way == "flags" else row.variable: text}}
    try:
        settings = load(**arguments)
    except SettingsError as error:
        (problem,) = error.problems
        assert problem.pointer == (row.flag if way == "flags" else row.variable)
        return
    value = by_name(settings)[name]
    again = row.kind.read(row.kind.show(value))
    assert again == (pytest.approx(value) if isinstance(value, float) else value)


@given(st.binary(max_size=60))
def test_any_file_is_taken_or_told(tmp_path_factory, content):
    config = tmp_path_factory.getbasetemp() / "any.toml"
    config.write_bytes(content)
    try:
        load({}, {}, config)
    except SettingsError as error:
        assert all(problem.pointer.startswith(str(config)) for problem in error.problems)


@given(
    lines=st.lists(st.sampled_from(["# port = 1", "", "workers = 1", '"max_layers" = 2', "grace_s=1", "log_level = 'info'"]), max_size=6, unique=True),
)  # fmt: skip
def test_the_line_of_a_mistake_is_found(tmp_path_factory, lines):
    config = tmp_path_factory.getbasetemp() / "lines.toml"
    config.write_text("\n".join([*lines, "  'port'  = 'x'"]))
    (problem,) = problems(config=config)
    assert problem.pointer == f"{config}:{len(lines) + 1}"


@pytest.mark.parametrize(
    "address",
    ["postgresql://ada:s3cret@host/x", "postgresql://host/x?password=s3cret", "postgresql://ada:s3cret/@host", "s3cret:x@host", "postgres://ada:s3cret@host/x", "postgresql://h/x?p%61ssword=s3cret"],
)  # fmt: skip
def test_an_address_with_a_password_is_refused_and_the_password_not_told(address, tmp_path):
    config = tmp_path / "quickml.toml"
    config.write_text(f'database = "{address}"')
    for place in ({"flags": {"database": address}}, {"flags": {}, "config": config}):
        with pytest.raises(SettingsError, match="expected an address without a password") as error:
            load(**place, environment={})
        assert "s3cret" not in repr(error.value) + str(error.value) + str(error.value.problems)


def test_a_password_file_needs_an_address(tmp_path):
    with pytest.raises(SettingsError, match="expected database beside database_password_file"):
        load({"database_password_file": "x"}, environment={})
    for place in ("postgresql://quickml@host/x", "postgres://quickml@host/x"):
        given = {"database": place, "database_password_file": "x"}
        assert load(given, environment={}).storage.place == place


def test_files_are_in_a_folder_or_at_an_address_without_keys(tmp_path):
    config = tmp_path / "quickml.toml"
    config.write_text('files = "files"\n')
    assert load({}, {}, config).storage.files == tmp_path / "files"
    assert load({"files": "s3://bucket"}, {}).storage.files == "s3://bucket"
    for wrong in (
        "s3://KEY:secret@bucket",
        "s3://bucket?secret_access_key=secret",
        "s3://bucket?session_token=secret",
        "s3:/bucket/prefix",
        "s3:bucket",
    ):
        (problem,) = problems(flags={"files": wrong})
        assert "secret@" not in problem.found
        assert "=secret" not in problem.found
    with pytest.raises(SettingsError, match="expected files beside files_credentials_file"):
        load({"files_credentials_file": "x"}, environment={})


def test_files_are_not_kept_longer_than_their_jobs():
    (problem,) = problems(flags={"keep_jobs_s": "7d", "keep_files_s": "90d"})
    told = "--keep-files-s: expected at most keep_jobs_s, 7d: files are deleted with their job, found 90d"
    assert str(problem) == told
    (problem,) = problems(flags={"keep_jobs_s": "60"}, environment={"QUICKML_KEEP_FILES_S": "2 min"})
    assert problem.pointer == "QUICKML_KEEP_FILES_S"
    for jobs, files in (("7d", "168h"), ("none", "90d"), ("7d", "none")):
        load({"keep_jobs_s": jobs, "keep_files_s": files}, {})


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [("90d", 7776000.0, "90d"), ("1.5 h", 5400.0, "90min"), ("45", 45.0, "45s"), ("0.25d", 21600.0, "6h")],
)
def test_durations_have_units(text, seconds, shown):
    kind = duration(1.0)
    assert (kind.read(text), kind.show(seconds), kind.read(shown)) == (seconds, shown, seconds)
