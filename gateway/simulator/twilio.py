"""Twilio's side: it takes messages like the REST API, reports on them, and brings what phones write.

sending             https://www.twilio.com/docs/messaging/api/message-resource
status callbacks    https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
webhook fields      https://www.twilio.com/docs/messaging/guides/webhook-request
"""

import asyncio
import hmac
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from gateway.simulator.faults import SENDING, WRITING, Armed, Fault
from gateway.simulator.files import File
from gateway.simulator.network import NETWORK, Network
from gateway.simulator.phones import Phone, Text

_FORM: Final = "application/x-www-form-urlencoded"
_API: Final = "/simulator/twilio/2010-04-01/Accounts/{sid}"
# Seconds after the acceptance at which a text is reported sent, and then delivered.
_SENT_AFTER, _DELIVERED_AFTER = 0.15, 0.35
_NO_SUCH_SUBSCRIBER: Final = "30005"
# Twilio's own limit. Characters.
_LONGEST: Final = 1600


async def create(request: web.Request) -> web.StreamResponse:
    """`POST …/Messages.json`: 201 with the message queued, or what an armed fault says."""
    network = request.app[NETWORK]
    _authorised(request, network)
    form = {name: str(value) for name, value in (await request.post()).items()}
    wrong = _wrong(form)
    if wrong:
        return wrong
    armed = network.faults.take(SENDING)
    refused = _refused(armed)
    if refused:
        return refused
    phone = network.phones.get(form["To"])
    text = network.phones.add_text(phone, mine=False, text=form["Body"], number=form["From"], status="queued")
    return await _accepted(request, form, text, armed)


def _authorised(request: web.Request, network: Network) -> None:
    given = request.headers.get("Authorization", "")
    known = network.secrets("twilio") if "twilio" in network.gateway.settings.simulated else {}
    expected = aiohttp.encode_basic_auth(known.get("account_sid", ""), known.get("auth_token", ""))
    right_account = request.match_info["sid"] == known.get("account_sid")
    if not known or not right_account or not hmac.compare_digest(given.encode(), expected.encode()):
        raise web.HTTPUnauthorized(text=_error(401, 20003, "Authenticate"), content_type="application/json")


def _wrong(form: Mapping[str, str]) -> web.Response | None:
    if not form.get("To", "").lstrip("+").isdigit():
        return _problem(400, 21211, "Invalid 'To' Phone Number")
    if not form.get("From"):
        return _problem(400, 21603, "A 'From' phone number is required to send a Message.")
    if not form.get("Body"):
        return _problem(400, 21602, "Message body is required.")
    if len(form["Body"]) > _LONGEST:
        return _problem(400, 21617, "The concatenated message body exceeds the 1600 character limit")
    return None


def _refused(armed: Armed | None) -> web.Response | None:
    if armed is None:
        return None
    if armed.fault is Fault.THROTTLED:
        answer = _problem(429, 20429, "Too Many Requests")
        answer.headers["Retry-After"] = str(max(1, round(armed.seconds)))
        return answer
    if armed.fault is Fault.SERVER_ERROR:
        return web.Response(status=500, text="Internal Server Error")
    if armed.fault is Fault.OPTED_OUT:
        return _problem(400, 21610, "Attempt to send to unsubscribed recipient")
    return None


async def _accepted(
    request: web.Request, form: Mapping[str, str], text: Text, armed: Armed | None
) -> web.StreamResponse:
    network = request.app[NETWORK]
    fault = armed.fault if armed else None
    if fault is Fault.TIMEOUT:
        # On the phone, and nobody hears of it: no answer, no receipt.
        text.status = "delivered"
        network.phones.changed(text)
        await network.closing.wait()
        return web.Response(status=503)
    if form.get("StatusCallback"):
        network.later(_report(network, form, text, armed))
    if fault is Fault.ANSWER_LOST and request.transport is not None:
        request.transport.abort()
    created = {
        "sid": text.id, "status": "queued", "account_sid": request.match_info["sid"], "to": form["To"],
        "from": form["From"], "body": form["Body"], "num_segments": "1", "direction": "outbound-api",
        "error_code": None, "error_message": None, "api_version": "2010-04-01",
    }  # fmt: skip
    return web.json_response(created, status=201)


async def _report(network: Network, form: Mapping[str, str], text: Text, armed: Armed | None) -> None:
    """The callbacks of one message. The bubble changes as the phone would show it, whatever is reported when."""
    for wait, status, code in _steps(armed):
        await asyncio.sleep(wait)
        if not (text.status == "delivered" and status == "sent"):
            text.status = status
            network.phones.changed(text)
        fields = {
            "SmsSid": text.id, "SmsStatus": status, "MessageStatus": status, "To": form["To"], "MessageSid": text.id,
            "AccountSid": network.secrets("twilio")["account_sid"], "From": form["From"], "ApiVersion": "2010-04-01",
        }  # fmt: skip
        await post_signed(network, form["StatusCallback"], fields | ({"ErrorCode": code} if code else {}))


def _steps(armed: Armed | None) -> Sequence[tuple[float, str, str | None]]:
    """Seconds since the step before, the status, and the error's code."""
    fault = armed.fault if armed else None
    if fault is Fault.UNDELIVERED:
        return ((_SENT_AFTER, "sent", None), (_DELIVERED_AFTER, "undelivered", _NO_SUCH_SUBSCRIBER))
    if fault is Fault.REVERSED:
        return ((_SENT_AFTER, "delivered", None), (_DELIVERED_AFTER, "sent", None))
    late = armed.seconds if armed and fault is Fault.DELAYED else 0.0
    return ((_SENT_AFTER, "sent", None), (_DELIVERED_AFTER + late, "delivered", None))


async def post_signed(network: Network, url: str, fields: Mapping[str, str]) -> tuple[int, str]:
    """A form POST with Twilio's signature over its URL and fields; the gateway's status and body come back."""
    validator = RequestValidator(network.secrets("twilio")["auth_token"])
    signature = validator.compute_signature(url, dict(fields))
    headers = {"Content-Type": _FORM, "X-Twilio-Signature": signature, "User-Agent": "TwilioProxy/1.1"}
    return await network.post(url, body=urlencode(fields).encode(), headers=headers)


async def write(network: Network, phone: Phone, text: str, *, number: str, media: Sequence[File] = ()) -> Text:
    """A phone sends a text: it stands in the phone's thread, and the webhook is called. NotSimulated."""
    channel = network.channel("twilio")
    sent = network.phones.add_text(phone, mine=True, text=text, number=number, status="sending", media=len(media))
    fields = _inbound(network, phone, sent)
    for index, each in enumerate(media):
        url = f"{network.secrets('twilio')['api_url']}/2010-04-01/Accounts/{fields['AccountSid']}/Messages/{sent.id}"
        fields[f"MediaUrl{index}"] = f"{url}/Media/{network.files.keep(each)}"
        fields[f"MediaContentType{index}"] = each.content_type
    doubled = network.faults.take(WRITING)
    for _ in range(2 if doubled else 1):
        sent.status = await _brought(network, channel, fields)
    network.phones.changed(sent)
    return sent


def _inbound(network: Network, phone: Phone, sent: Text) -> dict[str, str]:
    account = network.secrets("twilio")["account_sid"]
    return {
        "ToCountry": "CO", "SmsMessageSid": sent.id, "NumMedia": str(sent.media), "SmsSid": sent.id,
        "SmsStatus": "received", "Body": sent.text, "FromCountry": "CO", "To": sent.number, "NumSegments": "1",
        "MessageSid": sent.id, "AccountSid": account, "From": phone.number, "ApiVersion": "2010-04-01",
    }  # fmt: skip


async def _brought(network: Network, channel: str, fields: Mapping[str, str]) -> str:
    try:
        status, _ = await post_signed(network, network.public(f"/webhooks/{channel}"), fields)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return "failed"
    return "received" if status == 200 else "failed"


async def media(request: web.Request) -> web.Response:
    """`GET …/Media/{media}`: a file of an MMS, for those who know the account's token."""
    _authorised(request, request.app[NETWORK])
    found = request.app[NETWORK].files.get(request.match_info["media"])
    if found is None:
        raise web.HTTPNotFound(text=_error(404, 20404, "The requested resource was not found"))
    return web.Response(body=found.content, content_type=found.content_type)


def numbers(network: Network) -> list[str]:
    """The service numbers a phone may write to."""
    channel = network.gateway.current().catalog.gateway.channels[network.channel("twilio")]
    given = [str(number) for number in channel.options.get("numbers", ()) if not str(number).startswith("whatsapp:")]
    return given or ["+15005550006"]


def _error(status: int, code: int, message: str) -> str:
    return (
        f'{{"code": {code}, "message": "{message}", '
        f'"more_info": "https://www.twilio.com/docs/errors/{code}", "status": {status}}}'
    )


def _problem(status: int, code: int, message: str) -> web.Response:
    return web.Response(status=status, text=_error(status, code, message), content_type="application/json")


def add_routes(app: web.Application) -> None:
    """Add the API to the internal listener."""
    app.router.add_post(_API + "/Messages.json", create)
    app.router.add_get(_API + "/Messages/{message}/Media/{media}", media)
