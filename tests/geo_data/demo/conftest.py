from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from geo_data.demo.making import DemoCity, draw_city

SEED = 20240601
NOW = datetime(2025, 7, 16, 7, 20, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="session")
def songjiang() -> DemoCity:
    """The demo city of Songjiang, drawn once for all tests."""
    return draw_city("310117", SEED)


@pytest.fixture(scope="session")
def small() -> DemoCity:
    """The demo city of a small inner-city district (虹口, 23 km²)."""
    return draw_city("310109", SEED)


@pytest.fixture(scope="session")
def now() -> datetime:
    """A Wednesday afternoon in summer."""
    return NOW


@pytest.fixture(scope="session")
def zone() -> ZoneInfo:
    """The zone of the demo city."""
    return ZONE
