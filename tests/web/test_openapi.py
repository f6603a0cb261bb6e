"""The OpenAPI document is valid, says all that the table says, and the running gateway keeps to it."""

import asyncio
import warnings
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.desk import OUTCOMES
from gateway.principal import Role
from gateway.web.api import bodies
from gateway.web.api.openapi import document
from gateway.web.api.route import BASE
from gateway.web.api.routes import ROUTES
from tests.support.running import Running
from tests.web.test_api import Client, asked, client

# Enough to meet every parameter and field once or twice; the whole run stays within some seconds.
_EXAMPLES = 4
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_the_document_is_valid_openapi() -> None:
    schemathesis.openapi.from_dict(document(ROUTES)).validate()


def test_every_route_is_in_the_document_with_what_it_takes() -> None:
    paths = document(ROUTES)["paths"]
    for route in ROUTES:
        operation = paths[BASE + route.path][route.method.lower()]
        queried = {p["name"] for p in operation["parameters"] if p["in"] == "query"}
        assert queried == {info.alias or name for name, info in route.query.model_fields.items()}
        assert ("requestBody" in operation) == bool(route.body.model_fields)
        assert str(route.status) in operation["responses"]


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for path in document(ROUTES)["paths"].values() for operation in path.values()]
    assert len(set(names)) == len(ROUTES)


def test_a_case_is_documented_with_its_keys() -> None:
    case = document(ROUTES)["components"]["schemas"]["Case"]
    assert {"number", "class", "assignee", "contact", "failed_delivery", "version"} <= set(case["required"])
    assert case["properties"]["due_at"] == {"format": "date-time", "title": "Due At", "type": "string"}


def test_an_outcome_is_one_the_desk_takes() -> None:
    assert bodies.CloseBody.model_json_schema()["properties"]["outcome"]["enum"] == list(OUTCOMES)


async def test_the_document_is_read_without_a_token(ventanilla: Running) -> None:
    status, found = await Client(ventanilla, None).get("/openapi.json")
    assert (status, found) == (200, document(ROUTES))


async def test_the_running_gateway_keeps_to_its_document(ventanilla: Running) -> None:
    await asked(ventanilla)
    administrator = await client(ventanilla, Role.ADMINISTRATOR)
    checked = await asyncio.to_thread(_explore, ventanilla.internal, administrator.token)
    assert checked >= len(ROUTES)


def _explore(base_url: str, token: str | None) -> int:
    """Call every operation with made-up values; how many calls were checked."""
    schema = schemathesis.openapi.from_dict(document(ROUTES))
    headers = {"Authorization": f"Bearer {token}"}
    calls = 0

    def call(case: Any) -> None:
        nonlocal calls
        calls += 1
        case.call_and_validate(base_url=base_url, headers=headers, checks=_CHECKS)

    explored = hypothesis_settings(
        max_examples=_EXAMPLES,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with warnings.catch_warnings():
        # The explorer's own libraries warn; what is under test is on the other side of the wire.
        warnings.simplefilter("ignore")
        for result in schema.get_all_operations():
            assert isinstance(result, Ok)
            explored(given(case=result.ok().as_strategy())(call))()
    return calls
