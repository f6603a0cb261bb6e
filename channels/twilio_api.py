"""How Twilio's REST API is spoken, and what its answers mean for the next attempt.

https://www.twilio.com/docs/messaging/api/message-resource and https://www.twilio.com/docs/api/errors. The client is
Twilio's own library over the gateway's shared session: its own asynchronous transport opens a session of its own, warns
on every call and can repeat a POST, and a repeated POST is a second SMS.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
from twilio.base.exceptions import TwilioRestException, TwilioServiceException  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from channels.channel import Outcome, SendOutcome
from channels.message import DeliveryStatus

API_URL: Final = "https://api.twilio.com"
# Twilio answers a create in well under a second; after this a person waits for nothing.
SEND_TIMEOUT: Final = aiohttp.ClientTimeout(total=20, connect=5)
# A 429 does not always say how long; Twilio's queues drain at one message a second and number.
DEFAULT_PAUSE: Final = 1.0
MAX_PAUSE: Final = 600.0

STATUS_WORDS: Final[Mapping[str, DeliveryStatus]] = {
    "accepted": DeliveryStatus.QUEUED,
    "scheduled": DeliveryStatus.QUEUED,
    "queued": DeliveryStatus.QUEUED,
    "sending": DeliveryStatus.SENDING,
    "sent": DeliveryStatus.SENT,
    "partially_delivered": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "undelivered": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.FAILED,
}
OPTED_OUT_CODE: Final = 21610
THROTTLED_CODE: Final = 20429
TEMPORARY_CODES: Final = frozenset({21611, 30001, 30003, 30008, 30017, 30022, 30023, 63017, 63018})
MISCONFIGURED_CODES: Final = frozenset(
    {20003, 20005, 20006, 20404, 21603, 21609, 21659, 21660, 21701, 21703, 21704, 63007}
)


class ThrottledError(Exception):
    """Twilio asks for `after` seconds of silence."""

    def __init__(self, after: float) -> None:
        super().__init__(f"{after} s")
        self.after = after


class RestHttpClient:
    """What `twilio.rest.Client` speaks HTTP through: the shared session, one attempt, nothing logged."""

    is_async = True

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """One request. ThrottledError on 429; aiohttp's errors and TimeoutError pass through."""
        credentials = {"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {}
        async with self._session.request(
            method,
            url,
            params=params,
            data=urlencode(data, doseq=True, errors="replace").encode() if data else None,
            headers={**(headers or {}), **credentials},
            timeout=aiohttp.ClientTimeout(total=timeout) if timeout else SEND_TIMEOUT,
            allow_redirects=allow_redirects,
        ) as response:
            if response.status == 429:
                raise ThrottledError(_pause(response.headers.get("Retry-After", "")))
            return Response(response.status, await response.text(errors="replace"), response.headers)


def _pause(retry_after: str) -> float:
    """Seconds; Retry-After may also be a date, which a wrong clock would misread."""
    return min(float(retry_after), MAX_PAUSE) if re.fullmatch(r"[0-9]{1,6}", retry_after) else DEFAULT_PAUSE


def rest_client(secrets: Mapping[str, str], session: aiohttp.ClientSession) -> Client | None:
    """None without credentials. The edge and region that Twilio's library reads from the environment stay out of it."""
    account_sid, auth_token = secrets.get("account_sid"), secrets.get("auth_token")
    if not account_sid or not auth_token:
        return None
    named = {"TWILIO_ACCOUNT_SID": account_sid}
    client = Client(account_sid, auth_token, http_client=RestHttpClient(session), environment=named)
    client.api.base_url = secrets.get("api_url") or API_URL
    return client


async def create_message(client: Client, fields: Mapping[str, str]) -> SendOutcome:
    """One POST of a message, and every way it can end as an outcome. `fields` are the library's own parameter names."""
    try:
        created = await client.messages.create_async(**fields)
    except ThrottledError as pause:
        return SendOutcome(outcome=Outcome.THROTTLED, code="429", after=pause.after, detail="Twilio asks for a pause")
    except (TwilioRestException, TwilioServiceException) as refusal:
        return _refusal(_number(refusal.status), _number(refusal.code))
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        return SendOutcome(outcome=Outcome.TEMPORARY, detail=f"no connection ({type(error).__name__})")
    # The last two: an answer that is not JSON, and JSON that is no object.
    except (TimeoutError, aiohttp.ClientError, ValueError, AttributeError) as error:
        return SendOutcome(outcome=Outcome.UNKNOWN, detail=f"sent, and no usable answer ({type(error).__name__})")
    return _created(created.sid, created.status, created.error_code)


def _created(sid: str | None, word: str | None, code: int | None) -> SendOutcome:
    if code == OPTED_OUT_CODE:
        return SendOutcome(outcome=Outcome.OPTED_OUT, provider_id=sid, code=str(code))
    if not sid:
        return SendOutcome(outcome=Outcome.UNKNOWN, detail="Twilio's answer named no message")
    status = STATUS_WORDS.get((word or "").lower(), DeliveryStatus.QUEUED)
    return SendOutcome(outcome=Outcome.SENT, provider_id=sid, status=status, code=str(code) if code else None)


def _refusal(status: int, code: int) -> SendOutcome:
    """Twilio's own sentence is left out: it repeats the phone number."""
    outcome = _outcome_of(status, code)
    pause = DEFAULT_PAUSE if outcome is Outcome.THROTTLED else None
    return SendOutcome(outcome=outcome, code=str(code or status), detail=f"HTTP {status}, code {code}", after=pause)


def _outcome_of(status: int, code: int) -> Outcome:
    if code == OPTED_OUT_CODE:
        return Outcome.OPTED_OUT
    if code == THROTTLED_CODE:
        return Outcome.THROTTLED
    if code in MISCONFIGURED_CODES or status in (401, 403, 404):
        return Outcome.MISCONFIGURED
    if code in TEMPORARY_CODES or status == 503:
        return Outcome.TEMPORARY
    if status >= 500:
        # Twilio's own error body says that no message was made; a bare 502 from something in front of it does not.
        return Outcome.TEMPORARY if code not in (0, status) else Outcome.UNKNOWN
    return Outcome.REFUSED


def _number(value: object) -> int:
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0
