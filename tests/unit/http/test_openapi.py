"""The OpenAPI document is complete: every response has a schema, and everything has a description."""

import json
import re

import pytest

from quickml.api import routes
from served import served

NO_CONTENT = {"204", "304", "307"}
METHODS = {"get", "post", "delete", "head", "put", "patch"}


@pytest.fixture(scope="module")
def openapi(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0) as server:
        return server.client.get("/v1/openapi.json").json()


def operations(openapi):
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS
            yield f"{method.upper()} {path}", operation


def says_nothing(schema):
    """Whether any JSON is of this schema."""
    return not set(schema) - {"title", "description"}


def test_every_response_has_a_schema(openapi):
    for name, operation in operations(openapi):
        for status, response in operation["responses"].items():
            contents = response.get("content", {})
            assert bool(contents) != (status in NO_CONTENT), (name, status)
            for kind, content in contents.items():
                assert not says_nothing(content.get("schema", {})), (name, status, kind)


def test_every_request_body_has_a_schema(openapi):
    bodies = [one["requestBody"] for _, one in operations(openapi) if "requestBody" in one]
    assert len(bodies) == 8
    for body in bodies:
        for content in body["content"].values():
            assert not says_nothing(content["schema"])


def test_every_route_parameter_and_response_has_a_description(openapi):
    for name, operation in operations(openapi):
        assert operation["description"].endswith("."), name
        for parameter in operation.get("parameters", []):
            assert parameter["description"].endswith("."), (name, parameter["name"])
        for status, response in operation["responses"].items():
            assert response["description"] not in ("", "Successful Response"), (name, status)


def test_every_field_of_a_message_has_a_description_and_a_type(openapi):
    for name, schema in openapi["components"]["schemas"].items():
        for field, about in schema.get("properties", {}).items():
            where = f"{name}.{field}"
            if "const" not in about and not name.startswith("Document"):  # their names are those of Keras
                assert about.get("description"), where
            if where not in ("JobDetails.document", "DatasetSample.values"):
                assert not says_nothing(about), where


def test_every_message_is_used(openapi):
    text = json.dumps(openapi)
    for name in openapi["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name


def test_every_route_is_in_the_list_of_addresses(openapi):
    listed = {
        value.replace(":path", "")
        for name, value in vars(routes).items()
        if re.fullmatch(r"[A-Z][A-Z_]+", name)
    }
    assert listed == {*openapi["paths"], routes.OPENAPI, routes.ASSET.replace(":path", "")}
