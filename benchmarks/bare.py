"""What the gateway is compared with: bare aiohttp handlers, the way a first version of any such service is written.

`python -m benchmarks.bare reads|verifies|stores PORT`: one only reads the body; one parses the form and verifies
Twilio's signature; one does that and stores the form as a single row, durably, with one commit for all that wait.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiosqlite
import uvloop
from aiohttp import web
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from benchmarks.twilio_requests import PATH, PUBLIC_URL, TOKEN

_VALIDATOR = RequestValidator(TOKEN)
_ROWS: web.AppKey["Rows"] = web.AppKey("rows")


class Rows:
    """One table, one row a message, one commit for all that wait."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        self._database = database
        self._waiting: list[tuple[str, str]] = []
        self._stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._bell = asyncio.Event()

    async def store(self, sid: str, form: str) -> None:
        """Returns when the row is on disk."""
        self._waiting.append((sid, form))
        self._bell.set()
        await asyncio.shield(self._stored)

    async def serve(self) -> None:
        """Commit what waits, again and again."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            rows, stored = self._waiting, self._stored
            self._waiting, self._stored = [], asyncio.get_running_loop().create_future()
            await self._database.executemany("INSERT INTO raw VALUES (?, ?) ON CONFLICT DO NOTHING", rows)
            await self._database.commit()
            stored.set_result(None)


async def reads(request: web.Request) -> web.Response:
    """Read the body and answer."""
    await request.read()
    return web.Response(text="<Response/>", content_type="text/xml")


async def verifies(request: web.Request) -> web.Response:
    """Parse the form, verify the signature, answer."""
    await _verified(request)
    return web.Response(text="<Response/>", content_type="text/xml")


async def stores(request: web.Request) -> web.Response:
    """Parse the form, verify the signature, store a row, answer."""
    form = await _verified(request)
    await request.app[_ROWS].store(form["MessageSid"], json.dumps(form))
    return web.Response(text="<Response/>", content_type="text/xml")


async def _verified(request: web.Request) -> dict[str, str]:
    form = await request.post()
    if not _VALIDATOR.validate(PUBLIC_URL + request.raw_path, form, request.headers.get("X-Twilio-Signature", "")):
        raise web.HTTPForbidden
    return {name: str(value) for name, value in form.items()}


async def _kept(app: web.Application) -> AsyncIterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        async with aiosqlite.connect(Path(folder) / "raw.db") as database:
            for line in (
                "PRAGMA journal_mode=WAL",
                "PRAGMA synchronous=FULL",
                "CREATE TABLE raw (sid PRIMARY KEY, form)",
            ):
                await database.execute(line)
            app[_ROWS] = Rows(database)
            serving = asyncio.create_task(app[_ROWS].serve())
            yield
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def main() -> None:
    """Serve one of them."""
    app = web.Application()
    app.router.add_post(PATH, {"reads": reads, "verifies": verifies, "stores": stores}[sys.argv[1]])
    if sys.argv[1] == "stores":
        app.cleanup_ctx.append(_kept)
    loop = uvloop.new_event_loop()
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[2]), access_log=None, print=lambda *_: None, loop=loop)


if __name__ == "__main__":
    main()
