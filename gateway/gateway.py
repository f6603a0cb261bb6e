"""The parts of a running gateway, as the web handlers see them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from channels.channel import Channel
from gateway.accounts.secret_box import SecretBox
from gateway.accounts.sign_on import SignOn
from gateway.audit import Audit
from gateway.deployment import Current
from gateway.desk import Desk
from gateway.files import Fetcher, Files
from gateway.inbound.inbox import Inbox
from gateway.inbound.intake import Intake
from gateway.live import Live
from gateway.outbound.outbox import Outbox
from gateway.outbound.receipts import Receipts
from gateway.own_texts import OwnTexts
from gateway.reports.kept import Reports
from gateway.search.reader import Reader
from gateway.settings import Settings
from gateway.store.engine import Store
from gateway.timekeeping.timekeeper import Timekeeper


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Gateway:
    """Everything a handler may need, built once by `gateway.app`."""

    settings: Settings
    store: Store
    current: Current
    # Apply the configuration folder as it is now; False when it is refused.
    reload: Callable[[], Awaitable[bool]]
    channels: Mapping[str, Channel]
    intake: Intake
    receipts: Receipts
    inbox: Inbox
    outbox: Outbox
    timekeeper: Timekeeper
    desk: Desk
    files: Files
    fetcher: Fetcher
    reader: Reader
    live: Live
    reports: Reports
    audit: Audit
    own_texts: OwnTexts
    secret_box: SecretBox
    # None while single sign-on is not set up.
    sign_on: SignOn | None
    clock: Callable[[], datetime]

    @property
    def simulated(self) -> frozenset[str]:
        """The providers that a configured channel needs and the simulator stands for."""
        return self.settings.simulated & {c.provider for c in self.current().catalog.gateway.channels.values()}


GATEWAY = web.AppKey("gateway", Gateway)
