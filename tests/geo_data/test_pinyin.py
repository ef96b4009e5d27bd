"""What is typed for a name: initials and full pinyin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data.pinyin import pinyin_key, pinyin_keys


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("九亭镇", "jtz jiutingzhen"),
        ("车墩", "cd chedun"),
        ("新桥花苑12号楼", "xqhy12hl xinqiaohuayuan12haolou"),
        ("万达广场A座", "wdgcaz wandaguangchangazuo"),
        ("Oak Street School", "oss oakstreetschool"),
        ("（）·—", " "),
        ("", " "),
    ],
)
def test_known_names(name: str, key: str) -> None:
    assert pinyin_key(name) == key


@given(st.text())
def test_any_name_has_two_typeable_halves(name: str) -> None:
    initials, full = pinyin_key(name).split(" ")
    assert len(initials) <= len(full) <= 12 * max(len(name), 1)


@given(st.lists(st.text()))
def test_many_names_at_once_are_the_names_one_by_one(names: list[str]) -> None:
    assert pinyin_keys(names) == [pinyin_key(name) for name in names]
