"""Templates of the citizens' pages, and the headers every one of them carries."""

from pathlib import Path
from typing import Any, Final

import jinja2
from aiohttp import web

from gateway.gateway import Gateway
from gateway.web import shown, static
from gateway.web.public.words import word, words

_WEB: Final = Path(__file__).parent.parent
_CSP: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    # The address of a follow-up page is its key: no link leads it out.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_WEB / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(tame=shown.tame)
_templates.globals.update(asset=static.address)


def page(
    gateway: Gateway,
    template: str,
    *,
    language: str,
    status: int = 200,
    path: str = "/",
    **values: Any,
) -> web.Response:
    """A page in a language. `path` is where its language links lead."""
    catalog = gateway.current().catalog
    text = _templates.get_template(template).render(
        language=language,
        languages=[(each, words(each)["language_name"]) for each in catalog.gateway.languages],
        site=catalog.gateway.name[language],
        path=path,
        w=words(language),
        say=lambda key, **filled: word(key, language, **filled),
        **values,
    )
    response = web.Response(status=status, text=text, content_type="text/html", headers=HEADERS)
    response.enable_compression()
    return response


def language_of(request: web.Request, gateway: Gateway, default: str | None = None) -> str:
    """What `?lang=` asks for, or the default: a page never guesses from the browser's settings of a shared machine."""
    return gateway.current().catalog.language(request.query.get("lang") or default)
