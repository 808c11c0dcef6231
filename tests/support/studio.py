"""The studio in a browser: a server with its page, jobs trained through the API, and what every view has to pass.

    from browser import chromium, visit
    from studio import PHONE, axe, screens, studio

    def test_a_view(chromium, studio):
        job = studio.train(SPIRALS)
        with visit(chromium, studio.page(f"#/watch/{job['id']}"), **PHONE) as page:
            ...
            axe(page)
            screens(page, "watch")

`studio` is a fixture: one server for the tests of a module. A test that kills its server uses `standing` instead.
With STUDIO_SCREENSHOTS set to a folder, `screens` writes pictures there.
"""

import json
import os
from contextlib import contextmanager
from pathlib import Path

import pytest

from quickml.http.studio.built import FOLDER, PAGE
from server_process import PATIENCE_S, ROOT, serving

IRIS = json.loads((ROOT / "iris_spec.json").read_text())
SPIRALS = json.loads((ROOT / "examples" / "spirals.json").read_text())
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")

DESKTOP = {"viewport": {"width": 1440, "height": 900}}
TABLET = {"viewport": {"width": 820, "height": 1180}, "has_touch": True}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DARK = {"color_scheme": "dark"}
STILL = {"reduced_motion": "reduce"}
GERMAN = {"locale": "de-DE"}
SPANISH = {"locale": "es-ES"}
"""Arguments of `visit`, which can be combined: `visit(chromium, address, **TABLET, **DARK)`."""


class StudioServer:
    """A running server, and the addresses of its page."""

    def __init__(self, server, token=None):
        self.server, self.client, self.token = server, server.client, token
        if token:
            self.client.headers["Authorization"] = f"Bearer {token}"

    def page(self, hash=""):
        """The address of the page, such as `page("#/runs")`."""
        return f"{self.server.address}/{hash}"

    def submit(self, document, **changes):
        """A new job; `changes` replace keys of `training`. Returns its id."""
        training = {**document.get("training", {}), **changes}
        return self.server.submit({**document, "training": training})

    def train(self, document, **changes):
        """A job that is ready, as `GET /v1/jobs/{id}` describes it."""
        return self.ready(self.submit(document, **changes))

    def ready(self, job_id):
        """A job, once it is ready."""
        job = self.server.until(lambda: self._ended(job_id), f"the end of {job_id}")
        assert job["status"] == "ready", job
        return job

    def _ended(self, job_id):
        job = self.server.job(job_id)
        return job if job["status"] in ("ready", "failed", "cancelled") else None

    def until(self, job_id, status):
        """Wait until a job has a status."""
        self.server.until(lambda: self.server.job(job_id)["status"] == status, f"{job_id} to be {status}")

    def delete_all(self):
        """Delete all jobs."""
        for job in self.client.get("/v1/jobs", params={"limit": 200}).json()["jobs"]:
            self.client.delete(f"/v1/jobs/{job['id']}")

    def log(self):
        """What the server has logged."""
        return self.log_file.read_text(encoding="utf-8")

    log_file = None


@contextmanager
def standing(folder, *flags):
    """A `quickml serve` with the page on a free port, whose data is in a folder."""
    needs_page()
    data = folder / "data"
    with serving(data, *flags) as server:
        found = StudioServer(server, _token(server.greeting))
        found.log_file = data.parent / f"{data.name}.log"
        yield found


def _token(greeting):
    rows = [line.split() for line in greeting.splitlines()]
    return next(
        (row[1] for row in rows if len(row) == 2 and row[0] == "token" and row[1].startswith("qml_")), None
    )


def needs_page():
    """Skip a test where the page is not built."""
    if not (FOLDER / PAGE).exists():
        pytest.skip("the page is not built: run `npm ci && npm run build` in web/")


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """One server for the tests of a module."""
    with standing(tmp_path_factory.mktemp("studio")) as found:
        yield found


def axe(page, within="document"):
    """Check the accessibility of a page, or of a part of it, by the rules of WCAG 2.1 A and AA.

    Skips the rest of the test where axe-core is not installed.
    """
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run `npm ci` in web/")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    place = "document" if within == "document" else f"document.querySelector({json.dumps(within)})"
    found = page.evaluate(f"options => axe.run({place}, options)", options)
    faults = [_fault(violation, node) for violation in found["violations"] for node in violation["nodes"]]
    assert not faults, f"{len(faults)} faults of accessibility:\n" + "\n".join(faults)


def _fault(violation, node):
    reasons = "; ".join(check["message"] for check in (*node["any"], *node["all"], *node["none"]))
    return f"{violation['id']}: {' '.join(map(str, node['target']))}: {reasons}\n    {node['html'][:200]}"


def screens(page, name):
    """Pictures of a page in both schemes, as NAME-WIDTH-SCHEME.png, if STUDIO_SCREENSHOTS is set."""
    if not (folder := os.environ.get("STUDIO_SCREENSHOTS")):
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    before = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(300)  # charts on canvases are drawn again
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}-{scheme}.png")
    page.emulate_media(color_scheme=before)


__all__ = [
    "DARK", "DESKTOP", "GERMAN", "IRIS", "PATIENCE_S", "PHONE", "SPANISH", "SPIRALS", "STILL", "TABLET",
    "StudioServer", "axe", "needs_page", "screens", "standing", "studio",
]  # fmt: skip
