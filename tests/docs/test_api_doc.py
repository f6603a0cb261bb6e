"""docs/api.md lags behind nothing: every route, parameter, field and status is in it."""

import re
from pathlib import Path

from gateway.web.api.problem import TITLES
from gateway.web.api.route import BASE
from gateway.web.api.routes import ROUTES

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def rows() -> dict[str, tuple[str, str]]:
    """The route of each row of the table to its right and what is said of it."""
    found = re.findall(r"^\| `([A-Z]+ /\S+)` \| (\w+) \| (.*) \|$", TEXT, flags=re.MULTILINE)
    return {route: (right, said) for route, right, said in found}


def test_every_route_is_documented_with_its_right() -> None:
    assert {route: right for route, (right, _) in rows().items()} == {
        f"{route.method} {BASE}{route.path}": str(route.right or "none") for route in ROUTES
    }


def test_every_parameter_and_field_is_named_at_its_route() -> None:
    for route in ROUTES:
        said = rows()[f"{route.method} {BASE}{route.path}"][1]
        named = set(re.findall(r"`(\w+)`", said))
        if route.path != "/queue/next":
            fields = {info.alias or name for name, info in route.body.model_fields.items()}
            queried = {info.alias or name for name, info in route.query.model_fields.items()}
            assert queried | fields <= named, route.path


def test_every_status_of_a_problem_is_explained() -> None:
    assert {int(status) for status in re.findall(r"^\| (\d{3}) \|", TEXT, flags=re.MULTILINE)} == set(TITLES)
