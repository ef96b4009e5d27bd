"""The sentences of early warning: both languages, all used, all filled."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from indicators import early_warning
from indicators.early_warning import KINDS, TRENDS
from indicators.early_warning.wording import WORDS, chance, term, times

FOLDER = Path(early_warning.__file__).parent
TABLE = tomllib.loads((FOLDER / "words.toml").read_text("utf-8"))


def test_both_wordings_have_the_same_places() -> None:
    for key, label in TABLE.items():
        zh, en = (set(re.findall(r"\{(\w+)", label[name])) for name in ("zh", "en"))
        assert zh - {"level"} == en - {"level"}, key


def test_every_wording_is_used() -> None:
    code = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.py"))
    made = {f"{head}-{kind}" for head in ("kind", "rule") for kind in KINDS}
    made |= {f"trend-{trend}" for trend in TRENDS}
    made |= {f"reason-emerging-{trend}" for trend in ("new", "intensifying")}
    made |= {f"reason-anomaly-{span}" for span in ("day", "week")}
    assert {key for key in TABLE if f'"{key}"' not in code} - made == set()
    assert made <= set(TABLE)


@pytest.mark.parametrize(
    ("q", "said"),
    [(0.0004, "< 0.1 %"), (0.004, "< 1 %"), (0.01, "< 5 %"), (0.049, "< 5 %"), (0.12, "约 12 %")],
)
def test_chance_in_words(q: float, said: str) -> None:
    assert chance(q, "zh-CN").endswith(said)


def test_times_have_as_many_digits_as_they_are_worth() -> None:
    assert [times(one) for one in (1.04, 9.96, 31.2)] == ["1.0", "10.0", "31"]


def test_what_no_dictionary_lists_is_shown_as_it_is() -> None:
    assert term("categories", "9999")("en") == "9999"
    assert "kind-hot-spot" in WORDS
