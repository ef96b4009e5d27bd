"""The list of cases: what is chosen is the same in every part of the desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from playwright.sync_api import Page, expect

from geo_data import queries
from geo_data.records import Scope
from geo_data.store import Store
from tests.browser.probes import SETTLED
from tests.browser.test_live import report

ON_THE_MAP = """() => {
    const { state } = window.yiping.map.debug;
    return state.signs.reduce((n, one) => n + (one.rows ? one.rows.length : 1), 0);
}"""


def number(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def test_a_vital_sign_leads_to_its_very_cases(desk: Callable[..., Page]) -> None:
    page = desk("?fold=right")
    sign = page.locator(".vital", has=page.get_by_text("在办", exact=True))
    sign.click()
    expect(page).to_have_url(re.compile("cases=open"))
    # The panel unfolds: who asks for the cases wants to see them.
    expect(page.locator(".chip.on")).to_have_text(re.compile("在办"))
    expect(page.locator(".chip.on")).to_be_visible()
    expect(page.locator(".legend")).to_contain_text("图上事件 · 在办")
    page.wait_for_function("() => window.yiping.map.debug.spec.sources.incidents.chosen")
    page.wait_for_function(SETTLED, polling=250)
    shown = number(sign.locator(".digits").inner_text())
    assert shown > 0
    assert number(page.locator(".tab.on .count").inner_text()) == shown
    assert number(page.locator(".chip.on .count").inner_text()) == shown
    group = page.locator(".legend-group", has_text="图上事件")
    assert sum(number(one) for one in group.locator(".count").all_inner_texts()) == shown
    page.wait_for_function(f"(n) => ({ON_THE_MAP})() === n", arg=shown)


def test_choices_narrow_the_list_and_are_cleared(desk: Callable[..., Page]) -> None:
    page = desk("?cases=overdue")
    late = page.locator(".entry.incident .overdue")
    expect(late.first).to_be_visible()
    assert late.count() == page.locator(".entry.incident").count()
    page.locator(".menu summary", has_text="渠道").click()
    option = page.locator(".menu[open] .option:not(.on)").nth(1)
    n = number(option.locator(".count").inner_text())
    option.click()
    expect(page.locator(".tab.on .count")).to_have_text(str(n))
    expect(page.locator(".menu[open]")).to_have_count(0)
    page.locator(".clear").click()
    expect(page.locator(".chip.on")).to_have_count(0)
    assert "cases=" not in page.url


def test_no_such_case_is_said(desk: Callable[..., Page]) -> None:
    page = desk("?cases=overdue&category=0407&severity=1")
    expect(page.locator(".live-list .calm")).to_have_text(
        "没有这样的事件：超期 · 道路积雪结冰 · 特别重大"
    )
    expect(page.locator(".tab.on .count")).to_have_text("0")


def test_a_long_list_unfolds(desk: Callable[..., Page]) -> None:
    page = desk("?cases=open")
    rows = page.locator(".entry.incident")
    expect(rows).to_have_count(40)
    page.locator(".unfold").click()
    expect(rows).to_have_count(80)
    assert "pages=2" in page.url


def test_a_new_case_slides_in_and_disturbs_nobody(
    desk: Callable[..., Page], demo_store: Store
) -> None:
    page = desk()
    # Somebody is in the middle of the list, with the focus on a row.
    row = page.locator(".entry.incident").nth(20)
    row.focus()
    key = row.get_attribute("data-key")
    page.evaluate("() => { window.__blank = 0; }")
    page.evaluate(
        """() => new MutationObserver(() => {
            if (!document.querySelector(".live-list .entry")) window.__blank++;
        }).observe(document.querySelector(".live-list"), { childList: true, subtree: true })"""
    )
    page.evaluate(
        """() => { window.__moves = []; const move = Element.prototype.animate;
            Element.prototype.animate = function (frames, said) {
                window.__moves.push(said.iterations || 1);
                return move.call(this, frames, said); }; }"""
    )
    before = page.evaluate("() => document.activeElement.getBoundingClientRect().top")
    tree = queries.region_tree(demo_store, Scope.everything())
    town = tree.children(tree.root.code)[3]
    title = f"新到 {datetime.now(UTC):%H%M%S%f}"
    report(demo_store, title, town.lon, town.lat)
    fresh = page.locator(".entry", has_text=title)
    page.wait_for_function("() => window.yiping.map.debug.pulses === 1")
    expect(fresh).to_have_count(1)
    # It slides in once, and its mark pulses three times: then all is still.
    assert sorted(page.evaluate("() => window.__moves")) == [1, 3]
    page.wait_for_function("() => window.yiping.map.debug.pulses === 0")
    page.wait_for_function("() => document.getAnimations().length === 0")
    assert page.evaluate("() => window.__blank") == 0
    assert page.evaluate("() => document.activeElement.dataset.key") == key
    after = page.evaluate("() => document.activeElement.getBoundingClientRect().top")
    assert abs(after - before) < 3


def test_who_wants_no_motion_gets_none(desk: Callable[..., Page], demo_store: Store) -> None:
    page = desk()
    page.emulate_media(reduced_motion="reduce")
    expect(page.locator(".entry.incident").first).to_be_visible()
    page.evaluate(
        """() => { window.__moved = 0; const move = Element.prototype.animate;
            Element.prototype.animate = function (...all) {
                window.__moved++; return move.apply(this, all); }; }"""
    )
    tree = queries.region_tree(demo_store, Scope.everything())
    title = f"静静地 {datetime.now(UTC):%H%M%S%f}"
    report(demo_store, title, tree.root.lon, tree.root.lat)
    expect(page.locator(".entry", has_text=title)).to_be_visible()
    assert page.evaluate("() => window.__moved") == 0
