"""What the guides and the files of a deployment say is what the program knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from geo_data.settings import NOT_SETTINGS, PREFIX, Settings

ROOT = Path(__file__).parents[1]
KNOWN = {PREFIX + name.upper() for name in Settings.model_fields}
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
SAID = [*READMES, *sorted(path for path in (ROOT / "docs").rglob("*") if path.is_file())]


def names_in(text: str) -> set[str]:
    """Settings that a text names; ``…_LOCK_TIMEOUT_S`` continues the prefix of the one before."""
    return set(re.findall(rf"{PREFIX}[A-Z][A-Z0-9_]*[A-Z0-9]", text))


@pytest.mark.parametrize("path", SAID, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_setting_that_is_named_exists(path: Path) -> None:
    # The tables of READMEs shorten names, and a name may end in an ellipsis.
    unknown = {
        name
        for name in names_in(path.read_text(encoding="utf-8"))
        if name not in KNOWN | NOT_SETTINGS
        and not any(known.startswith(f"{name}_") for known in KNOWN)
    }
    assert not unknown


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_every_setting_is_documented(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # ``YIPING_DATABASE_POOL_SIZE``, `…_READ_TIMEOUT_S`: the ending is enough.
    missing = [
        name
        for name in KNOWN
        if name not in text and not any(f"…_{name.split('_', n)[-1]}`" in text for n in (1, 2, 3))
    ]
    assert not missing
