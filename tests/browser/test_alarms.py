"""An alarm comes to every screen by itself, is acknowledged at the desk, and stays so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from geo_data import queries
from geo_data.ingest import Reading, apply
from geo_data.records import Scope, Sensor
from geo_data.store import Store

pytestmark = pytest.mark.browser
EVERYONE = Scope.everything()
STRIP = "#alarm-strip .strip-row"


def smoke(store: Store, n: int) -> Sensor:
    """A smoke detector that says nothing remarkable."""
    now = datetime.now(UTC)
    found = queries.sensors(store, EVERYONE, None, now)
    return [one for one in found if one.kind == "smoke" and one.value == 0][n]


def tell(store: Store, sensor: Sensor, value: float) -> None:
    now = datetime.now(UTC)
    assert apply(store, [Reading(sensor.code, value, now)], now).accepted == 1


def test_an_alarm_comes_to_desk_and_wall_and_is_acknowledged_at_the_desk(
    desk: Callable[..., Page], open_wall: Page, demo_store: Store
) -> None:
    sensor = smoke(demo_store, 3)
    page, wall = desk("?tab=alarms"), open_wall
    tell(demo_store, sensor, 1)
    (alarm,) = queries.alarms_of_sensor(demo_store, EVERYONE, sensor.code, datetime.now(UTC))
    mine = f'{STRIP}[data-key="strip-{alarm.id}"]'
    for screen in (page, wall):
        expect(screen.locator(mine)).to_contain_text("红色预警")
        expect(screen.locator(mine)).to_contain_text("烟感火警")
    assert wall.locator("[data-acknowledge]").count() == 0
    row = page.locator(f'[data-key="alarm-{alarm.id}"]')
    expect(row).to_contain_text("待确认")

    page.locator(f"{mine} [data-acknowledge]").click()
    page.locator(".alarm-form input").fill("张三")
    page.keyboard.press("Enter")
    for screen in (page, wall):
        expect(screen.locator(mine)).to_have_count(0)
    expect(row).to_contain_text("张三 已确认")
    page.reload(wait_until="commit")
    expect(row).to_contain_text("张三 已确认")

    tell(demo_store, sensor, 0)
    expect(row).to_have_count(0)


def test_the_strip_leads_to_the_sensor_and_its_card_says_by_which_rule(
    desk: Callable[..., Page], demo_store: Store
) -> None:
    sensor = smoke(demo_store, 5)
    tell(demo_store, sensor, 1)
    page = desk()
    page.locator(f"{STRIP} a", has_text=sensor.name).click()
    card = page.locator(".card")
    expect(card).to_contain_text("烟感火警")
    expect(card).to_contain_text("1 为报警")
    expect(card.locator(".stages li").first).to_contain_text("升起")
    later = datetime.now(UTC) + timedelta(seconds=1)
    apply(demo_store, [Reading(sensor.code, 0, later)], later)
    expect(card).not_to_contain_text("1 为报警")


def test_what_was_refused_is_said_in_the_form(desk: Callable[..., Page], demo_store: Store) -> None:
    sensor = smoke(demo_store, 7)
    tell(demo_store, sensor, 1)
    page = desk()
    page.locator(STRIP, has_text=sensor.name).locator("[data-acknowledge]").click()
    later = datetime.now(UTC) + timedelta(seconds=1)
    apply(demo_store, [Reading(sensor.code, 0, later)], later)
    page.locator(".alarm-form input").fill("李四")
    page.locator(".alarm-form button[type=submit]").click()
    expect(page.locator(".alarm-form p")).to_contain_text("已经解除")
    page.keyboard.press("Escape")
    expect(page.locator(".alarm-form")).to_have_count(0)
