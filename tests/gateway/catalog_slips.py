"""Slips of the pen in a configuration: one edit each, where it must be found, and what must be said of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Slip:
    """An edit that breaks a file, where the fault must be shown (the start of `at`), and what it must say."""

    file: str
    old: str
    new: str
    at: str
    says: str


SENA, GATEWAY, USSD = "agencies/sena.yaml", "gateway.yaml", "menus/ussd.yaml"
TERMS, CALENDAR, ES, ROUTES_FILE = "terms.yaml", "calendars/national.yaml", "texts/es.yaml", "routes.yaml"

SLIPS = {
    "yaml-syntax": Slip(SENA, "sector: trabajo", "sector: [trabajo", ": [SENA", "not readable as YAML"),
    "tab": Slip(SENA, "  es: Servicio", "\tes: Servicio", "\tes:", "not readable as YAML"),
    "control-character": Slip(SENA, "short: SENA", "short: SE\0NA", "\0", "an invisible control character stands here"),
    "duplicate-key": Slip(
        SENA, "sector: trabajo", "sector: trabajo\nsector: educacion", "sector: educacion", "already given on line"
    ),
    "alias": Slip(
        SENA,
        "key: sena\nname:",
        "key: &k sena\nsector: *k\nname:",
        "sector: *k",
        "anchors and aliases (& and *) are not",
    ),
    "tag": Slip(SENA, "short: SENA", "short: !env SENA", "short:", "the tag '!env' is not used here"),
    "undo-too-long": Slip(GATEWAY, "undo_seconds: 10", "undo_seconds: 90", "undo_seconds:", "must be 60 or less"),
    "undo-too-short": Slip(GATEWAY, "undo_seconds: 10", "undo_seconds: -1", "undo_seconds:", "must be 0 or more"),
    "unknown-key": Slip(SENA, "keywords:", "kewords:", "kewords:", "did you mean 'keywords'?"),
    "number-for-text": Slip(SENA, "short: SENA", "short: 42", "short:", "short: must be text: put it in quotes"),
    "nothing-for-text": Slip(SENA, "short: SENA", "short:", "short:", "must be text, and nothing is written here"),
    "text-for-list": Slip(
        SENA, "[SENA, APRENDIZAJE]", "SENA", "keywords:", "keywords: must be a list, for example [one, two]"
    ),
    "list-for-keys": Slip(
        SENA, "{login: sena, name: Luz Dary Cubillos Ortega}", "[sena]", "manager:", "must be keys with values"
    ),
    "too-long": Slip(
        SENA,
        "short: SENA",
        "short: Servicio Nacional de Aprendizaje",
        "short:",
        "has 32 characters, and at most 24 fit",
    ),
    "missing-key": Slip(SENA, "sector: trabajo\n", "", "key: sena", "'sector' is missing"),
    "bad-key": Slip(SENA, "key: inscripciones", "key: Inscripción", "key: Insc", "must begin with a small letter"),
    "bad-weekday": Slip(SENA, "[mon, tue,", "[lun, tue,", "lun,", "must be one of 'mon'"),
    "bad-span": Slip(SENA, '"07:30-12:00"', '"7.30 a 12"', '"7.30', 'must be a span such as "08:00-12:00"'),
    "impossible-time": Slip(SENA, '"07:30-12:00"', '"07:30-25:00"', "open:", "a time that no clock shows"),
    "closes-first": Slip(SENA, '"07:30-12:00"', '"12:00-07:30"', "open:", "must open before it closes"),
    "overlapping-spans": Slip(SENA, '"13:00-17:00"', '"11:00-17:00"', "open:", "spans overlap"),
    "key-is-not-file": Slip(SENA, "key: sena", "key: sema", "key: sema", "must be the file's name, 'sena'"),
    "language-missing": Slip(
        SENA, "{es: Inscripciones, en: Enrolment}", "{es: Inscripciones}", "label: {es: Insc", "label: 'en' is missing"
    ),
    "empty-text": Slip(SENA, "en: National Training Service", 'en: " "', "en: ", "name.en: the text is empty"),
    "dangling-class": Slip(
        SENA, "class: information", "class: informacion", "class:", "called 'informacion': did you mean 'information'?"
    ),
    "dangling-calendar": Slip(
        SENA, "calendar: national", "calendar: nacional", "calendar:", "there is no calendar 'nacional'"
    ),
    "dangling-territory": Slip(
        SENA, "sector: trabajo", 'sector: trabajo\nterritory: "99"', "territory:", "there is no territory '99'"
    ),
    "territorial-nowhere": Slip(
        SENA, "sector: trabajo", "sector: trabajo\nlevel: territorial", "level:", "needs its 'territory' code"
    ),
    "topic-twice": Slip(
        SENA,
        "key: certificados",
        "key: inscripciones",
        "key: inscripciones\n    label: {es: Cert",
        "'inscripciones' is already used on line",
    ),
    "keyword-owned": Slip(
        SENA, "[SENA, APRENDIZAJE]", "[SENA, Dian]", "Dian]", "the keyword 'Dian' already belongs to 'dian'"
    ),
    "login-owned": Slip(SENA, "{login: sena", "{login: dian", "login:", "the login 'dian' already belongs to 'dian'"),
    "phrase-owned": Slip(SENA, "cursos del sena", "declarar renta", "phrases:", "ambiguous phrase"),
    "dangling-triage": Slip(
        GATEWAY, "triage: presidencia", "triage: presidensia", "triage:", "did you mean 'presidencia'?"
    ),
    "dangling-provider": Slip(
        GATEWAY, "provider: twilio", "provider: twillio", "provider: twillio", "did you mean 'twilio'?"
    ),
    "dangling-answers-by": Slip(
        GATEWAY, "answers_by: sms", "answers_by: smss", "answers_by:", "there is no channel 'smss'"
    ),
    "answers-itself": Slip(GATEWAY, "answers_by: sms", "answers_by: ussd", "answers_by:", "cannot answer for itself"),
    "session-unanswerable": Slip(GATEWAY, "    answers_by: sms\n", "", "ussd:", "give 'answers_by', such as sms"),
    "session-without-menu": Slip(GATEWAY, "    menu: ussd\n", "", "ussd:", "a session needs a 'menu' to show"),
    "dangling-menu": Slip(GATEWAY, "menu: ussd", "menu: usd", "menu: usd", "there is no menu 'usd'"),
    "gateway-zone": Slip(
        GATEWAY,
        "timezone: America/Bogota",
        "timezone: America/Leticia",
        "timezone:",
        "write one such as America/Bogota",
    ),
    "language-without-texts": Slip(
        GATEWAY, "languages: [es, en]", "languages: [es, en, pt]", "pt]", "there is no texts/pt.yaml"
    ),
    "rate-zero": Slip(
        GATEWAY, "rate_per_second: 20", "rate_per_second: 0", "rate_per_second: 0", "must be more than 0"
    ),
    "rule-agency": Slip(ROUTES_FILE, "agency: dian", "agency: diam", "agency: diam", "did you mean 'dian'?"),
    "rule-topic": Slip(
        ROUTES_FILE, "topic: urgencias", "topic: citaz", "topic:", "no topic of 'supersalud' called 'citaz'"
    ),
    "rule-class": Slip(ROUTES_FILE, "class: health-vital", "class: vital", "class:", "no class in terms.yaml called"),
    "rule-channel": Slip(ROUTES_FILE, "channel: [sms]", "channel: [sns]", "sns]", "there is no channel 'sns'"),
    "rule-territory": Slip(ROUTES_FILE, '["91"]', '["92"]', '"92"', "there is no territory '92'"),
    "rule-expression": Slip(
        ROUTES_FILE, "'renta|predial'", "'(renta'", "expression:", "is not a regular expression: missing )"
    ),
    "rule-without-condition": Slip(
        ROUTES_FILE, "when:\n      phrase: [puede morir]", "when: {}", "when: {}", "needs at least one condition"
    ),
    "rule-name-twice": Slip(
        ROUTES_FILE,
        "name: renta",
        "name: vida",
        "name: vida\n    when:\n      channel",
        "'vida' is already used on line 2",
    ),
    "rule-unreachable": Slip(
        ROUTES_FILE,
        "  - name: renta",
        "  - name: nunca\n    when: {phrase: [se puede morir]}\n    agency: dian\n  - name: renta",
        "name: nunca",
        "'nunca' is never reached because of 'vida'",
    ),
    "menu-goto": Slip(
        USSD, "goto: entidad", "goto: entidat", "goto: entidat", "there is no node 'entidat': did you mean 'entidad'?"
    ),
    "menu-start": Slip(USSD, "start: inicio", "start: comienzo", "start:", "there is no node 'comienzo'"),
    "menu-agency": Slip(USSD, "[sena, dian]", "[sena, dima]", "dima]", "there is no agency 'dima'"),
    "menu-topic": Slip(
        USSD, "sena.inscripciones", "sena.cursos", "topic: sena.cursos", "no topic of 'sena' called 'cursos'"
    ),
    "menu-language": Slip(USSD, "{language: en}", "{language: fr}", "language: fr", "there is no language 'fr'"),
    "menu-unreached": Slip(
        USSD,
        "  - key: pregunta",
        "  - {key: sola, kind: text, text: {es: Sola, en: Alone}}\n  - key: pregunta",
        "{key: sola",
        "'sola' cannot be reached from 'inicio'",
    ),
    "menu-no-way-out": Slip(
        USSD,
        "  - key: entidad\n",
        "  - {key: vuelta, kind: choose, text: {es: A, en: A}, options: [{label: {es: A, en: A}, goto: vuelta}]}\n"
        "  - key: entidad\n",
        "{key: vuelta",
        "'vuelta' has no way out",
    ),
    "menu-without-options": Slip(
        USSD,
        "  - key: entidad\n    kind: agencies",
        "  - key: entidad\n    kind: choose",
        "key: entidad\n",
        "a choice without options",
    ),
    "menu-leads-nowhere": Slip(USSD, "    goto: asunto\n", "", "key: entidad\n", "give 'goto'"),
    "menu-text-too-long": Slip(
        USSD, "{es: Escriba, en:", "{es: " + "a" * 161 + ", en:", "es: aaa", "is 1 characters longer than a USSD screen"
    ),
    "term-overlap": Slip(
        TERMS, "last: 2020-03-27", "last: 2020-03-28", "first: 2020-03-28", "already has a term on 2020-03-28"
    ),
    "term-open-ended": Slip(TERMS, ", last: 2020-03-27", "", "first: 2020-03-28", "end the earlier row the day before"),
    "term-backwards": Slip(TERMS, "last: 2020-03-27", "last: 2010-03-27", "last: 2010", "ends before it begins"),
    "term-date": Slip(
        TERMS, "first: 2015-06-30", "first: 30/06/2015", "first: 30", "must be a date such as 2026-07-20"
    ),
    "term-cap": Slip(TERMS, "cap: 30", "cap: 3", "cap: 3", "is less than the term itself, 15"),
    "term-unit": Slip(TERMS, "unit: hours", "unit: horas", "unit: horas", "must be one of"),
    "term-n": Slip(TERMS, "n: 15", "n: quince", "n: quince", "must be a whole number, not 'quince'"),
    "general-missing": Slip(TERMS, "key: general", "key: generic", "classes:", "the class 'general' is missing"),
    "calendar-zone": Slip(CALENDAR, "America/Bogota", "Bogota", "timezone:", "there is no time zone 'Bogota'"),
    "calendar-holidays": Slip(
        CALENDAR, "holidays: CO", "holidays: XX", "holidays:", "the holidays of 'XX' are not known"
    ),
    "calendar-hours": Slip(CALENDAR, '["08:00-17:00"]', "[]", "hours:", "the calendar has no working hours"),
    "calendar-days": Slip(
        CALENDAR, "working_days: [mon, tue, wed, thu, fri]", "working_days: []", "working_days:", "needs"
    ),
    "suspension-backwards": Slip(
        CALENDAR,
        "suspensions: []",
        "suspensions:\n  - {first: 2026-10-06, last: 2026-10-05, reason: {es: Paro, en: Strike}}",
        "last: 2026-10-05, r",
        "ends before it begins",
    ),
    "suspension-agency": Slip(
        CALENDAR,
        "suspensions: []",
        "suspensions:\n  - {first: 2026-10-05, last: 2026-10-06, reason: {es: Paro, en: Strike}, agencies: [cena]}",
        "cena]",
        "there is no agency 'cena': did you mean 'sena'?",
    ),
    "text-missing": Slip(ES, "  closed:", "  cloesd:", "cloesd:", "did you mean 'closed'?"),
    "placeholder-missing": Slip(
        ES, "caso {number} quedó cerrado", "caso quedó cerrado", 'closed: "Su', "the text must contain {number}"
    ),
    "placeholder-unknown": Slip(
        ES,
        "Hola, {name}.",
        "Hola, {name} {nmae}.",
        "start:",
        "{nmae} is never filled in this text: did you mean 'name'?",
    ),
    "command-missing": Slip(ES, "  help: [AYUDA, INFO, MENÚ]\n", "", "commands:", "'help' needs at least one word"),
    "command-twice": Slip(ES, "[AYUDA, INFO, MENÚ]", "[AYUDA, alto]", "ALTO, STOP", "'ALTO' already means 'help'"),
    "acknowledgement-too-long": Slip(
        ES,
        "Gracias. Su solicitud es el caso",
        "Muchísimas gracias por escribirnos. Su caso es el",
        "ack_new:",
        "SMS segments",
    ),
}
