"""What stands on the screens, as data: for the control API, and for the page that asks what is new."""

from typing import Any

from gateway.simulator.network import Network
from gateway.simulator.phones import ChatMessage, Phone, Session, Text


def state(network: Network, phone: Phone, *, since: int = 0) -> dict[str, Any]:
    """Everything on a phone that is newer than `since`; `version` is what to ask with next time."""
    session = phone.session
    return {
        "version": network.phones.version,
        "phone": phone.number,
        "name": phone.name,
        "sms": [_text(each) for each in phone.texts if each.version > since],
        "ussd": _session(session) if session and session.version > since else None,
        "telegram": [_chat(each) for each in phone.chat if each.version > since],
        "faults": waiting(network),
    }


def waiting(network: Network) -> list[dict[str, Any]]:
    """The faults that wait for their request."""
    return [{"fault": each.fault.value, "seconds": each.seconds} for each in network.faults.waiting()]


def _text(text: Text) -> dict[str, Any]:
    return {
        "id": text.id,
        "from": "phone" if text.mine else "service",
        "number": text.number,
        "text": text.text,
        "status": text.status,
        "media": text.media,
        "at": text.at.isoformat(),
    }


def _session(session: Session) -> dict[str, Any]:
    return {"id": session.id, "open": session.open, "screen": session.screen, "ended": session.ended}


def _chat(message: ChatMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "from": "person" if message.mine else "bot",
        "text": message.text,
        "buttons": [[{"label": label, "data": data} for label, data in row] for row in message.buttons],
        "ask_phone": message.ask_phone,
        "waiting": message.pressed is not None,
        "file": message.photo is not None,
        "at": message.at.isoformat(),
    }
