"""`ventanilla simulate`: a stream of citizens through the real webhooks of a running server."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from time import monotonic, perf_counter, time
from typing import TYPE_CHECKING

import click

from gateway.cli.environment import fail, read_deployment, read_settings
from gateway.errors import SettingsFault

if TYPE_CHECKING:
    import aiohttp

    from gateway.cli.citizens import Crowd, Visitor
    from gateway.cli.signing import Signed, Signer

# The most screens a session may have; a person would have given up. One answer may take this many seconds.
_SCREENS, _PATIENCE = 12, 15


@click.command()
@click.option("--rate", default=2.0, show_default=True, type=click.FloatRange(0.01, 5000), help="citizens a second")
@click.option("--for", "seconds", default=60.0, show_default=True, type=click.FloatRange(0.1), help="seconds")
@click.option("--seed", type=int, help="the same seed makes the same citizens with the same questions")
def simulate(rate: float, seconds: float, seed: int | None) -> None:
    """Let made-up citizens write to the running server: signed SMS, USSD sessions, Telegram updates, web posts.

    Prints a line a second: what was asked, what failed, how long the answers took. Exit code 1 when anything failed.
    Only where every provider is simulated: nobody's real phone is answered.

    \b
      ventanilla simulate
      ventanilla simulate --rate 20 --for 10 --seed 7
    """
    from gateway.cli.citizens import Crowd
    from gateway.cli.signing import Signer
    from gateway.first_start import is_trial

    settings = read_settings()
    if not is_trial(settings):
        fail("a provider's credentials are set: made-up citizens would be answered on real phones", code=2)
    catalog = read_deployment(settings).catalog
    signer = Signer(settings, catalog)
    crowd = Crowd(catalog, signer.providers, seed=seed)
    stream = Stream(settings.public_listen.local_url, signer, crowd)
    try:
        signer.check()
        asyncio.run(stream.flow(rate=rate, seconds=seconds))
    except SettingsFault as fault:
        fail(fault, code=2)
    except ConnectionError:
        fail(f"nothing answers at {settings.public_listen.local_url}: is `ventanilla serve` running?", code=2)
    if stream.tally.failed:
        raise SystemExit(1)


@dataclass(slots=True)
class Tally:
    """What became of the stream so far. `waits` are the answers' times since the last line, in milliseconds."""

    asked: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    waits: list[float] = field(default_factory=list)

    def line(self, second: int) -> str:
        """One line of the report; begins the next."""
        by_provider = ", ".join(f"{name} {count}" for name, count in sorted(self.asked.items()))
        waits, self.waits = self.waits, []
        took = f"median {median(waits):.0f} ms, worst {max(waits):.0f} ms" if waits else "no answer in this second"
        return f"{second:>4} s  {self.asked.total():>6} asked  {self.failed} failed  {took}  ({by_provider})"


class Stream:
    """Citizens arriving at a steady rate, none waiting for another."""

    def __init__(self, base: str, signer: Signer, crowd: Crowd) -> None:
        self.tally = Tally()
        self._base = base
        self._signer = signer
        self._crowd = crowd
        self._visits = {
            "twilio": self._text,
            "africastalking": self._dial,
            "telegram": self._update,
            "web": self._form,
        }

    async def flow(self, *, rate: float, seconds: float) -> None:
        """Let them come. ConnectionError when nothing listens."""
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=_PATIENCE)
        connector = aiohttp.TCPConnector(limit=0)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, connector=connector) as session,
                asyncio.TaskGroup() as group,
            ):
                reporting = group.create_task(self._report())
                await self._arrive(session, rate=rate, count=max(1, round(rate * seconds)))
                reporting.cancel()
        except* aiohttp.ClientConnectorError:
            raise ConnectionError from None
        click.echo(self.tally.line(round(seconds)))

    async def _arrive(self, session: aiohttp.ClientSession, *, rate: float, count: int) -> None:
        began = monotonic()
        async with asyncio.TaskGroup() as visits:
            for place in range(count):
                await asyncio.sleep(max(0.0, began + place / rate - monotonic()))
                who = self._crowd.next()
                self.tally.asked[who.provider] += 1
                visits.create_task(self._visits[who.provider](session, who))

    async def _report(self) -> None:
        second = 0
        while True:
            await asyncio.sleep(1)
            second += 1
            click.echo(self.tally.line(second))

    async def _text(self, session: aiohttp.ClientSession, who: Visitor) -> None:
        form = {
            "MessageSid": f"SM{_fresh():032x}",
            "From": who.phone(),
            "To": "+576017440000",
            "Body": who.question(),
            "NumMedia": "0",
        }
        await self._post(session, self._signer.twilio(form))

    async def _update(self, session: aiohttp.ClientSession, who: Visitor) -> None:
        chat, first_name = who.chat(), who.name().split()[0]
        message = {
            "message_id": _fresh() % 2**31,
            "from": {"id": chat, "is_bot": False, "first_name": first_name, "language_code": "es"},
            "chat": {"id": chat, "type": "private", "first_name": first_name},
            "date": int(time()),
            "text": who.question(),
        }
        await self._post(session, self._signer.telegram({"update_id": _fresh(), "message": message}))

    async def _form(self, session: aiohttp.ClientSession, who: Visitor) -> None:
        fields = {
            "text": who.question(),
            "name": who.name(),
            "language": "es",
            "idempotency_key": f"{_fresh():032x}",
        }
        await self._post(session, self._signer.web(fields))

    async def _dial(self, session: aiohttp.ClientSession, who: Visitor) -> None:
        """A session from the first screen to the last, through whatever the menu shows."""
        form = {
            "sessionId": f"ATUid_{_fresh():x}",
            "phoneNumber": who.phone(),
            "networkCode": "732101",
            "serviceCode": "*484#",
        }
        typed: list[str] = []
        for _ in range(_SCREENS):
            screen = await self._post(session, self._signer.ussd({**form, "text": "*".join(typed)}))
            if not screen.startswith("CON"):
                break
            # A star ends an input on the network's side, so nobody can type one.
            typed.append(who.press(screen) or who.question().replace("*", " "))
        ended = {**form, "status": "Success", "durationInMillis": "40000", "hopsCount": str(len(typed))}
        await self._post(session, self._signer.ussd(ended, status=True))

    async def _post(self, session: aiohttp.ClientSession, signed: Signed) -> str:
        import aiohttp

        began = perf_counter()
        try:
            async with session.post(self._base + signed.path, data=signed.body, headers=signed.headers) as answer:
                said = await answer.text()
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientError, TimeoutError):
            self.tally.failed += 1
            return ""
        self.tally.waits.append((perf_counter() - began) * 1000)
        if answer.status != 200:
            self.tally.failed += 1
        return said


def _fresh() -> int:
    """An id no provider has used: repeats are recognised for ever, so a crowd of the same seed needs new ones."""
    from gateway.clock import new_id

    return new_id()
