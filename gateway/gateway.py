"""The parts of a running gateway, as the web handlers see them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from channels.channel import Channel
from gateway.audit import Audit
from gateway.deployment import Current
from gateway.desk import Desk
from gateway.files import Fetcher, Files
from gateway.inbox import Inbox
from gateway.intake import Intake
from gateway.live import Live
from gateway.outbox import Outbox
from gateway.own_texts import OwnTexts
from gateway.receipts import Receipts
from gateway.search import Reader
from gateway.secret_box import SecretBox
from gateway.settings import Settings
from gateway.sign_on import SignOn
from gateway.store.engine import Store
from gateway.timekeeper import Timekeeper


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Everything a handler may need, built once by `gateway.app`."""

    settings: Settings
    store: Store
    current: Current
    # Apply the configuration folder as it is now; False when it is refused.
    reload: Callable[[], bool]
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
