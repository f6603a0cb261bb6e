"""Every fault as `application/problem+json` (RFC 9457): type, title, status, detail, and `field` for a wrong one."""

import json
from collections.abc import Mapping
from typing import Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.errors import Invalid, Refusal

CONTENT_TYPE: Final = "application/problem+json"
# Status -> what a person reads above the detail. The type follows from it, so that a program need not read English.
TITLES: Final[dict[int, str]] = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Not JSON",
    422: "Invalid",
    500: "Internal error",
}


class Problem(BaseModel):
    """Why it was not done."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="names the kind of problem for programs: urn:ventanilla:problem:conflict")
    title: str
    status: int
    detail: str = Field(description="a sentence for people, without personal data")
    field: str | None = Field(default=None, description="the parameter or field of the body that is wrong (422)")


class Refused(Exception):
    """A request that fails before any handler sees it. `headers` go with the answer."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})


def answer(fault: Refused | Refusal) -> web.Response:
    """The response that tells a fault."""
    field = fault.field if isinstance(fault, Invalid) else None
    headers = fault.headers if isinstance(fault, Refused) else {}
    title = TITLES[fault.status]
    problem = {
        "type": f"urn:ventanilla:problem:{title.lower().replace(' ', '-')}",
        "title": title,
        "status": fault.status,
        "detail": str(fault),
        **({"field": field} if field else {}),
    }
    body = json.dumps(problem, ensure_ascii=False).encode("utf-8", "replace")
    return web.Response(status=fault.status, body=body, content_type=CONTENT_TYPE, headers=headers)


def invalid(error: ValidationError, *, whole: str) -> Invalid:
    """The first fault of a body or query, by its field; `whole` names the thing when it is no field's."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"][:1]) or whole
    if first["type"] == "extra_forbidden":
        return Invalid(field, f"{field} is not known here")
    return Invalid(field, f"{field}: {first['msg']}")
