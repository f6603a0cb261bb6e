"""`/console/texts`: what an agency says to citizens in its own words, beside what the deployment says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.gsm import Measure, fold, measure
from gateway import own_texts
from gateway.audit import Action
from gateway.catalog.file import folding
from gateway.catalog.texts import ONE_SEGMENT, REQUIRED_TEXTS
from gateway.errors import Invalid, NotFound, Refusal
from gateway.gateway import GATEWAY
from gateway.principal import Principal, Right
from gateway.store import audit as audit_store
from gateway.store import own_texts as rows
from gateway.web import audit, auth, refusals
from gateway.web.console.beside import beside, chosen_agency
from gateway.web.pages import render, see
from routing.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One text as the page shows it. `text` is what the form holds: typed, the agency's own, or the default."""

    name: str
    needed: tuple[str, ...]
    # It must fit one SMS segment.
    short: bool
    default: str
    own: Any | None
    text: str
    example: str
    weight: Measure
    trouble: str | None


async def show(request: web.Request) -> web.StreamResponse:
    """Every text that an agency may word, in one language."""
    return await _page(request, asked=request.query)


async def _page(
    request: web.Request, *, asked: Mapping[str, Any], refusal: Refusal | None = None, typed: bool = False
) -> web.Response:
    """The page; what was typed comes back in its form, with what is wrong with it, or with its example."""
    principal = await _editor(request)
    gateway, reader = request.app[GATEWAY], auth.language_of(request)
    catalog = gateway.current().catalog
    agency = chosen_agency(request, principal, str(asked.get("agency", "")))
    language = _language(catalog, str(asked.get("language", "")))
    async with gateway.store.read() as conn:
        own = await rows.of_agency(conn, agency) if agency else {}
        frame = await beside(conn, gateway, principal, agency=agency)
    given = (str(asked.get("name")), str(asked.get("text", ""))) if typed else ("", "")
    sentence = refusals.sentence(refusal, reader) if refusal else None
    wordings = _wordings(catalog, agency, language, own, given, sentence, gateway.clock()) if agency else []
    return render(
        request,
        "console/texts.html",
        status=refusal.status if refusal else 200,
        wordings=wordings,
        open_name=given[0],
        previewed=typed and refusal is None,
        wanted_language=language,
        spoken=catalog.gateway.languages,
        folds=_folds(catalog),
        here_agency=agency,
        done=request.query.get("done"),
        **frame,
    )


def _wordings(
    catalog: Catalog,
    agency: str,
    language: str,
    own: Mapping[tuple[str, str], Any],
    typed: tuple[str, str],
    sentence: str | None,
    now: datetime,
) -> list[Wording]:
    found = []
    for name in own_texts.NAMES:
        kept, default = own.get((language, name)), catalog.texts[language].messages[name]
        text = typed[1] if typed[0] == name else kept.text if kept else default
        example = own_texts.example(catalog, agency=agency, name=name, language=language, text=text, now=now)
        found.append(
            Wording(
                name=name,
                needed=tuple(sorted(REQUIRED_TEXTS[name])),
                short=name in ONE_SEGMENT and folding(catalog.gateway, language) is not None,
                default=default,
                own=kept,
                text=text,
                example=example,
                weight=measure(fold(example) if _folds(catalog) else example),
                trouble=sentence if typed[0] == name else None,
            )
        )
    return found


def _folds(catalog: Catalog) -> bool:
    """Whether accents are dropped from every SMS that the gateway itself words."""
    return bool(folding(catalog.gateway, catalog.default_language))


async def change(request: web.Request) -> web.StreamResponse:
    """Keep a wording, show how it reads, or let the deployment's own hold again."""
    principal = await _editor(request)
    gateway = request.app[GATEWAY]
    form = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
    agency = chosen_agency(request, principal, form.get("agency"))
    if agency is None:
        raise NotFound("there is no such agency")
    language, name = form.get("language", ""), form.get("name", "")
    catalog = gateway.current().catalog
    if name not in own_texts.NAMES or language not in catalog.gateway.languages:
        raise NotFound("there is no such text")
    try:
        # What goes must not be right.
        said = "" if form.get("do") == "restore" else own_texts.checked(
            catalog, agency=agency, language=language, name=name, text=form.get("text", "")
        )  # fmt: skip
    except Invalid as refusal:
        return await _page(request, asked=form, refusal=refusal, typed=True)
    if form.get("do") == "preview":
        return await _page(request, asked=form, typed=True)
    # The deployment's own words, typed anew, are no wording of one's own.
    restored = not said or said == catalog.texts[language].messages[name].strip()
    detail = f"{language} {'restored' if restored else 'changed'}"
    noted = audit.done(request, Action.TEXTS_CHANGED, f"text:{name}", agency=agency, detail=detail)

    async def work(conn: AsyncConnection) -> None:
        if restored:
            await rows.drop(conn, agency=agency, language=language, name=name)
        else:
            await rows.put(
                conn, agency=agency, language=language, name=name, text=said, by=principal.id, now=gateway.clock()
            )
        await audit_store.write(conn, [noted])

    await gateway.store.transact(work)
    await gateway.own_texts.read()
    wide = f"&agency={agency}" if principal.agency is None else ""
    raise see(f"/console/texts?language={language}{wide}&done={'restored' if restored else 'changed'}#{name}")


async def _editor(request: web.Request) -> Principal:
    principal = await auth.principal(request)
    principal.need(Right.EDIT_TEXTS)
    return principal


def _language(catalog: Catalog, asked: str) -> str:
    return asked if asked in catalog.gateway.languages else catalog.default_language
