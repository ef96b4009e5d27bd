"""A sheet put into a file: whole, or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from geo_data.faults import Fault, InputError, nearest
from layers.print.request import KINDS, Format
from layers.print.sheet import Sheet, render

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ALSO = {Format.GEOTIFF: ".tiff"}
"""Other endings that people write."""


def format_of(path: Path) -> Format:
    """Return the format that the ending of a file stands for.

    Raises
    ------
    InputError
        It stands for none.
    """
    name = path.name.lower()
    for format, kind in KINDS.items():
        if name.endswith(kind.ending) or name.endswith(_ALSO.get(format, kind.ending)):
            return format
    known = [kind.ending.removeprefix(".") for kind in KINDS.values()]
    values: dict[str, object] = {
        "ending": path.suffix or path.name,
        "nearest": nearest(path.suffix.removeprefix(".").lower(), known),
        "known": ", ".join(known),
    }
    raise InputError(Fault("sheet-format", file=str(path), values=values))


def save(sheet: Sheet, path: Path, format: Format | None = None) -> int:
    """Write a sheet and return its size in bytes.

    It gets its name when it is all there: whoever watches the folder never meets half a map.

    Parameters
    ----------
    sheet : Sheet
        From :func:`~layers.print.situation_map`.
    path : Path
        Where; a file that is there is replaced.
    format : Format, optional
        What its ending stands for unless given.

    Raises
    ------
    InputError
        The ending is of no format, there is no such folder, it cannot be written to, or the disk
        is full; nothing is left behind then.
    """
    body = render(sheet, format or format_of(path))
    put(body, path)
    return len(body)


def put(body: bytes, path: Path) -> None:
    """Write bytes under a name of their own, then give them theirs; errors as :func:`save`."""
    part: Path | None = None
    try:
        with NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False
        ) as file:
            part = Path(file.name)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        # A temporary file is for its owner's eyes; a map is as other files of this user are.
        mask = os.umask(0)
        os.umask(mask)
        part.chmod(0o666 & ~mask)
        part.replace(path)
    except OSError as error:
        if part is not None:
            part.unlink(missing_ok=True)
        key = "sheet-disk-full" if error.errno in _FULL else "sheet-not-written"
        values: dict[str, object] = {"error": error.strerror or str(error)}
        raise InputError(Fault(key, file=str(path), values=values), exit_code=3) from error
