"""A configuration is read as a whole, or every fault in it is told with its place."""

import shutil
from pathlib import Path

import pytest

from gateway.catalog.file import CatalogFaults, Fault, load
from tests.gateway.catalog_slips import SLIPS, Slip

SAMPLE = Path(__file__).parents[2] / "config"
AGENCIES = ("presidencia", "sena", "dian", "supersalud")

ROUTES = """\
rules:
  - name: vida
    when:
      phrase: [puede morir]
    agency: supersalud
    topic: urgencias
    class: health-vital
  - name: renta
    when:
      channel: [sms]
      territory: ["91"]
      expression: 'renta|predial'
    agency: dian
"""

MENU = """\
key: {key}
start: inicio
nodes:
  - key: inicio
    kind: choose
    text: {{es: Hola, en: Hello}}
    options:
      - {{label: {{es: Entidad, en: Agency}}, goto: entidad}}
      - {{label: {{es: Cursos, en: Courses}}, goto: pregunta, set: {{topic: sena.inscripciones}}}}
      - {{label: {{es: English, en: English}}, goto: inicio, set: {{language: en}}}}
  - key: entidad
    kind: agencies
    text: {{es: Escoja, en: Choose}}
    agencies: [sena, dian]
    goto: asunto
  - key: asunto
    kind: topics
    text: {{es: Asunto, en: Subject}}
    goto: pregunta
  - key: pregunta
    kind: question
    text: {{es: Escriba, en: Write}}
"""

TERRITORIES = """\
territories:
  "91": Amazonas
  "91001": Leticia
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A small copy of the sample: four agencies, two rules, two menus."""
    directory = tmp_path / "config"
    for name in ("gateway.yaml", "terms.yaml", "texts/es.yaml", "texts/en.yaml", "calendars/national.yaml"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SAMPLE / name, directory / name)
    (directory / "agencies").mkdir()
    (directory / "menus").mkdir()
    for key in AGENCIES:
        shutil.copy(SAMPLE / "agencies" / f"{key}.yaml", directory / "agencies")
    for key in ("ussd", "telegram"):
        (directory / "menus" / f"{key}.yaml").write_text(MENU.format(key=key), encoding="utf-8")
    (directory / "routes.yaml").write_text(ROUTES, encoding="utf-8")
    (directory / "territories.yaml").write_text(TERRITORIES, encoding="utf-8")
    return directory


def faults_of(config: Path) -> tuple[Fault, ...]:
    with pytest.raises(CatalogFaults) as raised:
        load(config)
    return raised.value.faults


def change(path: Path, old: str, new: str) -> str:
    """Replaces the first `old`; the text as it then is."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"the sample no longer says {old!r}"
    changed = text.replace(old, new, 1)
    path.write_text(changed, encoding="utf-8")
    return changed


def place_of(text: str, needle: str) -> tuple[int, int]:
    before = text[: text.index(needle)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def test_the_small_copy_has_no_fault(config: Path) -> None:
    catalog = load(config)

    assert set(catalog.agencies) == set(AGENCIES)
    assert [rule.name for rule in catalog.rules] == ["vida", "renta"]
    assert catalog.rules[0].term_class == "health-vital"
    assert catalog.territories["91001"] == "Leticia"


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_is_told_at_its_place_in_plain_words(config: Path, slip: Slip) -> None:
    path = config / slip.file
    text = change(path, slip.old, slip.new)

    faults = faults_of(config)

    line, column = place_of(text, slip.at)
    said = [fault for fault in faults if fault.file == str(path) and slip.says in fault.message]
    assert [(fault.line, fault.column) for fault in said] == [(line, column)], "\n".join(map(str, faults))


def test_a_fault_reads_as_file_line_column_and_message(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(config.parent)
    change(Path("config/agencies/sena.yaml"), "{es: Certificados, en: Certificates}", "{es: Certificados}")

    faults = faults_of(Path("config"))

    assert [str(fault) for fault in faults] == ["config/agencies/sena.yaml:22:5: topics[1].label: 'en' is missing"]


def test_every_fault_of_every_file_is_told_at_once_and_in_reading_order(config: Path) -> None:
    change(config / "agencies" / "dian.yaml", "short: DIAN", "short: 1")
    change(config / "agencies" / "sena.yaml", "class: documents", "class: papers")
    change(config / "agencies" / "sena.yaml", "calendar: national", "calendar: other")
    change(config / "gateway.yaml", "country: CO", "country: Colombia")
    change(config / "routes.yaml", "agency: supersalud", "agency: nobody")
    change(config / "terms.yaml", "unit: hours", "unit: hour")

    with pytest.raises(CatalogFaults) as raised:
        load(config)

    told = [(Path(fault.file).name, fault.message.split(":")[0]) for fault in raised.value.faults]
    assert told == [
        ("dian.yaml", "short"),
        ("sena.yaml", "calendar"),
        ("gateway.yaml", "country"),
        ("routes.yaml", "rules[0].agency"),
        ("terms.yaml", "classes[13].rows[0].unit"),
    ]
    assert str(raised.value).splitlines() == [str(fault) for fault in raised.value.faults]


def test_references_to_a_file_that_cannot_be_read_are_not_faults_themselves(config: Path) -> None:
    change(config / "agencies" / "supersalud.yaml", "key: supersalud", "key: supersalud\nshort: [")

    faults = faults_of(config)

    assert {Path(fault.file).name for fault in faults} == {"supersalud.yaml"}


@pytest.mark.parametrize("name", ["gateway.yaml", "routes.yaml", "terms.yaml", "territories.yaml"])
def test_a_missing_file_is_told(config: Path, name: str) -> None:
    (config / name).unlink()

    assert Fault(str(config / name), 1, 1, "the file is missing") in faults_of(config)


def test_an_empty_file_is_told(config: Path) -> None:
    (config / "agencies" / "sena.yaml").write_text("# nothing yet\n", encoding="utf-8")

    assert Fault(str(config / "agencies" / "sena.yaml"), 1, 1, "the file is empty") in faults_of(config)


def test_a_file_in_another_encoding_is_told(config: Path) -> None:
    (config / "agencies" / "sena.yaml").write_bytes("key: sena\nname: Educación".encode("latin-1"))

    assert any("the file is not UTF-8 text" in fault.message for fault in faults_of(config))


def test_a_byte_order_mark_is_no_part_of_a_file(config: Path) -> None:
    path = config / "agencies" / "sena.yaml"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")

    assert load(config).agencies["sena"].short == "SENA"


def test_a_file_of_another_shape_is_told(config: Path) -> None:
    (config / "gateway.yaml").write_text("- es\n- en\n", encoding="utf-8")

    (fault,) = faults_of(config)

    assert fault.message == "must be keys with values, one `key: value` a line"


def test_a_number_owned_by_two_agencies_is_told_however_it_is_written(config: Path) -> None:
    change(config / "agencies" / "dian.yaml", "sector: hacienda", 'sector: hacienda\nnumbers: ["+576017440000"]')
    change(config / "agencies" / "sena.yaml", "sector: trabajo", 'sector: trabajo\nnumbers: ["+57 601 744 0000"]')

    (fault,) = faults_of(config)

    assert Path(fault.file).name == "sena.yaml"
    assert "already belongs to 'dian'" in fault.message


def test_a_language_may_need_more_room_than_one_segment_when_it_is_not_the_default(config: Path) -> None:
    change(
        config / "texts" / "en.yaml", "Thank you. Your request is case", "ありがとうございます。Your request is case"
    )

    assert "ありがとう" in load(config).texts["en"].messages["ack_new"]


def test_accents_count_when_the_channel_keeps_them(config: Path) -> None:
    change(config / "gateway.yaml", "    fold_accents: true\n    options:", "    options:")
    change(config / "texts" / "es.yaml", "Agregamos su", "Agregué aquí su")

    (fault,) = faults_of(config)

    assert "messages.ack_added" in fault.message
    assert "70 characters because of í" in fault.message


def test_a_screen_with_accents_holds_eighty_characters_when_the_channel_keeps_them(config: Path) -> None:
    change(config / "gateway.yaml", "    answers_by: sms\n    fold_accents: true", "    answers_by: sms")
    change(config / "menus" / "ussd.yaml", "{es: Escriba,", "{es: " + "í" * 81 + ",")

    (fault,) = faults_of(config)

    assert "is 1 characters longer than a USSD screen" in fault.message


def test_rows_in_any_order_are_one_timeline(config: Path) -> None:
    text = (config / "terms.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    first = next(at for at, line in enumerate(text) if "first: 2015-06-30" in line)
    text[first], text[first + 2] = text[first + 2], text[first]
    (config / "terms.yaml").write_text("".join(text), encoding="utf-8")

    assert [row.first.year for row in load(config).terms["general"].rows] == [2022, 2020, 2015]


def test_codes_keep_their_leading_zero_without_quotes(config: Path) -> None:
    change(config / "territories.yaml", '  "91": Amazonas', '  05: Antioquia\n  "91": Amazonas')

    assert load(config).territories["05"] == "Antioquia"
