"""A small deployment to test against: three agencies and a triage desk, in Spanish and English."""

from datetime import date
from typing import Any

from routing.catalog import (
    Agency,
    Calendar,
    Catalog,
    ChannelConfig,
    Gateway,
    Hours,
    Menu,
    Rule,
    Suspension,
    TermClass,
    Texts,
)

_OFFICE_HOURS = Hours.model_validate({"days": ["mon", "tue", "wed", "thu", "fri"], "open": ["08:00-17:00"]})


def small_catalog(**replaced: Any) -> Catalog:
    """The catalog; any of its fields can be replaced: `small_catalog(rules=())`."""
    fields: dict[str, Any] = {
        "gateway": _gateway(),
        "agencies": {agency.key: agency for agency in _agencies()},
        "rules": _rules(),
        "menus": {menu.key: menu for menu in (_ussd_menu(), _telegram_menu())},
        "calendars": {calendar.key: calendar for calendar in _calendars()},
        "terms": {term.key: term for term in _terms()},
        "texts": {"es": _spanish(), "en": _english()},
        "territories": {
            "05": "Antioquia",
            "05001": "Medellín",
            "11": "Bogotá",
            "11001": "Bogotá",
            "85": "Casanare",
            "85440": "Villanueva",
            "44874": "Villanueva",
            "91": "Amazonas",
            "91001": "Leticia",
        },
    }
    return Catalog(**{**fields, **replaced})


def _gateway() -> Gateway:
    return Gateway(
        name={"es": "Ventanilla", "en": "Ventanilla"},
        country="CO",
        timezone="America/Bogota",
        languages=("es", "en"),
        triage="presidencia",
        channels={
            "sms": ChannelConfig(provider="twilio-sms", fold_accents=True),
            "ussd": ChannelConfig(provider="africastalking-ussd", answers_by="sms", menu="ussd"),
            "telegram": ChannelConfig(provider="telegram", menu="telegram"),
            "web": ChannelConfig(provider="web"),
        },
    )


def _agencies() -> tuple[Agency, ...]:
    sena = Agency.model_validate(
        {
            "key": "sena",
            "name": {"es": "Servicio Nacional de Aprendizaje", "en": "National Training Service"},
            "short": "SENA",
            "sector": "trabajo",
            "keywords": ("SENA", "aprendiz"),
            "numbers": ("85432", "*123*7#"),
            "topics": (
                {
                    "key": "inscripciones",
                    "label": {"es": "Inscripciones", "en": "Enrolment"},
                    "phrases": ("inscripción", "inscribirme a un curso"),
                },
                {
                    "key": "certificados",
                    "label": {"es": "Certificados", "en": "Certificates"},
                    "phrases": ("certificado de estudios",),
                    "class": "information",
                },
            ),
            "manager": {"login": "sena.uno", "name": "Sofía Rojas"},
        }
    )
    dian = Agency.model_validate(
        {
            "key": "dian",
            "name": {"es": "Dirección de Impuestos y Aduanas Nacionales", "en": "Tax and Customs Office"},
            "short": "DIAN",
            "sector": "hacienda",
            "keywords": ("DIAN", "RUT"),
            "numbers": ("87123",),
            "topics": (
                {
                    "key": "impuestos",
                    "label": {"es": "Impuestos", "en": "Taxes"},
                    "phrases": ("declaración de renta", "impuesto", "tax return"),
                    "class": "consultation",
                },
            ),
            "after_hours": "same_day",
            "assignment": "balanced",
            "capacity": 2,
            "manager": {"login": "dian.uno", "name": "Daniel Ibáñez"},
        }
    )
    icbf = Agency.model_validate(
        {
            "key": "icbf",
            "name": {"es": "Instituto de Bienestar Familiar", "en": "Family Welfare Institute"},
            "short": "ICBF",
            "sector": "social",
            "level": "territorial",
            "territory": "91001",
            "keywords": ("ICBF",),
            "topics": (
                {
                    "key": "cupos",
                    "label": {"es": "Cupos en jardín", "en": "Nursery places"},
                    "phrases": ("cupo en el jardín", "hogar infantil"),
                },
            ),
            "calendar": "amazonas",
            "manager": {"login": "icbf.uno", "name": "Inés Cobo"},
        }
    )
    triage = Agency.model_validate(
        {
            "key": "presidencia",
            "name": {"es": "Atención al ciudadano de la Presidencia", "en": "Citizens' Desk of the Presidency"},
            "short": "Presidencia",
            "sector": "presidencia",
            "manager": {"login": "presidencia.uno", "name": "Pilar Ruiz"},
        }
    )
    return sena, dian, icbf, triage


def _rules() -> tuple[Rule, ...]:
    rows: tuple[dict[str, Any], ...] = (
        {"name": "short-code", "when": {"number": ["85999"]}, "agency": "icbf", "topic": "cupos"},
        {"name": "menu-renta", "when": {"menu": ["dian.impuestos"], "channel": ["telegram"]}, "agency": "dian"},
        {"name": "keyword-cupo", "when": {"keyword": ["cupo"]}, "agency": "icbf", "topic": "cupos"},
        {"name": "complaint", "when": {"phrase": ["mala atención", "queja del SENA"]}, "agency": "sena"},
        {
            "name": "nit",
            "when": {"expression": r"\bnit\s+\d{9}\b"},
            "agency": "dian",
            "topic": "impuestos",
            "class": "information",
        },
        {"name": "antioquia", "when": {"territory": ["05"], "language": ["es"]}, "agency": "sena"},
        {"name": "english", "when": {"language": ["en"], "channel": ["telegram"]}, "agency": "dian"},
    )
    return tuple(Rule.model_validate(row) for row in rows)


def _calendars() -> tuple[Calendar, ...]:
    strike = Suspension(
        first=date(2026, 3, 9),
        last=date(2026, 3, 10),
        reason={"es": "Cese de actividades", "en": "Strike"},
        agencies=("dian",),
    )
    flood = Suspension(
        first=date(2026, 5, 4),
        last=date(2026, 5, 8),
        reason={"es": "Emergencia invernal", "en": "Flood emergency"},
        territories=("91",),
    )
    national = Calendar(
        key="national",
        timezone="America/Bogota",
        holidays="CO",
        hours=(_OFFICE_HOURS,),
        suspensions=(strike, flood),
    )
    amazonas = Calendar(
        key="amazonas",
        timezone="America/Bogota",
        holidays="CO",
        working_days=("mon", "tue", "wed", "thu", "fri", "sat"),
        hours=(Hours(days=("mon", "tue", "wed", "thu", "fri", "sat"), open=("08:00-12:00", "14:00-17:00")),),
        suspensions=(flood,),
    )
    return national, amazonas


def _terms() -> tuple[TermClass, ...]:
    before, emergency, after = ("2011-01-01", "2020-03-27"), ("2020-03-28", "2022-05-17"), ("2022-05-18", None)
    law, decree = "Ley 1437/2011 art. 14", "Decreto 491/2020 art. 5"

    def dated(first: str, last: str | None, n: int, source: str, cap: int | None) -> dict[str, Any]:
        return {"first": first, "last": last, "n": n, "source": source, "cap": cap}

    def term(key: str, es: str, en: str, n: int, n_emergency: int, granted_after: int | None = None) -> TermClass:
        rows = (
            dated(*before, n, law, 2 * n),
            dated(*emergency, n_emergency, decree, 2 * n_emergency),
            dated(*after, n, law, 2 * n),
        )
        return TermClass.model_validate(
            {"key": key, "name": {"es": es, "en": en}, "rows": rows, "granted_after": granted_after}
        )

    def other(key: str, es: str, en: str, n: int, unit: str, source: str = "Circular") -> TermClass:
        row = {"first": "2011-01-01", "n": n, "unit": unit, "source": source}
        return TermClass.model_validate({"key": key, "name": {"es": es, "en": en}, "rows": (row,)})

    return (
        term("general", "Petición general", "General petition", 15, 30),
        term("complaint", "Queja", "Complaint", 15, 30),
        term("information", "Petición de información", "Request for information", 10, 20, granted_after=3),
        term("documents", "Petición de documentos", "Request for documents", 10, 20, granted_after=3),
        term("consultation", "Consulta", "Consultation", 30, 35),
        other("health-vital", "Salud: riesgo vital", "Health: vital risk", 24, "hours"),
        other("congress", "Informe al Congreso", "Report for Congress", 5, "days"),
        other("transfer", "Traslado", "Transfer", 5, "business_days", "Ley 1437/2011 art. 21"),
    )


def _ussd_menu() -> Menu:
    return Menu.model_validate(
        {
            "key": "ussd",
            "start": "home",
            "nodes": (
                {
                    "key": "home",
                    "kind": "choose",
                    "text": {"es": "Bienvenido. ¿Qué desea hacer?", "en": "Welcome. What would you like to do?"},
                    "options": (
                        {"label": {"es": "Hacer una petición", "en": "Make a petition"}, "goto": "agency"},
                        {
                            "label": {"es": "Pedir información", "en": "Ask for information"},
                            "goto": "agency",
                            "set": {"class": "information"},
                        },
                        {"label": {"es": "Mis casos", "en": "My cases"}, "goto": "mine"},
                        {"label": {"es": "English", "en": "English"}, "goto": "home", "set": {"language": "en"}},
                        {"label": {"es": "Sobre este servicio", "en": "About this service"}, "goto": "about"},
                    ),
                },
                {
                    "key": "agency",
                    "kind": "agencies",
                    "text": {"es": "¿Con qué entidad?", "en": "Which agency?"},
                    "agencies": ("sena", "dian", "icbf", "presidencia"),
                    "goto": "topic",
                },
                {
                    "key": "topic",
                    "kind": "topics",
                    "text": {"es": "¿Sobre qué tema?", "en": "About what?"},
                    "goto": "question",
                },
                {
                    "key": "question",
                    "kind": "question",
                    "text": {"es": "Escriba su pregunta:", "en": "Please write your question:"},
                },
                {"key": "mine", "kind": "cases", "text": {"es": "Sus casos:", "en": "Your cases:"}},
                {
                    "key": "about",
                    "kind": "text",
                    "text": {
                        "es": "Aquí puede escribir a las entidades del Estado. Es gratis. Le respondemos por SMS dentro"
                        " del plazo de ley. Guarde el número de su caso para preguntar por él.",
                        "en": "Here you can write to the agencies of the State. It is free. We answer by SMS within the"
                        " legal term. Keep your case number so that you can ask about it.",
                    },
                },
            ),
        }
    )


def _telegram_menu() -> Menu:
    return Menu.model_validate(
        {
            "key": "telegram",
            "start": "agency",
            "nodes": (
                {
                    "key": "agency",
                    "kind": "agencies",
                    "text": {"es": "¿A qué entidad quiere escribir?", "en": "Which agency would you like to write to?"},
                    "goto": "question",
                },
                {
                    "key": "question",
                    "kind": "question",
                    "text": {"es": "Escriba su mensaje.", "en": "Please write your message."},
                },
            ),
        }
    )


def _spanish() -> Texts:
    return Texts(
        messages={
            "menu_more": "Más",
            "menu_back": "Atrás",
            "menu_send": "Enviar",
            "menu_continue": "Seguir escribiendo",
            "menu_hint": "Elija una de las opciones.",
            "menu_confirm": "Su mensaje: «{text}»",
            "menu_draft": "Tiene un borrador: «{text}»",
            "menu_draft_keep": "Continuar",
            "menu_draft_drop": "Empezar de nuevo",
            "notice_warned": "{agency}, caso {number}: vence el {due}. Días que quedan: {left}.",
            "notice_warned_hours": "{agency}, caso {number}: vence el {due}. Horas que quedan: {left}.",
            "notice_breached": "{agency}, caso {number}: venció el {due}.",
            "notice_escalated": "{agency}, caso {number}: días de retraso: {late}.",
            "notice_escalated_hours": "{agency}, caso {number}: horas de retraso: {late}.",
            "notice_withdrawal": "{agency}, caso {number}: ¿se entiende desistida?",
            "notice_deemed": "{agency}, caso {number}: se entiende concedido. Copias hasta el {copies}.",
        },
        commands={
            "new": ("nuevo", "nuevo caso"),
            "status": ("estado", "mi caso"),
            "help": ("ayuda",),
            "opt_out": ("salir", "cancelar", "baja", "parar", "alto", "stop"),
            "opt_in": ("alta", "suscribir"),
        },
        thanks=("gracias", "muchas gracias", "mil gracias", "ok gracias", "Dios le pague"),
    )


def _english() -> Texts:
    return Texts(
        messages={
            "menu_more": "More",
            "menu_back": "Back",
            "menu_send": "Send",
            "menu_continue": "Keep writing",
            "menu_hint": "Please choose one of the options.",
            "menu_confirm": "Your message: “{text}”",
            "menu_draft": "You have a draft: “{text}”",
            "menu_draft_keep": "Continue",
            "menu_draft_drop": "Start again",
            "notice_warned": "{agency}, case {number}: due on {due}. Days left: {left}.",
            "notice_warned_hours": "{agency}, case {number}: due on {due}. Hours left: {left}.",
            "notice_breached": "{agency}, case {number}: was due on {due}.",
            "notice_escalated": "{agency}, case {number}: days late: {late}.",
            "notice_escalated_hours": "{agency}, case {number}: hours late: {late}.",
            "notice_withdrawal": "{agency}, case {number}: does it count as withdrawn?",
            "notice_deemed": "{agency}, case {number}: deemed granted. Copies by {copies}.",
        },
        commands={
            "new": ("new",),
            "status": ("status",),
            "help": ("help",),
            "opt_out": ("stop", "unsubscribe"),
            "opt_in": ("start",),
        },
        thanks=("thanks", "thank you", "thank you very much"),
    )
