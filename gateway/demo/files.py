"""Small files as citizens send them: a photograph's stand-in and a letter, made from nothing."""

import random
import struct
import zlib
from typing import Final

from channels.message import Attachment, AttachmentKind
from gateway.files import Files
from routing.catalog import FileLimits

_WIDTH, _HEIGHT = 160, 120
_KINDS: Final = {"image": AttachmentKind.IMAGE, "document": AttachmentKind.DOCUMENT}
_NAMES: Final = {"image": ("foto", "evidencia", "recibo", "IMG_0231"), "document": ("carta", "soporte", "radicado")}


def attached(kind: str, files: Files, limits: FileLimits, rng: random.Random) -> Attachment:
    """A file of that kind (image, document), kept like those that citizens send."""
    content, suffix, claimed = (
        (_picture(rng), "png", "image/png") if kind == "image" else (_letter(rng), "pdf", "application/pdf")
    )
    given = f"{rng.choice(_NAMES[kind])}.{suffix}"
    named = Attachment(kind=_KINDS[kind], content=content, content_type=claimed, filename=given)
    return files.take_in(named, limits)


def _picture(rng: random.Random) -> bytes:
    """A landscape: sky, hills and a road, as a PNG."""
    sky, hill, road = ([rng.randint(low, high) for _ in range(3)] for low, high in ((140, 230), (40, 130), (90, 110)))
    rows = bytearray()
    for y in range(_HEIGHT):
        rows.append(0)
        for x in range(_WIDTH):
            ridge = 55 + ((x * 7) % 31 + (x * 3) % 17) // 3
            on_road = y > 80 and abs(x - _WIDTH // 2) < (y - 74) // 2
            rows.extend(road if on_road else hill if y > ridge else sky)
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _letter(rng: random.Random) -> bytes:
    """A page with three lines, as a PDF."""
    lines = ("Soporte del tramite", f"Radicado {rng.randrange(10_000, 99_999)}", "Documento de demostracion")
    shown = "BT /F1 18 Tf 72 720 Td 24 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(shown)} >>\nstream\n{shown}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    page, places = "%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(page))
        page += f"{number} 0 obj\n{each}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    page += f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n"
    return (page + f"{page.index('xref')}\n%%EOF\n").encode("ascii")
