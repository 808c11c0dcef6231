"""What the file of a table answers over HTTP: values by name, and encoded rows, as samples have them."""

from __future__ import annotations

import numpy as np
import pytest

import tables
from answering import ask, ready
from quickml.client import model_endpoints
from quickml.datasets.encoding import decode
from served import is_problem, served


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with tables.registered(), served(tmp_path_factory.mktemp("server"), workers=0) as server:
        yield server


@pytest.fixture(
    scope="module",
    params=[("flats", "mlmodel"), ("offers", "mlpackage"), ("costs", "mlmodel")],
    ids=lambda one: one[0],
)
def table(request, server, tmp_path_factory):
    dataset, kind = request.param
    document = tables.document(dataset)
    return ready(server, document, kind, tmp_path_factory.mktemp("x") / "result")


def sent(rows):
    """As the client sends them: JSON has no NaN."""
    return [model_endpoints._input(row) for row in rows]


def test_values_by_name_are_answered(server, table):
    job_id, probe = table
    rows = decode(tables.COLUMNS, probe.inputs[:40])
    answer = ask(server, job_id, sent(rows))
    assert answer.status_code == 200, answer.text
    found = [row["values"] for row in answer.json()["predictions"]]
    np.testing.assert_allclose(found, probe.expected[:40], rtol=1e-4, atol=1e-4)
    named = [dict(zip(tables.INPUTS, row.values(), strict=True)) for row in sent(rows)]
    assert ask(server, job_id, named).json() == answer.json()


def test_several_targets_have_their_names(server, table):
    job_id, probe = table
    answer = ask(server, job_id, sent(decode(tables.COLUMNS, probe.inputs[:1]))).json()["predictions"][0]
    names = ["rent (EUR)", "heating"] if probe.expected.shape[1] == 2 else []
    assert answer["targets"] == dict(zip(names, answer["values"], strict=False))
    outputs = server.client.get(f"/v1/jobs/{job_id}/interface").json()["outputs"]
    if names:
        assert [(one["name"], one["column"], one["kind"]) for one in outputs] == [
            ("rent_EUR", "rent (EUR)", "double"),
            ("heating", "", "double"),
        ]


def test_encoded_rows_are_answered_alike(server, table):
    job_id, probe = table
    found = ask(server, job_id, probe.inputs[:5].tolist()).json()["predictions"]
    np.testing.assert_allclose([row["values"] for row in found], probe.expected[:5], rtol=1e-4, atol=1e-4)
    half = probe.inputs[0].copy()
    half[1:4] = 0.5
    problem = is_problem(ask(server, job_id, [half.tolist()]), 422, "input")
    assert "inputs/0: expected an object of names and values, or an encoded row" in problem["detail"]


def test_layers_of_the_network_are_shown(server, table):
    job_id, _ = table
    (row,) = ask(server, job_id, [{"features": 2}], activations=["dense"]).json()["predictions"]
    assert row["activations"]["dense"]["shape"] == [16]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"distrikt": "Mitte"}, "inputs/0: The model has no input 'distrikt'"),
        ({"district": "Mitte"}, "inputs/0: The input 'features_' is missing"),
        ({"features": "2"}, "inputs/0: The input 'features_' expects a number, found '2'"),
        ({"features": 1, "floor": 1e300}, "inputs/0: The input 'floor' expects a whole number"),
        ({"features": 10**400}, "inputs/0: The input 'features_' expects a number"),
        ({"features": {"a": 1}}, "inputs/0: The input 'features_' expects a number"),
        ([1, 2], "inputs/0: expected 10 finite numbers"),
        ("Mitte", "inputs/0: expected 10 finite numbers"),
    ],
)
def test_rows_that_do_not_fit_are_refused(server, table, row, message):
    job_id, _ = table
    assert message in is_problem(ask(server, job_id, [row]), 422, "input")["detail"]


def test_explanations_are_refused(server, table):
    job_id, probe = table
    answer = server.post({"input": probe.inputs[0].tolist()}, path=f"/v1/jobs/{job_id}/explanations")
    problem = is_problem(answer, 422, "unsupported-model")
    assert "explanations need one array or image, found the 5 columns of a table" in problem["detail"]


def test_the_interface_names_the_columns(server, table):
    job_id, _ = table
    said = server.client.get(f"/v1/jobs/{job_id}/interface").json()
    inputs = said["inputs"]
    assert [one["name"] for one in inputs] == list(tables.INPUTS)
    assert [one["kind"] for one in inputs] == ["double", "string", "double", "int64", "double"]
    assert [one["column"] for one in inputs] == ["Größe (m²)", "", "class", "", "features"]
    assert inputs[3]["categories"] == [0, 1, 2, -1]
    assert [one["replacement"] for one in inputs] == [71.25, None, 0.1, None, None]


def test_a_model_is_loaded_in_advance(server, table):
    job_id, _ = table
    inference = server.service.inference
    inference._models.warm(inference._delivery(job_id, server.store.job(job_id).owner))
