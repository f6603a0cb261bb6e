"""Africa's Talking's side, and the handset: sessions with everything typed so far, and a notice at their end.

sessions         https://developers.africastalking.com/docs/ussd/handle_sessions
end of session   https://developers.africastalking.com/docs/ussd/notifications
"""

import re
import secrets
from typing import Final
from urllib.parse import urlencode

import aiohttp

from gateway.simulator.faults import DIALLING
from gateway.simulator.network import Network
from gateway.simulator.phones import Phone, Session

SHORT_CODE: Final = "*484#"
_NETWORK_CODE: Final = "63001"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_DIALLED: Final = re.compile(r"\*484((?:\*[^#]*)?)#")
# What a handset shows for anything but CON or END.
BROKEN: Final = "Problema de conexión o código MMI no válido."


async def dial(network: Network, phone: Phone, dialled: str = SHORT_CODE) -> Session:
    """Dial the code, perhaps with choices in it: `*484*1*1#`. A session that was open is dropped. NotSimulated."""
    network.channel("africastalking")
    if phone.session and phone.session.open:
        await drop(network, phone)
    match = _DIALLED.fullmatch(dialled.strip())
    phone.session = Session(
        id=f"ATUid_{secrets.token_hex(16)}",
        service_code=SHORT_CODE,
        accumulated=match.group(1).removeprefix("*") if match else "",
    )
    if match is None:
        _finish(network, phone.session, screen=BROKEN, how="código desconocido")
        return phone.session
    await _turn(network, phone, phone.session)
    return phone.session


async def answer(network: Network, phone: Phone, typed: str) -> Session | None:
    """Type an answer at the screen; None when no session is open."""
    session = phone.session
    if session is None or not session.open:
        return None
    session.accumulated = f"{session.accumulated}*{typed}" if session.accumulated else typed
    await _turn(network, phone, session)
    return session


async def drop(network: Network, phone: Phone) -> None:
    """The network loses the session, or the person hangs up: the screen closes and the gateway is notified."""
    session = phone.session
    if session is None or not session.open:
        return
    _finish(network, session, screen=session.screen, how="cortada")
    await _notify(network, phone, session, status="Incomplete")


async def _turn(network: Network, phone: Phone, session: Session) -> None:
    repeated = network.faults.take(DIALLING)
    for _ in range(2 if repeated else 1):
        status, body = await _posted(network, phone, session)
        session.hops += 1
    kind, _, screen = body.partition(" ")
    if status != 200 or kind not in ("CON", "END"):
        _finish(network, session, screen=BROKEN, how="sin respuesta")
        await _notify(network, phone, session, status="Failed")
    elif kind == "END":
        _finish(network, session, screen=screen, how="terminada")
        await _notify(network, phone, session, status="Success")
    else:
        session.screen = screen
        network.phones.changed(session)


async def _posted(network: Network, phone: Phone, session: Session) -> tuple[int, str]:
    fields = {
        "sessionId": session.id, "serviceCode": session.service_code, "phoneNumber": phone.number,
        "networkCode": _NETWORK_CODE, "text": session.accumulated,
    }  # fmt: skip
    try:
        return await network.post(_url(network), body=urlencode(fields).encode(), headers=_FORM)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return 0, ""


def _url(network: Network) -> str:
    channel, secret = network.channel("africastalking"), network.secrets("africastalking")["path_secret"]
    return network.public(f"/webhooks/{channel}/{secret}")


def _finish(network: Network, session: Session, *, screen: str, how: str) -> None:
    session.screen, session.open, session.ended = screen, False, how
    network.phones.changed(session)


async def _notify(network: Network, phone: Phone, session: Session, *, status: str) -> None:
    fields = {
        "date": network.phones.clock().strftime("%Y-%m-%d %H:%M:%S"), "sessionId": session.id,
        "serviceCode": session.service_code, "networkCode": _NETWORK_CODE, "phoneNumber": phone.number,
        "status": status, "cost": "COP 0", "durationInMillis": str(1000 * session.hops),
        "hopsCount": str(session.hops), "input": session.accumulated, "lastAppResponse": session.screen,
    }  # fmt: skip
    try:
        await network.post(f"{_url(network)}/status", body=urlencode(fields).encode(), headers=_FORM)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return
