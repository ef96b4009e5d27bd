"""The list of cases: what is chosen is the same in every part of the desk."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.probes import SETTLED

ON_THE_MAP = """() => {
    const { state } = window.yiping.map.debug;
    return state.signs.reduce((n, one) => n + (one.rows ? one.rows.length : 1), 0);
}"""


def number(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def test_a_vital_sign_leads_to_its_very_cases(visit: Callable[..., Page]) -> None:
    page = visit("/?fold=right")
    page.wait_for_function("() => document.documentElement.dataset.server === 'here'")
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


def test_choices_narrow_the_list_and_are_cleared(visit: Callable[..., Page]) -> None:
    page = visit("/?cases=overdue")
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


def test_no_such_case_is_said(visit: Callable[..., Page]) -> None:
    page = visit("/?cases=overdue&category=0407&severity=1")
    expect(page.locator(".live-list .calm")).to_have_text(
        "没有这样的事件：超期 · 道路积雪结冰 · 特别重大"
    )
    expect(page.locator(".tab.on .count")).to_have_text("0")


def test_a_long_list_unfolds(visit: Callable[..., Page]) -> None:
    page = visit("/?cases=open")
    rows = page.locator(".entry.incident")
    expect(rows).to_have_count(40)
    page.locator(".unfold").click()
    expect(rows).to_have_count(80)
    assert "pages=2" in page.url
