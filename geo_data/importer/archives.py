"""Zip archives: looked through before anything of them is written, unpacked within limits."""

from __future__ import annotations

import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from geo_data.faults import Fault, InputError, nearest
from geo_data.sources import Limits

MB = 1 << 20
_MOST_RATIO = 200
_HARMLESS = 64 * MB
"""Archives that unpack to less than this may be packed as tightly as they like."""
_MOST_MEMBERS = 10_000
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1
_CHUNK = 1 << 20
_CHINESE = re.compile("[\u4e00-\u9fff]")


def check_archive(path: Path, limits: Limits) -> None:
    """Refuse an archive that is cut short, leads outside its folder, or unpacks to too much.

    Raises
    ------
    InputError
        ``archive-broken``, ``archive-locked``, ``archive-path``, ``archive-members``,
        ``archive-bomb``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive.infolist(), limits)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(Fault("archive-broken", values={"error": error})) from error


@contextmanager
def unpacked(
    path: Path, limits: Limits, endings: frozenset[str], wanted: str | None
) -> Iterator[Path]:
    """Unpack an archive and give the one file of it that is meant.

    Parameters
    ----------
    path : Path
        A zip.
    limits : Limits
        Of the city.
    endings : frozenset of str
        What counts as a file of data, in lower case.
    wanted : str or None
        Which of several, by name or path, with or without its ending.

    Raises
    ------
    InputError
        See :func:`check_archive`; ``archive-empty`` and ``archive-several`` where it is not
        clear which file is meant.
    """
    check_archive(path, limits)
    with tempfile.TemporaryDirectory(prefix="yiping-") as folder:
        try:
            names = _unpack(path, Path(folder), limits)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise InputError(Fault("archive-broken", values={"error": error})) from error
        yield Path(folder) / _chosen(names, endings, wanted)


def _check_members(members: list[zipfile.ZipInfo], limits: Limits) -> None:
    for member in members:
        name = _name(member)
        parts = re.split(r"[/\\]", name)
        if ".." in parts or name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name):
            raise InputError(Fault("archive-path", values={"member": name}))
        if member.flag_bits & _ENCRYPTED:
            raise InputError(Fault("archive-locked", values={"member": name}))
    if len(members) > _MOST_MEMBERS:
        values: dict[str, object] = {"n": f"{len(members):,}", "most": f"{_MOST_MEMBERS:,}"}
        raise InputError(Fault("archive-members", values=values))
    whole = sum(member.file_size for member in members)
    packed = max(1, sum(member.compress_size for member in members))
    tight = whole > _HARMLESS and whole / packed > _MOST_RATIO
    if whole > limits.unpacked_mb * MB or tight:
        raise _bomb(whole, packed, limits)


def _bomb(whole: int, packed: int, limits: Limits) -> InputError:
    values: dict[str, object] = {
        "whole": f"{whole / MB:,.0f}",
        "packed": f"{packed / MB:,.1f}",
        "most": limits.unpacked_mb,
    }
    return InputError(Fault("archive-bomb", values=values))


def _name(member: zipfile.ZipInfo) -> str:
    """Return a member's name; packers in China write GBK and do not say so."""
    if member.flag_bits & _UTF8_NAME:
        return member.filename
    raw = member.filename.encode("cp437", "replace")
    read = [member.filename]
    for encoding in ("gb18030", "utf-8"):
        with suppress(UnicodeDecodeError):
            read.insert(0, raw.decode(encoding))
    # Two Chinese characters of GBK often are two of another alphabet in UTF-8.
    return next((name for name in read if _CHINESE.search(name)), read[0])


def _unpack(path: Path, folder: Path, limits: Limits) -> list[str]:
    names = []
    # What a header says of its size is a claim: what comes out is counted.
    left = limits.unpacked_mb * MB
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = _name(member).replace("\\", "/")
            if name.endswith("/") or name.startswith("__MACOSX/"):
                continue
            target = folder / PurePosixPath(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as packed, target.open("wb") as file:
                while chunk := packed.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise _bomb(limits.unpacked_mb * MB - left, path.stat().st_size, limits)
                    file.write(chunk)
            names.append(name)
    return names


def _chosen(names: list[str], endings: frozenset[str], wanted: str | None) -> str:
    data = [name for name in names if PurePosixPath(name).suffix.lower() in endings]
    data = [name for name in data if not PurePosixPath(name).name.startswith(".")]
    if wanted is not None:
        meant = [name for name in data if wanted in _names_of(name)]
        data = meant or data
    if not data:
        raise InputError(Fault("archive-empty", values={"known": " ".join(sorted(endings))}))
    if len(data) > 1:
        values: dict[str, object] = {
            "members": ", ".join(data[:8]),
            "nearest": nearest(wanted or "", data),
        }
        raise InputError(Fault("archive-several", field="file-layer", values=values))
    return data[0]


def _names_of(name: str) -> set[str]:
    path = PurePosixPath(name)
    return {name, str(path.with_suffix("")), path.name, path.stem}
