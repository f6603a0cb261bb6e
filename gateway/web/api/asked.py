"""What a request asks for: its query and body, read by the types that also document them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar, get_origin

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from gateway.audit import Action, entry
from gateway.errors import Invalid, NotFound
from gateway.gateway import Gateway
from gateway.principal import Principal
from gateway.web.api.problem import Refused, invalid

BODY_LIMIT: Final = 256 * 1024
# The largest id either engine can hold.
_LARGEST: Final = 2**63 - 1

M = TypeVar("M", bound=BaseModel)


def _within_63_bits(value: object) -> object:
    if isinstance(value, str) and value.isascii() and value.isdigit() and int(value[:25]) > _LARGEST:
        raise ValueError("is larger than any id")
    return value


# Ids are texts in JSON, because programs that read numbers as floating point would round them.
Id = Annotated[str, BeforeValidator(_within_63_bits), Field(pattern=r"^[0-9]{1,19}$", examples=["752214391000371200"])]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", examples=["sena"])]
CaseNumber = Annotated[str, Field(pattern=r"^[0-9]{11,14}$", examples=["20260000017"])]


class Asked(BaseModel):
    """A query or a body: a name that is not known is a fault, not a wish to be ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Nothing(Asked):
    """No parameter, no field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request, read. `query` and `body` have the types of its route; `path` holds the parts named there."""

    gateway: Gateway
    principal: Principal
    path: Mapping[str, str]
    query: Any
    body: Any
    # The caller's network address.
    remote: str = ""
    # The Accept header: which forms of the answer the caller can read.
    accept: str = ""

    def seen(self, action: Action, object: str = "", *, agency: str | None = None, detail: str = "") -> None:
        """Note in the audit log that the caller saw or did something; see `gateway.web.audit.seen`."""
        who, at = self.principal.name, self.gateway.clock()
        self.gateway.audit.note(
            entry(
                action, at=at, by=self.principal, who=who, remote=self.remote, object=object, agency=agency,
                detail=detail,
            )
        )  # fmt: skip

    def id(self, name: str) -> int:
        """A part of the path that is an id; its pattern has been checked. NotFound for one that none can be."""
        value = int(self.path[name])
        if value > _LARGEST:
            raise NotFound("there is no such thing that you may see")
        return value


def read_query(request: web.Request, model: type[M]) -> M:
    """The query string. Invalid names the parameter that is unknown, wrong or given twice."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys(request.query):
        values = request.query.getall(name)
        if _is_list(model, name):
            found[name] = [part for value in values for part in value.split(",")]
        elif len(values) > 1:
            raise Invalid(name, f"{name} is given more than once")
        else:
            found[name] = values[0]
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise invalid(error, whole="query") from None


def _is_list(model: type[BaseModel], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is not None and get_origin(field.annotation) is tuple


async def read_body(request: web.Request, model: type[M]) -> M:
    """The JSON body; one that is absent is an empty object. Refused 413 and 415, Invalid for a field."""
    raw = await _bytes(request)
    if raw and request.content_type != "application/json":
        raise Refused(415, "the body must be JSON: say Content-Type: application/json")
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        raise invalid(error, whole="body") from None


async def _bytes(request: web.Request) -> bytes:
    too_large = Refused(413, f"the body may hold {BODY_LIMIT // 1024} KB")
    if (request.content_length or 0) > BODY_LIMIT:
        raise too_large
    read = bytearray()
    async for chunk in request.content.iter_any():
        read += chunk
        if len(read) > BODY_LIMIT:
            raise too_large
    return bytes(read)
