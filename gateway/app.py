"""The composition root: everything is built here, started in order, and stopped in reverse within a budget."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Final

import aiohttp
import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from channels.channel import Capabilities, Channel, ChannelSettings, Pulls, RawRequest
from channels.registry import CHANNELS
from gateway import clock as system_clock
from gateway import simulator
from gateway.accounts.secret_box import open_box
from gateway.accounts.sign_on import SignOn
from gateway.audit import Audit
from gateway.catalog.file import CatalogFaults
from gateway.deployment import Deployment
from gateway.desk import Desk
from gateway.files import Fetcher, Files
from gateway.first_start import first_logins
from gateway.gateway import GATEWAY, Gateway
from gateway.inbound.inbox import Inbox
from gateway.inbound.intake import Intake
from gateway.live import Live
from gateway.outbound.outbox import Outbox
from gateway.outbound.receipts import Receipts
from gateway.own_texts import OwnTexts, OwnTextsOf
from gateway.reports.kept import Reports
from gateway.search.reader import Reader
from gateway.settings import Listen, Settings
from gateway.simulator import secrets as simulator_secrets
from gateway.store.engine import Store, open_store
from gateway.store.migrate import migrate
from gateway.timekeeping import almanac
from gateway.timekeeping.timekeeper import Timekeeper
from gateway.web import accounts, api, console, health, operations, public, webhooks
from gateway.web.console.views import count_views

log = structlog.get_logger()

# Seconds a listener waits for requests under way when it stops.
_DRAIN: Final = 3.0
# A batch makes thousands of short-lived objects; the default collects in the middle of every few messages.
_COLLECT_AFTER: Final = (20_000, 20, 20)
# A citizen's form may carry several files; webhooks have their own, smaller limit. Bytes.
_BODY_LIMIT: Final = 64 * 1024 * 1024


class Reloadable:
    """The deployment in force; replaced whole, or kept whole."""

    def __init__(self, settings: Settings, deployment: Deployment) -> None:
        self._settings = settings
        self._own_texts: OwnTextsOf = {}
        self._deployment = deployment

    def word(self, own_texts: OwnTextsOf) -> None:
        """From now on agencies say these texts in their own way, also after the configuration is applied anew."""
        self._own_texts = own_texts
        self._deployment = self._deployment.worded(own_texts)

    def __call__(self) -> Deployment:
        return self._deployment

    async def count_by(self, store: Store) -> None:
        """From now on clocks are counted by this deployment, and those that ended as they were counted then."""
        self._deployment = self._deployment.counting(await almanac.keep(store, self._deployment.catalog))

    async def reload(self, store: Store) -> bool:
        """Apply the configuration folder as it is now, or refuse it whole and say why."""
        try:
            fresh = Deployment.load(self._settings.config_dir)
        except CatalogFaults as faults:
            log.error("configuration refused, the old one stays", faults=[str(fault) for fault in faults.faults])
            return False
        running = self._deployment.catalog.gateway.channels
        if {k: v.provider for k, v in fresh.catalog.gateway.channels.items()} != {
            k: v.provider for k, v in running.items()
        }:
            log.error("configuration refused, the old one stays: channels are added and removed by a restart")
            return False
        try:
            catalog = await almanac.keep(store, fresh.catalog)
        except (SQLAlchemyError, OSError) as error:
            log.error("configuration refused, the old one stays: no database", error=type(error).__name__)
            return False
        self._deployment = fresh.counting(catalog).worded(self._own_texts)
        log.info("configuration applied", agencies=len(fresh.catalog.agencies))
        return True


@asynccontextmanager
async def open_gateway(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = system_clock.now,
    deployment: Deployment | None = None,
) -> AsyncIterator[Gateway]:
    """A whole gateway, migrated, with its workers running and no listener yet."""
    current = Reloadable(settings, deployment or Deployment.load(settings.config_dir))
    async with AsyncExitStack() as stack:
        store = await open_store(settings.database_url, serving=True)
        stack.push_async_callback(store.close)
        await migrate(store)
        await current.count_by(store)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=30))
        )
        channels = build_channels(settings, current(), session)
        gateway = _assemble(settings, current, store=store, channels=channels, session=session, clock=clock)
        await gateway.audit.start()
        stack.push_async_callback(gateway.audit.close)
        await gateway.own_texts.start()
        stack.push_async_callback(gateway.own_texts.stop)
        await first_logins(gateway)
        workers = gateway.outbox, gateway.timekeeper, gateway.fetcher, gateway.reader, gateway.live, gateway.reports
        for worker in workers:
            await worker.start()
            stack.push_async_callback(worker.stop)
        for part in (gateway.inbox, gateway.receipts, gateway.intake):
            stack.push_async_callback(part.close)
        yield gateway


def build_channels(settings: Settings, deployment: Deployment, session: aiohttp.ClientSession) -> dict[str, Channel]:
    """Every configured channel, from its adapter, its options and its secrets."""
    gateway = deployment.catalog.gateway
    return {
        name: CHANNELS[config.provider](
            ChannelSettings(
                name=name,
                country=gateway.country,
                webhook_url=_webhook_url(settings, name, config.provider),
                options=config.options,
                secrets=settings.secrets.get(config.provider, {}),
            ),
            session,
        )
        for name, config in gateway.channels.items()
    }


def _webhook_url(settings: Settings, name: str, provider: str) -> str:
    """Where the provider reaches the channel; "" makes a channel that can pull do so."""
    if settings.has_public_url or provider in settings.simulated or provider != "telegram":
        return f"{settings.public_url}/webhooks/{name}"
    return ""


def _assemble(
    settings: Settings,
    current: Reloadable,
    *,
    store: Store,
    channels: dict[str, Channel],
    session: aiohttp.ClientSession,
    clock: Callable[[], datetime],
) -> Gateway:
    outbox = Outbox(store, channels, current, clock=clock, clock_stopped=lambda: timekeeper.wake())
    timekeeper = Timekeeper(store, current, clock=clock, wake_outbox=outbox.wake)
    reader = Reader(store)
    files = Files(settings.files_dir)
    fetcher = Fetcher(store, files, channels, current, clock=clock, wake_outbox=outbox.wake)

    def capable(name: str) -> Capabilities:
        return channels[name].capabilities

    def wake(names: Iterable[str]) -> None:
        outbox.wake(names)
        reader.wake()

    def wake_after_an_act(names: Iterable[str]) -> None:
        wake(names)
        # The act may have brought a moment nearer: a lease, another class.
        timekeeper.wake()

    async def reload() -> bool:
        applied = await current.reload(store)
        # Another calendar moves deadlines.
        timekeeper.wake()
        return applied

    intake = Intake(store, current, capable=capable, clock=clock, wake=wake)
    receipts = Receipts(store, clock=clock, clock_stopped=timekeeper.wake)
    return Gateway(
        settings=settings,
        store=store,
        current=current,
        reload=reload,
        channels=channels,
        intake=intake,
        receipts=receipts,
        inbox=Inbox(
            channels,
            store=store,
            intake=intake,
            receipts=receipts,
            fetcher=fetcher,
            current=current,
            clock=clock,
        ),
        outbox=outbox,
        timekeeper=timekeeper,
        desk=Desk(store, current, capable=capable, clock=clock, wake=wake_after_an_act),
        files=files,
        fetcher=fetcher,
        reader=reader,
        live=Live(store, clock=clock, count=partial(count_views, current=current, clock=clock)),
        reports=Reports(store, current, clock=clock),
        audit=Audit(store, clock=clock),
        own_texts=OwnTexts(store, apply=current.word),
        secret_box=open_box(settings),
        sign_on=SignOn(sign_on, session) if (sign_on := settings.accounts.sign_on) else None,
        clock=clock,
    )


def public_app(gateway: Gateway) -> web.Application:
    """Webhooks and citizens' pages."""
    app = web.Application(client_max_size=_BODY_LIMIT)
    app[GATEWAY] = gateway
    webhooks.add_routes(app)
    public.add_routes(app)
    return app


def internal_app(gateway: Gateway) -> web.Application:
    """Console, operations, API, health and metrics; and the simulator, while a provider stands on it."""
    app = web.Application(client_max_size=_BODY_LIMIT)
    app[GATEWAY] = gateway
    health.add_routes(app)
    api.add_routes(app)
    operations.add_routes(app)
    console.add_routes(app)
    accounts.add_routes(app)
    if gateway.simulated:
        simulator.add_routes(app)
    return app


@asynccontextmanager
async def listening(gateway: Gateway) -> AsyncIterator[None]:
    """Both listeners, and what channels do at their start; stopped in reverse."""
    async with AsyncExitStack() as stack:
        for app, listen in (
            (internal_app(gateway), gateway.settings.internal_listen),
            (public_app(gateway), gateway.settings.public_listen),
        ):
            await stack.enter_async_context(_listener(app, listen))
        starting = asyncio.create_task(_start_channels(gateway), name="channels")
        stack.push_async_callback(_cancel, starting)
        yield


@asynccontextmanager
async def _listener(app: web.Application, listen: Listen) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_DRAIN, handle_signals=False)
    await runner.setup()
    try:
        # A backlog for bursts: providers deliver in waves.
        await web.TCPSite(runner, listen.host, listen.port, backlog=1024).start()
        yield
    finally:
        await runner.cleanup()


async def _start_channels(gateway: Gateway) -> None:
    """Tell providers what they must know, then pull where pulling is the way. Failures are logged and tried again."""
    await asyncio.gather(*(_start_channel(gateway, channel) for channel in gateway.channels.values()))


async def _start_channel(gateway: Gateway, channel: Channel) -> None:
    for wait in (5, 30, 120, 600, 3600):
        try:
            await channel.start()
            break
        except Exception as error:  # the outermost loop of a channel: the others must run whatever this one does
            log.warning("channel could not be announced to its provider", channel=channel.name, error=str(error))
            await asyncio.sleep(wait)
    if not isinstance(channel, Pulls) or not channel.use_polling:
        return

    async def deliver(raw: RawRequest) -> None:
        await gateway.inbox.take(channel, raw)

    while True:
        try:
            await channel.poll(deliver)
        except Exception:  # what was not confirmed is delivered again
            log.exception("polling failed", channel=channel.name)
            await asyncio.sleep(5)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def collect_seldom() -> None:
    """What stands now stays: the collector need not walk the catalog and the modules again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


async def serve(settings: Settings, *, started: Callable[[Gateway], None]) -> None:
    """Serve until SIGINT or SIGTERM; SIGHUP applies the configuration anew. `started` is told when it listens."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with open_gateway(settings) as gateway, listening(gateway), _reloaded_by_hangups(gateway):
        simulator_secrets.write(settings)
        collect_seldom()
        started(gateway)
        await stop.wait()
        log.info("stopping")


@asynccontextmanager
async def _reloaded_by_hangups(gateway: Gateway) -> AsyncIterator[None]:
    """SIGHUP applies the configuration anew; several at once do so once more."""
    hangup = asyncio.Event()

    async def serve() -> None:
        while True:
            await hangup.wait()
            hangup.clear()
            try:
                await gateway.reload()
            except Exception:  # the outermost loop: the next hangup is heard again
                log.exception("configuration could not be applied, the old one stays")

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hangup.set)
    task = asyncio.create_task(serve(), name="hangups")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
