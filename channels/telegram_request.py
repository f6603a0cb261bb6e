"""How the Bot API is reached: python-telegram-bot's request type over the session that all channels share.

The library's own transport answers a fraction of the sends a second, and its errors do not tell a request that never
left from one whose answer was lost. That difference decides whether a message may be sent again, so it is kept here.

    telegram.error.TelegramError
    ├── Throttled               429; `after` is in seconds
    ├── NotAnswer               what came back is not the Bot API's JSON
    └── NetworkError            the connection broke after the request left: nobody knows
        ├── NotSent             no connection: the request did not leave
        ├── ServerFault         an HTTP status that means "later", or that the Bot API does not use
        └── TimedOut            (the library's) no answer in time: nobody knows
"""

import json
from typing import Any

import aiohttp
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

CONNECT_SECONDS = 5.0
# Without a retry_after, Telegram's advice for one chat is a message a second; this is on the safe side.
DEFAULT_AFTER = 5.0
# Statuses whose meaning python-telegram-bot knows (https://core.telegram.org/bots/api#making-requests).
MEANINGFUL = frozenset({200, 400, 401, 403, 404, 409})


class Throttled(TelegramError):
    """Too many requests; the whole bot waits `after` seconds."""

    def __init__(self, after: float) -> None:
        super().__init__(f"too many requests, again in {after:g} s")
        self.after = after


class NotAnswer(TelegramError):
    """The answer is not the Bot API's JSON."""


class NotSent(NetworkError):
    """No connection could be made, so nothing was sent."""


class ServerFault(NetworkError):
    """The server, or something before it, failed."""


class AiohttpRequest(BaseRequest):
    """One HTTP exchange with the Bot API, on a session owned by somebody else. `seconds` is the wait for an answer."""

    __slots__ = ("_seconds", "_session")

    def __init__(self, session: aiohttp.ClientSession, seconds: float) -> None:
        self._session = session
        self._seconds = seconds

    @property
    def read_timeout(self) -> float:
        """Seconds to wait for an answer."""
        return self._seconds

    async def initialize(self) -> None:
        """Nothing: the session is open."""

    async def shutdown(self) -> None:
        """Nothing: the session is closed by its owner."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer's object. The library's own version logs what it cannot read, and that may be a citizen's text."""
        try:
            answer = json.loads(payload)
        except ValueError:
            raise NotAnswer("the answer is not JSON") from None
        if not isinstance(answer, dict):
            raise NotAnswer("the answer is not an object")
        return answer

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Status and body. One of the errors above otherwise; none of them carries the URL, which holds the token."""
        seconds = read_timeout if isinstance(read_timeout, int | float) else self._seconds
        fields = request_data.json_parameters if request_data else None
        status, payload = await self._exchange(url, method=method, fields=fields, seconds=seconds)
        if status == 429:
            raise Throttled(_retry_after(payload))
        if status not in MEANINGFUL:
            raise ServerFault(f"HTTP {status}")
        return status, payload

    async def _exchange(
        self, url: str, *, method: str, fields: dict[str, str] | None, seconds: float
    ) -> tuple[int, bytes]:
        timeout = aiohttp.ClientTimeout(
            total=CONNECT_SECONDS + seconds, sock_connect=CONNECT_SECONDS, sock_read=seconds
        )
        try:
            async with self._session.request(
                method, url, data=fields, timeout=timeout, allow_redirects=False
            ) as response:
                return response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise NotSent("no connection") from None
        except TimeoutError:
            raise TimedOut("no answer in time") from None
        except (aiohttp.ClientError, OSError):
            raise NetworkError("the connection broke") from None


def _retry_after(payload: bytes) -> float:
    try:
        return max(0.0, float(json.loads(payload)["parameters"]["retry_after"]))
    except (ValueError, KeyError, TypeError):
        return DEFAULT_AFTER
