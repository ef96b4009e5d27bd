"""The clock of a case on its card and in the list, the command that recounts, and what is said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from dashboard import commands
from dashboard.api import health
from dashboard.context import Context
from dashboard.panels import live_lists, object_card
from dashboard.widgets.markup import text_of
from geo_data import queries
from geo_data.ingest import IncidentReport, StageReport, apply
from geo_data.provision import provide_city
from geo_data.records import Scope, Severity, Stage, Window
from geo_data.settings import Settings
from geo_data.store import open_store
from geo_data.store.meta import keep
from tests.conftest import EXAMPLE

ALL = Scope.everything()
BOTH = pytest.mark.parametrize("language", ["zh-CN", "en"])


@pytest.fixture
def card(context: Context, now: datetime) -> Callable[..., str]:
    """What the card says of a case with some steps, so many hours ago each."""

    def written(language: str, *steps: tuple[Stage, float], category: str = "0403") -> str:
        tell(context, now, *steps, category=category)
        look = context.look(f"?object=incident:1&lang={language}&window=7d")
        return text_of(object_card.card(look)) + text_of(live_lists.rows(look))

    return written


def tell(
    context: Context, now: datetime, *steps: tuple[Stage, float], category: str = "0403"
) -> None:
    at = now - timedelta(hours=10)
    told = [StageReport("s", "1", stage, now - timedelta(hours=ago)) for stage, ago in steps]
    case = IncidentReport(
        *("s", "1", "C1", "漏气", "patrol", category, Severity.GENERAL, at, at),
        stages=tuple(told),
    )
    apply(context.store, [case], now)


@BOTH
def test_what_is_left_and_when_it_is_due(card: Callable[..., str], language: str) -> None:
    text = card(language, (Stage.DISPATCHED, 0.5))
    for said in {"zh-CN": ("2 小时", "1.5 小时", "软件自带"), "en": ("2 h", "1.5 h", "defaults")}[
        language
    ]:
        assert said in text
    assert 'class="due-soon"' not in text
    assert 'class="overdue"' not in text


@BOTH
def test_due_soon_is_marked_on_the_card_and_in_the_list(
    card: Callable[..., str], language: str
) -> None:
    text = card(language, (Stage.DISPATCHED, 1.5))
    assert text.count('class="due-soon"') == 2
    assert {"zh-CN": "即将到期", "en": "due soon"}[language] in text


@BOTH
def test_overdue_is_marked_on_the_card_and_in_the_list(
    card: Callable[..., str], language: str
) -> None:
    text = card(language, (Stage.DISPATCHED, 3))
    assert text.count('class="overdue"') == 2
    assert {"zh-CN": "超期1小时", "en": "overdue 1 h"}[language] in text


@BOTH
def test_a_clock_that_stands_still_says_so(card: Callable[..., str], language: str) -> None:
    text = card(language, (Stage.DISPATCHED, 3), (Stage.SUSPENDED, 2))
    assert 'class="paused"' in text
    assert {"zh-CN": "暂停", "en": "paused"}[language] in text
    assert 'class="overdue"' not in text


@BOTH
def test_steps_out_of_order_are_named(card: Callable[..., str], language: str) -> None:
    text = card(language, (Stage.CLOSED, 3), (Stage.DISPATCHED, 2))
    word = {"zh-CN": "次序有误", "en": "out of order"}[language]
    assert text.count(word) == 3


def test_no_limit_is_a_dash(context: Context, now: datetime) -> None:
    tell(context, now, (Stage.DISPATCHED, 1))
    with context.store.write() as connection:
        table = context.store.tables.incidents
        connection.execute(table.update().values(category="8888", due_at=None, due_soon_at=None))
    look = context.look("?object=incident:1&lang=en")
    assert "<dt>Limit</dt><dd><span>—</span></dd>" in text_of(object_card.card(look))


def readyz(context: Context) -> str:
    app = FastAPI()
    app.include_router(health.router(context))
    answer = TestClient(app).get("/readyz")
    assert answer.status_code == 200
    return answer.text


def test_what_the_calendar_does_not_know_is_said(context: Context) -> None:
    december = datetime(2026, 12, 20, tzinfo=UTC)
    for clock, told in ((context.clock, False), (lambda: december, True)):
        assert ("2026-12-31" in readyz(replace(context, clock=clock))) is told


@pytest.fixture
def city_file(tmp_path: Path) -> Path:
    folder = tmp_path / "city"
    shutil.copytree(EXAMPLE.parent, folder)
    return folder / EXAMPLE.name


LIMITS = """
source = "No. 8"
version = "1"
effective-from = 2025-01-01
[limits]
04 = { hours = 5 }
"""


def test_recount_takes_limits_and_calendar_out_of_the_city_file(
    clearbay_path: Path, context: Context, now: datetime, city_file: Path, tmp_path: Path
) -> None:
    tell(context, now, (Stage.DISPATCHED, 3))
    text = city_file.read_text("utf-8")
    city_file.write_text(f'time-limits = "limits.toml"\n{text}', encoding="utf-8")
    (city_file.parent / "limits.toml").write_text(LIMITS, encoding="utf-8")
    environment = {
        "YIPING_DATA_DIR": str(tmp_path),
        "YIPING_DATABASE_URL": f"sqlite:///{clearbay_path}",
    }
    typed = ["recount", "--city", str(city_file), "--lang", "en"]
    assert commands.run(typed, lambda *_: None, environment) == 0
    store = open_store(clearbay_path)
    window = Window(now - timedelta(days=1), now)
    (found,) = queries.incidents(store, ALL, store.city.code, window, now)
    assert found.due_at == now + timedelta(hours=2)
    assert store.city.case_clock.limits.source == "No. 8"
    store.close()


def test_a_file_of_an_older_clock_is_recounted_when_it_is_served(
    context: Context, clearbay_path: Path, now: datetime, tmp_path: Path
) -> None:
    tell(context, now, (Stage.DISPATCHED, 3))
    with context.store.write() as connection:
        tables = context.store.tables
        keep(connection, tables, "case-clock", "older")
        connection.execute(tables.incidents.update().values(due_at=None, due_soon_at=None))
    assert "recount" in readyz(context)
    settings = Settings(data_dir=tmp_path, database_url=f"sqlite:///{clearbay_path}")
    provided = provide_city(settings, EXAMPLE, now)
    found = queries.incident(provided.store, ALL, 1, now)
    provided.store.close()
    assert found is not None
    assert found.due_at == now - timedelta(hours=1)
