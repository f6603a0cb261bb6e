"""`ventanilla replay`: a captured request once more, at a running server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.environment import fail, read_deployment, read_settings
from gateway.errors import SettingsFault

if TYPE_CHECKING:
    from gateway.cli.signing import Signed, Signer


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", help="the running server's public listener (default: from VENTANILLA_PUBLIC_LISTEN)")
def replay(file: Path, url: str | None) -> None:
    """Post a captured request at a running server, signed anew, and print the status and body of its answer.

    FILE holds JSON: path, and form (Twilio, Africa's Talking) or json (Telegram, web). What the server has taken in
    before it recognises and does not double. Exit code 1 when the answer is not a 2xx.

    \b
      ventanilla replay tests/payloads/twilio/text.json
      ventanilla replay tests/payloads/telegram/photo.json --url http://127.0.0.1:8080
    """
    from gateway.cli.signing import Signer

    settings = read_settings()
    signer = Signer(settings, read_deployment(settings).catalog)
    base = (url or settings.public_listen.local_url).rstrip("/")
    try:
        signed = _signed(_captured(file), signer)
    except SettingsFault as fault:
        fail(fault, code=2)
    status, body = _post(base, signed)
    click.echo(status)
    click.echo(body)
    if not 200 <= status < 300:
        raise SystemExit(1)


def _captured(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        fail(f"{file} is not JSON: {error}", code=2)
    if not isinstance(found, dict) or not ({"form", "json"} & found.keys()):
        fail(f"{file} is no captured request: it has neither a form nor a json", code=2)
    return found


def _signed(captured: dict[str, Any], signer: Signer) -> Signed:
    """The request for the channel whose provider speaks like this, whatever the channel was called when captured."""
    path: str = captured.get("path", "")
    if "json" in captured:
        body = captured["json"]
        return signer.telegram(body) if "update_id" in body else signer.web(body)
    form = captured["form"]
    if "sessionId" in form:
        return signer.ussd(form, status=path.endswith("/status"))
    _, status, rest = path.partition("/status")
    return signer.twilio(form, tail=status + rest)


def _post(base: str, signed: Signed) -> tuple[int, str]:
    import aiohttp

    async def post() -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(base + signed.path, data=signed.body, headers=signed.headers) as answer,
        ):
            return answer.status, await answer.text()

    try:
        return asyncio.run(post())
    except (aiohttp.ClientError, TimeoutError, ValueError):
        fail(f"nothing answers at {base}: is `ventanilla serve` running there?", code=2)
