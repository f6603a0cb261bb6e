"""A link as a QR code (ISO/IEC 18004) within the page: no request is made for it, so no log and no cache holds it."""

from io import BytesIO
from typing import Final

import segno
from markupsafe import Markup

# The light margin that readers look for, in modules (ISO/IEC 18004, 9.1).
_QUIET: Final = 4


def picture(link: str) -> Markup:
    """An SVG of black modules on white, whatever the page's colours: many readers know no other way round.

    It has no style attributes and no size of its own; a style sheet gives it one. ValueError for a link that no code
    can hold (about 2,300 characters).
    """
    svg = BytesIO()
    code = segno.make(link, error="m", micro=False)
    code.save(
        svg, kind="svg", xmldecl=False, svgns=False, svgclass=None, lineclass=None, omitsize=True, nl=False,
        border=_QUIET, dark="#000", light="#fff",
    )  # fmt: skip
    return Markup(svg.getvalue().decode())  # noqa: S704 — segno's own drawing: digits and path commands
