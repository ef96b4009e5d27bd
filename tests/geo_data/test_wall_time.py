"""What clocks show: beside pandas, which asks the zone for every instant."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data.wall_time import NO_TIME, to_local, to_utc

ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC")
INSTANTS = st.lists(
    st.integers(-2_200_000_000_000, 4_000_000_000_000), min_size=1, max_size=30
).map(lambda found: np.array(found, dtype=np.int64))


def index_of(at_ms: np.ndarray) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(at_ms.astype("M8[ms]"))


def millis_of(index: pd.DatetimeIndex) -> list[int]:
    return index.tz_localize(None).to_numpy().astype("M8[ms]").astype(np.int64).tolist()


@given(INSTANTS, st.sampled_from(ZONES))
def test_clocks_show_what_pandas_says(at_ms: np.ndarray, zone: str) -> None:
    wanted = index_of(at_ms).tz_localize("UTC").tz_convert(ZoneInfo(zone))
    assert to_local(at_ms, ZoneInfo(zone)).tolist() == millis_of(wanted)


@given(INSTANTS, st.sampled_from(ZONES))
def test_instants_are_those_of_pandas(local_ms: np.ndarray, zone: str) -> None:
    wanted = index_of(local_ms).tz_localize(
        ZoneInfo(zone), ambiguous=np.ones(len(local_ms), bool), nonexistent="shift_forward"
    )
    assert to_utc(local_ms, ZoneInfo(zone)).tolist() == millis_of(wanted.tz_convert("UTC"))


@given(INSTANTS, st.sampled_from(ZONES))
def test_back_and_forth_is_the_same_or_the_first_of_two(at_ms: np.ndarray, zone: str) -> None:
    local = to_local(at_ms, ZoneInfo(zone))
    again = to_utc(local, ZoneInfo(zone))
    assert (again <= at_ms).all()
    assert to_local(again, ZoneInfo(zone)).tolist() == local.tolist()


@pytest.mark.parametrize(
    ("said", "utc"),
    [
        ("2024-03-31T02:30", "2024-03-31T01:00"),
        ("2024-10-27T02:30", "2024-10-27T00:30"),
        ("2024-10-27T03:00", "2024-10-27T02:00"),
    ],
)
def test_the_nights_on_which_clocks_are_put(said: str, utc: str) -> None:
    local = np.array([said], dtype="M8[ms]").astype(np.int64)
    found = to_utc(local, ZoneInfo("Europe/Berlin")).astype("M8[ms]").astype("M8[m]")
    assert found.astype(str).tolist() == [utc]


def test_no_time_and_no_times() -> None:
    zone = ZoneInfo("America/St_Johns")
    assert to_local(np.array([NO_TIME, 0]), zone).tolist() == [NO_TIME, -12_600_000]
    assert to_local(np.array([NO_TIME]), zone).tolist() == [NO_TIME]
    assert to_utc(np.empty(0, dtype=np.int64), zone).tolist() == []


def test_any_shape() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    at = np.arange(6, dtype=np.int64).reshape(2, 3)
    assert (to_local(at, zone) - at == 8 * 3_600_000).all()
