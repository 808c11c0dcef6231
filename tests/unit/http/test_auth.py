"""Who may come in: tokens, owners, names of the server, other people's web pages."""

import json
import re
from pathlib import Path

import pytest

from quickml.http.app import ROUTERS
from quickml.settings import Settings
from served import IRIS, JSON, Served, is_problem, served


@pytest.fixture
def server(tmp_path):
    with served(tmp_path, workers=0, access="tokens") as server:
        yield server


ROUTES = [
    ("GET", "/v1/jobs"), ("POST", "/v1/jobs"), ("POST", "/v1/validate"), ("GET", "/v1/layers"), ("GET", "/v1/datasets"),
    ("GET", "/v1/datasets/iris"), ("GET", "/v1/schema"), ("GET", "/v1/jobs/x"), ("GET", "/v1/jobs/x/events"),
    ("GET", "/v1/jobs/x/artifacts"), ("POST", "/v1/jobs/x/stop"), ("POST", "/v1/jobs/x/cancel"), ("DELETE", "/v1/jobs/x"),
    ("POST", "/v1/jobs/x/predictions"), ("POST", "/v1/jobs/x/explanations"), ("GET", "/v1/artifacts/x/y"), ("HEAD", "/v1/artifacts/x/y"), ("GET", "/v1/artifacts/x"), ("POST", "/v1/jobs/x/links"), ("POST", "/make-model"),
    ("GET", "/check-model?model_name=x"), ("GET", "/get-model?model_name=x"), ("GET", "/get-all"),
    ("GET", "/stop-model?model_name=x"), ("GET", "/metrics"),
    ("GET", "/v1/events"), ("GET", "/v1/jobs/x/frames"), ("GET", "/v1/jobs/x/answers"), ("GET", "/v1/jobs/x/interface"), ("GET", "/v1/datasets/x/samples"), ("GET", "/v1/datasets/x/sheet.png"), ("GET", "/v1/examples"),
    ("GET", "/v1/files"), ("POST", "/v1/files"), ("GET", "/v1/files/x"), ("DELETE", "/v1/files/x"), ("GET", "/v1/uploads"),
    ("GET", "/v1/files/x/profile"), ("GET", "/v1/files/x/rows"), ("GET", "/v1/files/x/samples"), ("GET", "/v1/files/x/sheet.png"),
    ("GET", "/v1/files/x/events"), ("GET", "/v1/uploads/x/profile"), ("HEAD", "/v1/uploads/x"), ("PATCH", "/v1/uploads/x"), ("DELETE", "/v1/uploads/x"),
]  # fmt: skip
OPEN = {("GET", "/"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/v1/openapi.json")}


def test_every_route_is_tried():
    app = Served(Path("/nowhere"), workers=0).app
    paths = {(method.upper(), path) for path, found in app.openapi()["paths"].items() for method in found}
    tried = {(method, re.sub(r"\?.*", "", path)) for method, path in ROUTES} | OPEN
    patterns = {(m, re.sub(r"\{\w+\}", "[^/]+", p)) for m, p in paths}
    for method, pattern in patterns:
        assert any(m == method and re.fullmatch(pattern, path) for m, path in tried), (method, pattern)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("how", ["none", "wrong", "revoked", "basic"])
def test_nobody_comes_in_without_a_token(server, method, path, how):
    token, secret = server.tokens.create("ada")
    server.tokens.revoke(token.id)
    value = {
        "none": None,
        "wrong": "Bearer qml_x",
        "revoked": f"Bearer {secret}",
        "basic": f"Basic {secret}",
    }[how]
    headers = {**JSON, **({"Authorization": value} if value else {})}
    answer = server.client.request(method, path, headers=headers)
    assert answer.headers["www-authenticate"] == "Bearer"
    if method != "HEAD":
        is_problem(answer, 401, "unauthorized")
    assert answer.status_code == 401


@pytest.mark.parametrize(("method", "path"), sorted(OPEN))
def test_a_few_routes_are_everybodys(server, method, path):
    assert server.client.request(method, path).status_code == 200


def test_a_token_comes_in_a_header_or_in_the_address(server):
    _, secret = server.tokens.create("ada")
    assert server.client.get("/v1/jobs", headers={"Authorization": f"bearer  {secret}"}).status_code == 200
    assert server.client.get("/v1/jobs", params={"token": secret}).status_code == 200


def test_revoking_takes_effect_at_once(server):
    token, secret = server.tokens.create("ada")
    assert server.client.get("/v1/jobs", params={"token": secret}).status_code == 200
    server.tokens.revoke(token.id)
    assert server.client.get("/v1/jobs", params={"token": secret}).status_code == 401


def test_the_first_token_is_made_once(server):
    token, secret = server.service.first_token("admin")
    assert server.service.owner_of(secret) == "admin"
    assert server.service.first_token("admin") is None
    server.tokens.revoke(token.id)
    assert server.service.first_token("admin") is not None


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "localhost.:80"]
)
def test_an_open_server_answers_to_this_machines_names_alone(tmp_path, host):
    """A page whose name leads to 127.0.0.1 could otherwise read everything."""
    with served(tmp_path, workers=0) as server:
        is_problem(server.client.get("/v1/jobs", headers={"Host": host}), 421, "misdirected-request")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]"])
def test_all_names_of_this_machine_will_do(tmp_path, host):
    with served(tmp_path, workers=0) as server:
        assert server.client.get("/v1/jobs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.7"])
def test_neither_does_one_that_is_open_on_purpose_for_this_machine(tmp_path, host):
    with served(tmp_path, workers=0, access="open", host=host) as server:
        answer = server.client.get("/v1/jobs", headers={"Host": "evil.example:8000"})
        assert "allowed_hosts" in is_problem(answer, 421, "misdirected-request")["detail"]
        name = f"[{host}]" if ":" in host else host
        for own in ("localhost:8000", name, f"{name}:8000"):
            assert server.client.get("/v1/jobs", headers={"Host": own}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_setting_names_the_hosts_of_a_server_behind_a_proxy(tmp_path, host):
    names = "classroom.example, Other.example"
    with served(tmp_path, workers=0, access="open", host=host, allowed_hosts=names) as server:
        for own in ("classroom.example", "other.example:443", "localhost"):
            assert server.client.get("/v1/jobs", headers={"Host": own}).status_code == 200
        is_problem(
            server.client.get("/v1/jobs", headers={"Host": "evil.example"}), 421, "misdirected-request"
        )


def test_tokens_make_the_name_of_a_server_unimportant(tmp_path):
    with served(tmp_path, workers=0, access="tokens") as server:
        _, secret = server.tokens.create("ada")
        headers = {"Host": "models.example", "Authorization": f"Bearer {secret}"}
        assert server.client.get("/v1/jobs", headers=headers).status_code == 200


FOREIGN = {
    "a current browser": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    "a picture's address": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"},
    "another port": {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:5173"},
    "an old browser": {"Origin": "https://evil.example"},
    "an old browser, another port": {"Origin": "http://localhost:5173"},
    "a name that begins alike": {"Origin": "http://localhost:8000.evil.example"},
    "a name that ends alike": {"Origin": "http://evil-localhost:8000"},
    "a file": {"Origin": "null"},
    "a file, an old protocol": {"Origin": "null", "Host": "localhost"},
    "no address": {"Origin": "http://["},
    "an unknown value": {"Sec-Fetch-Site": "x"},
}
OWN = {
    "no browser, as the app of 2018": {},
    "a page of this server": {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8000"},
    "the address bar": {"Sec-Fetch-Site": "none"},
    "behind a proxy that changes Host": {"Sec-Fetch-Site": "same-origin", "Origin": "https://a.example"},
    "an old browser": {"Origin": "http://localhost:8000"},
    "an old browser, HTTPS at the proxy": {"Origin": "https://LOCALHOST:8000"},
}
CHANGES = [
    (method, path)
    for method, path in ROUTES
    if method in ("POST", "DELETE") or path.startswith("/stop-model")
]


@pytest.fixture(scope="module")
def open_server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("open"), workers=0) as server:
        yield server


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_pages_of_others_change_nothing(open_server, method, path, headers):
    answer = open_server.client.request(method, path, headers={"Content-Type": "text/plain", **headers})
    assert "cors_origins" in is_problem(answer, 403, "forbidden")["detail"]


@pytest.mark.parametrize("headers", OWN.values(), ids=OWN)
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_programs_and_pages_of_this_server_may_change_everything(open_server, method, path, headers):
    assert open_server.client.request(method, path, headers={**JSON, **headers}).status_code != 403


def test_every_change_is_tried():
    """Only POST, PATCH, DELETE and `/stop-model` change anything, and they are in `CHANGES`."""
    routes = [route for module in ROUTERS for route in module.router.routes]
    assert {method for route in routes for method in route.methods} == {
        "GET",
        "HEAD",
        "OPTIONS",
        "POST",
        "PATCH",
        "DELETE",
    }


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_a_page_of_others_submits_and_stops_no_job(open_server, headers):
    job_id = open_server.submit()
    client, plain = open_server.client, {"Content-Type": "text/plain", **headers}
    is_problem(client.post("/make-model", content=json.dumps(IRIS), headers=plain), 403, "forbidden")
    is_problem(client.get("/stop-model?model_name=iris", headers=headers), 403, "forbidden")
    for path in ("stop", "cancel"):
        is_problem(client.post(f"/v1/jobs/{job_id}/{path}", headers=headers), 403, "forbidden")
    is_problem(client.delete(f"/v1/jobs/{job_id}", headers=headers), 403, "forbidden")
    assert client.get(f"/v1/jobs/{job_id}", headers=headers).json()["status"] == "queued"
    assert client.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert client.get("/v1/jobs").json()["jobs"] == []


@pytest.mark.parametrize("setting", ["https://a.example, https://b.example", "*"])
def test_pages_that_a_setting_allows_may_change_everything(tmp_path, setting):
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://b.example"}
    with served(tmp_path, workers=0, cors_origins=setting) as server:
        assert server.post(headers=headers).status_code == 202
        answer = server.post(headers={**headers, "Origin": "https://b.example.evil.example"})
        assert answer.status_code == (202 if setting == "*" else 403)


def test_a_server_that_is_open_on_purpose_answers_to_any_name(tmp_path):
    with served(tmp_path, workers=0, access="open", host="0.0.0.0") as server:
        assert server.client.get("/v1/jobs", headers={"Host": "classroom.example"}).status_code == 200


def test_what_is_reachable_by_others_asks_for_tokens(tmp_path):
    assert Settings.of(data=tmp_path, host="0.0.0.0").server.tokens_required
    with served(tmp_path, workers=0, host="0.0.0.0") as server:
        is_problem(server.client.get("/v1/jobs"), 401, "unauthorized")


def test_every_answer_has_safe_headers(server):
    for path in ("/healthz", "/v1/jobs", "/nowhere"):
        headers = server.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"


def preflight(server, origin):
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    return server.client.options("/v1/jobs", headers=asked)


def test_other_web_pages_are_not_let_in_unless_a_setting_says_so(tmp_path):
    with served(tmp_path, workers=0) as server:
        assert "access-control-allow-origin" not in preflight(server, "https://a.example").headers
        got = server.client.get("/v1/jobs", headers={"Origin": "https://a.example"})
        assert "access-control-allow-origin" not in got.headers
    with served(tmp_path, workers=0, cors_origins="https://a.example, https://b.example") as server:
        allowed = preflight(server, "https://b.example")
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (
            200,
            "https://b.example",
        )
        assert "access-control-allow-origin" not in preflight(server, "https://c.example").headers


def test_the_log_has_no_token(server, caplog):
    _, secret = server.tokens.create("ada")
    with caplog.at_level("INFO"):
        server.client.get("/v1/jobs", params={"token": secret})
    told = [
        record.getMessage() for record in caplog.records if record.name not in ("httpx", "httpx2")
    ]  # that is the client
    assert told == ["GET /v1/jobs 200"]
