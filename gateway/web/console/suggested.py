"""What a case's page suggests: answers of similar cases, and agencies for what waits at the triage desk."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from gateway.gateway import GATEWAY
from gateway.principal import Principal
from gateway.search import suggestions
from gateway.search.suggestions import Likely, Similar
from gateway.store import similar
from gateway.store.engine import Store
from gateway.web import auth, shown
from routing.case import CaseState
from routing.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """Both may be empty."""

    similar: list[Similar]
    likely: list[Likely]


async def suggested(store: Store, principal: Principal, case: Any, *, catalog: Catalog) -> Suggested:
    """Suggestions for a case that was found with the principal; none once it has ended."""
    if not CaseState(case.state).is_open:
        return Suggested(similar=[], likely=[])
    at_triage = case.agency == catalog.gateway.triage
    async with store.read() as conn:
        found = await suggestions.similar(conn, principal, case)
        question = await similar.question_of(conn, case.id) if at_triage else ""
        likely = await suggestions.likeliest(conn, question, catalog=catalog) if question else []
    return Suggested(
        similar=[replace(one, answer=suggestions.unaddressed(one.answer, one, catalog)) for one in found],
        likely=likely,
    )


async def chosen(request: web.Request) -> tuple[str, Mapping[str, str]] | None:
    """The form that a suggestion's link fills, and its fields: `?answer=<message id>` or `?to=<agency>`."""
    gateway = request.app[GATEWAY]
    if agency := request.query.get("to"):
        return ("transfer", {"agency": agency}) if agency in gateway.current().catalog.agencies else None
    message_id = shown.row_id(request.query.get("answer", ""))
    if message_id is None:
        return None
    principal = await auth.principal(request)
    async with gateway.store.read() as conn:
        answer = await suggestions.answer_of(conn, principal, message_id, catalog=gateway.current().catalog)
    return ("reply", {"text": answer}) if answer else None
