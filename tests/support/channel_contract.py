"""What every channel must keep, whatever its provider.

Inherit this suite and describe the provider in one `ContractCase`:

    class TestTwilioContract(ChannelContract):
        @pytest.fixture
        def case(self, session: aiohttp.ClientSession) -> ContractCase:
            return ContractCase(build=lambda secrets: build(settings(secrets), session), secrets=..., says=..., ...)

`session` is there for adapters that take one; nothing in this suite reaches a network.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import aiohttp
import pytest
import structlog

from channels.channel import Channel, ChannelError, NotAuthentic, RawRequest, Unreadable
from channels.message import Inbound, InboundMessage, SessionTurn

# Recognisable, so that a leak into a log or an error is found by searching for it.
WITNESS_TEXT = "necesito-una-copia-de-mi-registro"

# Inbound case 47, and what citizens really type.
HARD_TEXTS = {
    "a NUL": "antes\x00después",
    "bidi controls": "archivo\u202efdp.exe\u2066",
    "a 10,000-character word": "x" * 10_000,
    "an emoji and an accent": "sí señora 👩🏽‍🌾",
    "what a form or a template would read as its own": "a=b&c=%41+{{x}}<script>*1#",
}


def said_by(inbound: Inbound) -> str:
    """What the person typed, for the two kinds of item that carry it."""
    if isinstance(inbound, InboundMessage):
        return inbound.text
    if isinstance(inbound, SessionTurn):
        return inbound.accumulated if inbound.accumulated is not None else inbound.typed or ""
    raise AssertionError(f"a {type(inbound).__name__} carries nothing that a person typed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCase:
    """One provider, described for the contract.

    `build` makes the channel from secrets; with {} the channel is built too, and refuses everything.
    `secrets` are the working ones. `says` is an authentic request in which a person writes the given text.
    `tamper` returns the request with a changed content or a wrong secret; `strip` returns it without proof of origin.
    `extend` returns an authentic request that says the same, with one field more than we know.
    `unreadable` are authentic requests whose shape cannot be understood; `not_utf8` are authentic and not UTF-8.
    `said` reads the text from what `parse` returned. `private` are further words (a phone number) that no log may hold.
    """

    build: Callable[[Mapping[str, str]], Channel]
    secrets: Mapping[str, str]
    says: Callable[[str], RawRequest]
    tamper: Callable[[RawRequest], RawRequest]
    strip: Callable[[RawRequest], RawRequest]
    extend: Callable[[RawRequest], RawRequest]
    unreadable: Sequence[RawRequest] = ()
    not_utf8: Sequence[RawRequest] = ()
    said: Callable[[Inbound], str] = said_by
    private: Sequence[str] = ()

    def channel(self) -> Channel:
        return self.build(self.secrets)


def without_header(name: str) -> Callable[[RawRequest], RawRequest]:
    """A `strip` for the providers whose proof is one header. `name` in lower case."""
    return lambda raw: replace(raw, headers={key: value for key, value in raw.headers.items() if key != name})


def with_header(name: str, value: str) -> Callable[[RawRequest], RawRequest]:
    """A `tamper` for the providers whose proof is one header. `name` in lower case."""
    return lambda raw: replace(raw, headers={**raw.headers, name: value})


class LogWitness:
    """Everything logged, through `logging` or through structlog, as one text."""

    def __init__(self, caplog: pytest.LogCaptureFixture, entries: Sequence[Mapping[str, object]]) -> None:
        self._caplog = caplog
        self._entries = entries

    def text(self) -> str:
        return self._caplog.text + "".join(repr(entry) for entry in self._entries)


class ChannelContract:
    """Inherit, name the class Test…, and give it a `case` fixture."""

    @pytest.fixture
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        async with aiohttp.ClientSession() as session:
            yield session

    @pytest.fixture
    def log(self, caplog: pytest.LogCaptureFixture) -> Iterator[LogWitness]:
        caplog.set_level(logging.DEBUG)
        with structlog.testing.capture_logs() as entries:
            yield LogWitness(caplog, entries)

    def test_an_authentic_request_is_accepted_and_says_what_was_said(self, case: ContractCase) -> None:
        channel, raw = case.channel(), case.says("hola")
        channel.verify(raw)
        assert "hola" in [case.said(item) for item in channel.parse(raw)]

    def test_what_is_parsed_carries_the_name_of_the_channel(self, case: ContractCase) -> None:
        channel = case.channel()
        assert {item.channel for item in channel.parse(case.says("hola"))} == {channel.name}

    def test_a_tampered_request_is_refused(self, case: ContractCase) -> None:  # inbound cases 2 and 24
        with pytest.raises(NotAuthentic):
            case.channel().verify(case.tamper(case.says("hola")))

    def test_a_request_without_proof_of_origin_is_refused(self, case: ContractCase) -> None:  # inbound cases 2 and 24
        with pytest.raises(NotAuthentic):
            case.channel().verify(case.strip(case.says("hola")))

    def test_a_channel_without_a_secret_refuses_even_the_authentic(self, case: ContractCase) -> None:
        with pytest.raises(NotAuthentic):
            case.build({}).verify(case.says("hola"))

    def test_an_empty_secret_is_no_secret(self, case: ContractCase) -> None:
        with pytest.raises(NotAuthentic):
            case.build(dict.fromkeys(case.secrets, "")).verify(case.strip(case.says("hola")))

    def test_an_unknown_field_is_accepted_and_changes_nothing(self, case: ContractCase) -> None:  # inbound case 10
        channel, plain = case.channel(), case.says("hola")
        extended = case.extend(plain)
        channel.verify(extended)
        assert [_without_raw(item) for item in channel.parse(extended)] == [
            _without_raw(item) for item in channel.parse(plain)
        ]

    def test_the_same_request_parses_to_the_same_things_every_time(self, case: ContractCase) -> None:
        raw = case.says("hola")
        first, second = case.channel().parse(raw), case.channel().parse(raw)
        assert first
        assert list(first) == list(second)

    def test_parsing_needs_no_earlier_verification(self, case: ContractCase) -> None:
        checked, unchecked = case.channel(), case.channel()
        raw = case.says("hola")
        checked.verify(raw)
        assert list(checked.parse(raw)) == list(unchecked.parse(raw))

    @pytest.mark.parametrize("text", HARD_TEXTS.values(), ids=HARD_TEXTS.keys())
    def test_a_hard_text_arrives_whole(self, case: ContractCase, text: str) -> None:  # inbound case 47
        channel, raw = case.channel(), case.says(text)
        channel.verify(raw)
        # A NUL may be dropped, because not every engine stores one; nothing else may.
        assert text.replace("\0", "") in [case.said(item).replace("\0", "") for item in channel.parse(raw)]

    def test_bytes_that_are_not_utf8_are_read_or_called_unreadable(self, case: ContractCase) -> None:  # inbound case 46
        channel = case.channel()
        for raw in case.not_utf8:
            channel.verify(raw)
            with suppress(Unreadable):
                assert channel.parse(raw)

    def test_an_authentic_but_strange_request_is_called_unreadable(self, case: ContractCase) -> None:  # inbound case 16
        channel = case.channel()
        for raw in case.unreadable:
            channel.verify(raw)
            with pytest.raises(Unreadable):
                channel.parse(raw)

    def test_times_are_aware(self, case: ContractCase) -> None:
        times = [getattr(item, "sent_at", None) for item in case.channel().parse(case.says("hola"))]
        assert all(time.tzinfo is not None for time in times if isinstance(time, datetime))

    def test_neither_log_nor_error_nor_repr_tells_a_secret_or_a_text(self, case: ContractCase, log: LogWitness) -> None:
        channel, raw = case.channel(), case.says(WITNESS_TEXT)
        errors = [_error_of(channel, each) for each in (raw, case.tamper(raw), case.strip(raw), *case.unreadable)]
        seen = log.text() + repr(errors) + repr(channel)
        leaks = [word for word in (WITNESS_TEXT, *case.private, *case.secrets.values()) if word and word in seen]
        assert leaks == []
        assert any(isinstance(error, NotAuthentic) for error in errors)

    def test_an_acknowledgement_tells_no_secret(self, case: ContractCase) -> None:
        channel, raw = case.channel(), case.says("hola")
        response = channel.acknowledge(raw)
        assert response.status == 200
        assert not any(secret in response.body for secret in case.secrets.values() if secret)


def _without_raw(item: Inbound) -> Inbound:
    """The item but for its provider's fields, which hold the unknown one too."""
    return replace(item, raw={}) if isinstance(item, InboundMessage | SessionTurn) else item


def _error_of(channel: Channel, raw: RawRequest) -> ChannelError | None:
    """What a whole trip through verify, parse and acknowledge raised, with its causes kept."""
    try:
        channel.verify(raw)
        channel.parse(raw)
        channel.acknowledge(raw)
    except ChannelError as error:
        return error
    return None
