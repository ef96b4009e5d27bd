"""In which encoding a file's text is: by what it says, checked against what it holds.

Offices write GBK and say nothing, or say UTF-8 and write GBK. What a file says of itself counts
only if its bytes can be read that way.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from geo_data.faults import Fault

GB18030 = "GB18030"
"""Holds GB2312 and GBK: what either of them writes is read by it."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEADER, _FIELD = 32, 32
_LANGUAGE_BYTE = 29
_END_OF_FIELDS = 0x0D
# What writers in China put there; 0x57, "whatever this computer uses", says nothing.
_LANGUAGES = {0x4D: GB18030, 0x7A: GB18030, 0x4F: "cp950", 0x78: "cp950", 0x03: "cp1252"}
_ENOUGH_ROWS = 20_000


def encoding_of(data: bytes) -> str:
    """Return the encoding of a table's bytes: its BOM's, else UTF-8 if it is that, else GB18030."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    return "utf-8" if _reads(data, "utf-8") else GB18030


def dbf_encoding(dbf: Path, cpg: Path | None) -> tuple[str, Fault | None]:
    """Return the encoding of a shapefile's table.

    Parameters
    ----------
    dbf : Path
        The table.
    cpg : Path or None
        The file beside it that names its code page.

    Returns
    -------
    encoding : str
        A name that GDAL knows.
    fault : Fault or None
        What to tell where the file says one thing and holds another.
    """
    data = dbf.read_bytes()
    texts = [data[place] for place in _texts(data, _ENOUGH_ROWS)]
    said = _cpg_encoding(cpg) if cpg else _LANGUAGES.get(data[_LANGUAGE_BYTE], "")
    if said and all(_reads(text, said) for text in texts):
        return said, None
    found = "UTF-8" if all(_reads(text, "utf-8") for text in texts) else GB18030
    if not said:
        return found, None
    values: dict[str, object] = {"said": said, "found": found}
    return found, Fault("encoding-disagrees", field="encoding", values=values)


def without_halves(dbf: bytes, encoding: str) -> bytes:
    """Return a dBASE table without the half characters at the ends of its names and cells.

    Writers cut names after ten bytes, in the middle of a character if need be; no reader of
    UTF-8 takes that.
    """
    mended = bytearray(dbf)
    for place in _texts(dbf, None):
        text = dbf[place]
        decoder = codecs.getincrementaldecoder(encoding)("ignore")
        whole = decoder.decode(text, final=False).encode(encoding)
        if len(whole) < len(text):
            padding = b"\0" if place.start < int.from_bytes(dbf[8:10], "little") else b" "
            mended[place] = whole.ljust(len(text), padding)
    return bytes(mended)


def _cpg_encoding(cpg: Path) -> str:
    """Return the encoding a ``.cpg`` names, ``""`` where it names none that is known."""
    name = cpg.read_bytes()[:64].decode("ascii", "ignore").strip().upper()
    name = re.sub(r"^(OEM|ANSI)\s*", "", name)
    if re.fullmatch(r"(CP|MS)?936|GBK|GB[-_]?2312|GB[-_]?18030|EUC[-_]?CN", name):
        return GB18030
    if name in {"65001", "CP65001", "UTF8", "UTF-8"}:
        return "UTF-8"
    name = f"CP{name}" if name.isdigit() and not name.startswith("8859") else name
    name = re.sub(r"^(ISO)?[- ]?8859[- ]?", "ISO-8859-", name)
    try:
        codecs.lookup(name)
    except LookupError:
        return ""
    return name


def _texts(data: bytes, most_rows: int | None) -> Iterator[slice]:
    """Yield where a dBASE table has text: its field names, then the cells of its text fields."""
    header = int.from_bytes(data[8:10], "little")
    record = int.from_bytes(data[10:12], "little")
    fields = []
    place = 1
    for start in range(_HEADER, header - 1, _FIELD):
        field = data[start : start + _FIELD]
        if len(field) < _FIELD or field[0] == _END_OF_FIELDS:
            break
        yield slice(start, start + len(field[:11].split(b"\0")[0]))
        if field[11:12] == b"C":
            fields.append(slice(place, place + field[16]))
        place += field[16]
    rows = (len(data) - header) // record if record else 0
    for row in range(rows if most_rows is None else min(rows, most_rows)):
        first = header + row * record
        for cell in fields:
            text = data[first + cell.start : first + cell.stop].rstrip(b" \0")
            yield slice(first + cell.start, first + cell.start + len(text))


def _reads(data: bytes, encoding: str) -> bool:
    """Whether bytes are text of an encoding; a last character cut in half is allowed."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(data, final=False)
    except (UnicodeDecodeError, LookupError):
        return False
    return True
