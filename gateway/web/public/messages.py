"""`/api/public/messages`: the form for programs. JSON or multipart in, JSON out, problems as RFC 9457 says."""

import math
import secrets
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from channels.web import FieldError
from gateway.gateway import GATEWAY, Gateway
from gateway.store import follow_up
from gateway.store.follow_up import Followed
from gateway.web.public import incoming as reading
from gateway.web.public import receiving
from gateway.web.public.follow_up import BY_AGENCY, SHOWN, of_token
from gateway.web.public.limits import LIMITS, client_address
from gateway.web.public.receiving import Taken
from gateway.web.public.render import HEADERS
from routing.catalog import Catalog


async def create(request: web.Request) -> web.Response:
    """201 with number, follow_up, agency, due (a local date) and received_at; 200 with the same for a repeated key."""
    gateway = request.app[GATEWAY]
    wait = request.app[LIMITS].api.wait(client_address(request))
    if wait:
        return problem(429, "Too many messages from your address.", retry_after=math.ceil(wait))
    try:
        receiving.channel_name(gateway.current().catalog)
        taken = await _take(request, gateway)
    except FieldError as error:
        return problem(422, error.sentence, field=error.field)
    except web.HTTPException as error:
        return problem(error.status, error.text or error.reason)
    return web.json_response(
        await _created(gateway, taken), status=200 if taken.received.repeated else 201, headers=HEADERS
    )


async def _take(request: web.Request, gateway: Gateway) -> Taken:
    catalog = gateway.current().catalog
    posted = await reading.read(
        request, files=gateway.files, limits=catalog.gateway.files, language=catalog.default_language
    )
    key = request.headers.get("Idempotency-Key") or posted.fields.get("idempotency_key") or secrets.token_urlsafe(24)
    posted.fields["language"] = catalog.language(posted.fields.get("language"))
    return await receiving.take(gateway, posted, key=key, token=receiving.new_token())


async def _created(gateway: Gateway, taken: Taken) -> dict[str, Any]:
    follow = f"{gateway.settings.public_url}/s/{taken.token}"
    if taken.received.case_id is None:
        # A word such as STATUS alone opens no case; what it was answered stands on the follow-up page.
        return {"number": None, "follow_up": follow, "agency": None, "due": None, "received_at": None}
    async with gateway.store.read() as conn:
        case = await follow_up.case(conn, taken.received.case_id)
    told = _case(case, gateway.current().catalog)
    del told["state"]
    return {**told, "follow_up": follow}


async def state(request: web.Request) -> web.Response:
    """The latest case of a token with its messages, and `earlier` ones."""
    gateway = request.app[GATEWAY]
    try:
        followed = await of_token(gateway, request.match_info["token"])
    except web.HTTPNotFound:
        return problem(404, "There is no message of that token.")
    catalog = gateway.current().catalog
    latest, *earlier = [_followed(each, catalog) for each in followed]
    return web.json_response({**latest, "earlier": earlier}, headers=HEADERS)


def _case(case: Any, catalog: Catalog) -> dict[str, Any]:
    zone = ZoneInfo(catalog.gateway.timezone)
    return {
        "number": case.number,
        "state": case.state,
        "agency": case.agency,
        # While the citizen is asked for something, no day is certain.
        "due": None if case.suspended_at else case.due_at.astimezone(zone).date().isoformat(),
        "received_at": case.received_at.isoformat(),
    }


def _followed(followed: Followed, catalog: Catalog) -> dict[str, Any]:
    nothing = dict.fromkeys(("number", "state", "agency", "due", "received_at"))
    return {
        **(_case(followed.case, catalog) if followed.case else nothing),
        "messages": [
            {
                "from": "citizen" if row.direction == "in" else "agency" if row.kind in BY_AGENCY else "gateway",
                "text": row.text,
                "at": row.at.isoformat(),
                "files": [each.filename for each in followed.files.get(row.id, ())],
            }
            for row in followed.messages
            if row.kind in SHOWN
        ],
    }


def problem(status: int, detail: str, *, field: str | None = None, retry_after: int | None = None) -> web.Response:
    """A refusal as `application/problem+json`; `field` names what to correct."""
    titles = {404: "Not found", 413: "Too large", 422: "Invalid", 429: "Too many requests"}
    body = {"type": "about:blank", "title": titles.get(status, "Bad request"), "status": status, "detail": detail}
    headers = {**HEADERS, **({"Retry-After": str(retry_after)} if retry_after else {})}
    return web.json_response(
        body | ({"field": field} if field else {}),
        status=status,
        headers=headers,
        content_type="application/problem+json",
    )
