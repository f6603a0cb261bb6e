"""The table of routes as an OpenAPI 3.1 document: https://spec.openapis.org/oas/v3.1.0"""

import re
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from gateway.web.api import problem
from gateway.web.api.asked import Ask, Nothing
from gateway.web.api.problem import Problem
from gateway.web.api.route import BASE, PATH_PATTERNS, Route

Handler = Callable[[Ask], Awaitable[BaseModel | web.Response | None]]

_SCHEMAS: Final = "#/components/schemas/"


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document."""
    schemas = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(BASE + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ventanilla",
            "version": version("ventanilla"),
            "description": "Cases of citizens who wrote to their government, and what may be done with them.",
        },
        "paths": paths,
        "security": [{"token": []}],
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {str(status): _problem(title) for status, title in problem.TITLES.items()},
        },
    }


def _schemas(routes: Sequence[Route]) -> dict[str, Any]:
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization")]
    wanted += [(route.answer, "serialization") for route in routes if route.answer]
    wanted += [(route.body, "validation") for route in routes if _has_body(route)]
    _, schemas = models_json_schema(list(dict.fromkeys(wanted)), ref_template=_SCHEMAS + "{model}")
    defined: dict[str, Any] = schemas["$defs"]
    return defined


def _problem(title: str) -> dict[str, Any]:
    return {"description": title, "content": {problem.CONTENT_TYPE: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}}}


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": _operation_id(route),
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": _responses(route),
    }
    if route.right is None:
        operation["security"] = []
    else:
        operation["description"] = f"Needs the right `{route.right}`."
    if _has_body(route):
        schema = {"$ref": _SCHEMAS + route.body.__name__}
        required = any(field.is_required() for field in route.body.model_fields.values())
        operation["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    return operation


def _operation_id(route: Route) -> str:
    words = re.findall(r"[a-z]+", route.path)
    return "_".join([route.method.lower(), *words])


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{PATH_PATTERNS[name]}$"},
        }
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    schema = route.query.model_json_schema()
    defined = schema.get("$defs", {})
    return [
        {"name": name, "in": "query", "required": False, "schema": _inlined(spec, defined)}
        for name, spec in schema.get("properties", {}).items()
    ]


def _inlined(spec: Any, defined: dict[str, Any]) -> Any:
    """A parameter's schema on its own. A query has no null: a parameter is given or not."""
    if isinstance(spec, list):
        return [_inlined(item, defined) for item in spec]
    if not isinstance(spec, dict):
        return spec
    if "$ref" in spec:
        return _inlined(defined[spec["$ref"].rpartition("/")[2]], defined)
    choices = [choice for choice in spec.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        spec = {**{k: v for k, v in spec.items() if k not in ("anyOf", "default")}, **choices[0]}
    return {key: _inlined(value, defined) for key, value in spec.items()}


def _responses(route: Route) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "Done"}
    if route.answer is not None:
        done["content"] = {route.media: {"schema": {"$ref": _SCHEMAS + route.answer.__name__}}}
    else:
        done["content"] = {route.media: {"schema": {}}}
    if route.also:
        done["content"][route.also] = {"schema": {"type": "string"}}
    found = {str(route.status): done}
    if route.empty:
        found["204"] = {"description": route.empty}
    refused = {str(status): {"$ref": f"#/components/responses/{status}"} for status in _refusals(route)}
    return found | refused


def _refusals(route: Route) -> list[int]:
    """The statuses a refusal of this route may have."""
    refused = {405, 422, 500}
    if route.right is not None:
        refused |= {401, 403}
    if "{" in route.path:
        refused |= {404}
    if route.method == "POST":
        refused |= {409, 413, 415}
    return sorted(refused)


def _has_body(route: Route) -> bool:
    return route.body is not Nothing
