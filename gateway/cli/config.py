"""`ventanilla check-config`, `migrate` and `route`: is what was written right, and what does it do."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.environment import fail, read_deployment, read_settings, with_store

if TYPE_CHECKING:
    from channels.message import InboundMessage
    from gateway.deployment import Deployment
    from gateway.store.engine import Store
    from routing.catalog import Catalog
    from routing.decide import Decision


@click.command("check-config")
@click.option("--json", "as_json", is_flag=True, help="print JSON: ok, faults, counts")
def check_config(as_json: bool) -> None:
    """Check the configuration folder, and print every fault as file:line:column.

    Exit code 1 when there is one. Do it before a reload (SIGHUP), which refuses a faulty folder whole.

    \b
      VENTANILLA_CONFIG_DIR=config ventanilla check-config
    """
    from gateway.catalog.file import CatalogFaults, load

    settings = read_settings()
    try:
        catalog = load(settings.config_dir)
    except CatalogFaults as faults:
        _tell_faults(faults, as_json=as_json)
        sys.exit(1)
    counts = _counts(catalog)
    if as_json:
        click.echo(json.dumps({"ok": True, "faults": [], "counts": counts}))
    else:
        click.echo("config is good: " + ", ".join(f"{count} {name}" for name, count in counts.items()))


def _tell_faults(faults: Any, *, as_json: bool) -> None:
    if not as_json:
        click.echo(str(faults))
        return
    told = [
        {"file": fault.file, "line": fault.line, "column": fault.column, "message": fault.message}
        for fault in faults.faults
    ]
    click.echo(json.dumps({"ok": False, "faults": told, "counts": {}}, ensure_ascii=False))


def _counts(catalog: Catalog) -> dict[str, int]:
    return {
        "agencies": len(catalog.agencies),
        "topics": sum(len(agency.topics) for agency in catalog.agencies.values()),
        "rules": len(catalog.rules),
        "menus": len(catalog.menus),
        "calendars": len(catalog.calendars),
        "terms": len(catalog.terms),
        "languages": len(catalog.gateway.languages),
        "channels": len(catalog.gateway.channels),
    }


@click.command()
def migrate() -> None:
    """Bring the database to this version.

    `serve` does it too; this is for those who want it done before, with nothing serving.
    """

    async def work(store: Store) -> str:
        from gateway.store.migrate import migrate as apply

        return await apply(store)

    revision = with_store(work, read_settings(), prepare=False)
    click.echo(f"the database is at revision {revision}")


@click.command()
@click.argument("text")
@click.option("--channel", required=True, help="the channel it comes by: sms, ussd, telegram, web")
@click.option("--from", "sender", default="+573000000000", show_default=True, help="who writes: a phone or a chat's id")
@click.option("--to", "recipient", help="the service number or short code it was sent to")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def route(text: str, channel: str, sender: str, recipient: str | None, as_json: bool) -> None:
    """Say where a text would go as somebody's first message, by which rule, and why. Nothing is stored.

    \b
      ventanilla route "¿Cuándo abren inscripciones del SENA?" --channel sms
      ventanilla route "DIAN necesito el RUT" --channel telegram --json
    """
    settings = read_settings()
    deployment = read_deployment(settings)
    found = _routed(deployment, _message(deployment.catalog, text, channel=channel, sender=sender, to=recipient))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _tell_route(found)


def _message(catalog: Catalog, text: str, *, channel: str, sender: str, to: str | None) -> InboundMessage:
    from channels.message import Address, InboundMessage
    from channels.phone import normalise

    config = catalog.gateway.channels.get(channel)
    if config is None:
        fail(f"there is no channel {channel}: choose from {', '.join(catalog.gateway.channels)}", code=2)
    scheme = config.provider if config.provider in ("telegram", "web") else "tel"
    value = normalise(sender, catalog.gateway.country) if scheme == "tel" else sender
    return InboundMessage(channel=channel, provider_id="route", sender=Address(scheme, value), text=text, recipient=to)


def _routed(deployment: Deployment, message: InboundMessage) -> dict[str, Any]:
    from gateway.clock import now
    from routing.decide import decide
    from routing.terms import due

    received_at = now()
    decision = decide(message, (), catalog=deployment.catalog, rules=deployment.rules, now=received_at)
    found = _decided(decision)
    if decision.route is not None:
        term = due(
            deployment.catalog,
            agency=decision.route.agency,
            term_class=decision.route.term_class,
            received_at=received_at,
        )
        found["due"] = term.due_at.isoformat().replace("+00:00", "Z")
        found["source"] = term.term.source
    return found


def _decided(decision: Decision) -> dict[str, Any]:
    route, command = decision.route, decision.command
    return {
        "action": str(decision.action),
        "command": command.kind.value if command else None,
        "agency": route.agency if route else None,
        "topic": route.topic if route else None,
        "class": route.term_class if route else None,
        "rule": route.rule if route else str(decision.rule),
        "reasons": [{"code": r.code, "detail": r.detail, "sentence": str(r)} for r in decision.reasons],
        "due": None,
        "source": None,
    }


def _tell_route(found: dict[str, Any]) -> None:
    for step, reason in enumerate(found["reasons"], 1):
        click.echo(f"{step:>2}. {reason['sentence']}")
    if found["agency"] is None:
        click.echo(f"It is the command “{found['command']}”: it opens no case.")
        return
    topic = f", topic {found['topic']}" if found["topic"] else ""
    click.echo(f"It goes to {found['agency']}{topic}, class {found['class']}, by “{found['rule']}”.")
    click.echo(f"Due {found['due']} ({found['source']}).")
