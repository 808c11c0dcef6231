"""The addresses of all routes: the server registers them, the client fills them in."""

from __future__ import annotations

import re
from urllib.parse import quote

from quickml.errors import InputError

INDEX = "/"
ASSET = "/assets/{filename:path}"
HEALTH = "/healthz"
READINESS = "/readyz"
METRICS = "/metrics"
OPENAPI = "/v1/openapi.json"

JOBS = "/v1/jobs"
JOB = "/v1/jobs/{job_id}"
JOB_STOP = f"{JOB}/stop"
JOB_CANCEL = f"{JOB}/cancel"
JOB_EVENTS = f"{JOB}/events"
JOB_FRAMES = f"{JOB}/frames"
JOB_ARTIFACTS = f"{JOB}/artifacts"
JOB_INTERFACE = f"{JOB}/interface"
JOB_ANSWERS = f"{JOB}/answers"
JOB_LINKS = f"{JOB}/links"
JOB_PREDICTIONS = f"{JOB}/predictions"
JOB_EXPLANATIONS = f"{JOB}/explanations"

CHANGES = "/v1/events"

PARTS = "/v1/artifacts/{sha256}"
FILE = f"{PARTS}/{{filename:path}}"

USER_FILES = "/v1/files"
USER_FILE = f"{USER_FILES}/{{sha256}}"
USER_FILE_PROFILE = f"{USER_FILE}/profile"
USER_FILE_ROWS = f"{USER_FILE}/rows"
USER_FILE_EVENTS = f"{USER_FILE}/events"
USER_FILE_SAMPLES = f"{USER_FILE}/samples"
USER_FILE_SHEET = f"{USER_FILE}/sheet.png"
UPLOADS = "/v1/uploads"
UPLOAD = f"{UPLOADS}/{{upload_id}}"
UPLOAD_PROFILE = f"{UPLOAD}/profile"

VALIDATE = "/v1/validate"
LAYERS = "/v1/layers"
DATASETS = "/v1/datasets"
DATASET = f"{DATASETS}/{{name}}"
DATASET_SAMPLES = f"{DATASET}/samples"
DATASET_SHEET = f"{DATASET}/sheet.png"
SCHEMA = "/v1/schema"
EXAMPLES = "/v1/examples"

MAKE_MODEL = "/make-model"
CHECK_MODEL = "/check-model"
GET_MODEL = "/get-model"
GET_ALL = "/get-all"
STOP_MODEL = "/stop-model"
"""The routes of SculptML."""

_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")


def address(route: str, **names: str) -> str:
    """The path of a route with its parameters filled in and percent-encoded.

    Slashes are kept in a `:path` parameter only, so that no name leads to another route.

    Raises:
        InputError: a parameter, or a segment of it, is empty, `.` or `..`.
    """

    def filled(parameter: re.Match[str]) -> str:
        name, is_path = parameter.groups()
        segments = names[name].split("/") if is_path else [names[name]]
        return "/".join(_segment(name, segment) for segment in segments)

    return _PARAMETER.sub(filled, route)


def _segment(name: str, segment: str) -> str:
    if segment in ("", ".", ".."):
        raise InputError(f"{name}: expected a name, found {segment!r}")
    return quote(segment, safe="", errors="replace")
