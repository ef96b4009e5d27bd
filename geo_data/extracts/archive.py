"""A zip of files with a page of text that says what they are."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from geo_data.extracts.table import Cover

Put = Callable[[str, Iterable[bytes]], None]
_README = {"zh-CN": "说明.txt", "en": "README.txt"}


@contextmanager
def archived(path: Path | IO[bytes], cover: Cover) -> Iterator[Put]:
    """Give what puts a file into a new zip; the page of text is the first one.

    Every file bears the time of the export.
    """
    local = cover.made_at.astimezone(cover.zone)
    stamp = (local.year, local.month, local.day, local.hour, local.minute, local.second)
    with zipfile.ZipFile(path, "w") as archive:

        def put(name: str, parts: Iterable[bytes]) -> None:
            entry = zipfile.ZipInfo(name, stamp)
            # A picture is packed already.
            is_picture = name.endswith(".png")
            entry.compress_type = zipfile.ZIP_STORED if is_picture else zipfile.ZIP_DEFLATED
            # Without a size the header has no room for more than 2 GB.
            with archive.open(entry, "w", force_zip64=True) as file:
                for part in parts:
                    file.write(part)

        # Windows' editor takes text for the system's own encoding where it has no mark.
        put(_README[cover.language], [cover.text().encode("utf-8-sig")])
        yield put
