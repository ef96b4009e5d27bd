"""A full disk while a file is written: it is said as such, and nothing broken is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo_data.extracts import FORMATS, write_tables
from geo_data.faults import InputError
from tests.geo_data.extracts.test_files import AT, COVER, table


def scrambled(n: int) -> str:
    return "".join(chr(0x4E00 + (n * 7919 + k * k * 104729) % 20000) for k in range(60))


@pytest.mark.parametrize("format_key", FORMATS)
def test_a_full_disk_is_said_and_leaves_nothing(small_disk: Path, format_key: str) -> None:
    # Texts that no packing makes small.
    rows = [(f"{n:06}", scrambled(n), n, n / 7, True, AT, 121.0, 31.0) for n in range(40_000)]
    path = small_disk / f"file{FORMATS[format_key].ending}"
    with pytest.raises(InputError) as caught:
        write_tables(format_key, [table(rows)], COVER, path)
    assert caught.value.faults[0].key == "export-disk-full"
    assert "Make room" in caught.value.faults[0].remedy("en")
    assert list(small_disk.iterdir()) == []
    write_tables(format_key, [table()], COVER, path)
    assert [one.name for one in small_disk.iterdir()] == [path.name]
