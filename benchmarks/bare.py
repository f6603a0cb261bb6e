"""What the gateway is compared with: aiohttp handlers that store nothing.

`python -m benchmarks.bare reads|verifies PORT`: one only reads the body, the other parses the form and verifies
Twilio's signature, the way a first version of any such service is written.
"""

import sys

from aiohttp import web
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from benchmarks.twilio_requests import PATH, PUBLIC_URL, TOKEN

_VALIDATOR = RequestValidator(TOKEN)


async def reads(request: web.Request) -> web.Response:
    """Read the body and answer."""
    await request.read()
    return web.Response(text="<Response/>", content_type="text/xml")


async def verifies(request: web.Request) -> web.Response:
    """Parse the form, verify the signature, answer."""
    form = await request.post()
    if not _VALIDATOR.validate(PUBLIC_URL + request.raw_path, form, request.headers.get("X-Twilio-Signature", "")):
        raise web.HTTPForbidden
    return web.Response(text="<Response/>", content_type="text/xml")


def main() -> None:
    """Serve one of them."""
    app = web.Application()
    app.router.add_post(PATH, {"reads": reads, "verifies": verifies}[sys.argv[1]])
    import uvloop

    loop = uvloop.new_event_loop()
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[2]), access_log=None, print=lambda *_: None, loop=loop)


if __name__ == "__main__":
    main()
