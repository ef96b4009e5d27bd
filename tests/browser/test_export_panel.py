"""The panel of exports on the desk: opened, filled, sent, and the file fetched."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
WAIT_MS = 180_000


def test_a_file_is_asked_for_on_the_desk_and_fetched(desk: Callable[..., Page]) -> None:
    page = desk("?region=310117102&layers=region-town,incidents")
    page.locator("a.opens-export").click()
    form = page.frame_locator(".export-frame iframe")
    expect(form.locator("fieldset").first).to_contain_text("泗泾镇")
    # The sheet is drawn small before anybody asks for it.
    expect(form.locator("img.preview[src^=blob]")).to_be_visible(timeout=WAIT_MS)
    form.get_by_text("CSV", exact=True).click()
    expect(form.locator(".preview-box")).to_be_hidden()
    form.locator("input[name=user]").fill("张三")
    form.locator("button[type=submit]").click()
    file = form.locator(".outcome a.button")
    expect(file).to_be_visible(timeout=WAIT_MS)
    with page.expect_download() as download:
        file.click()
    assert download.value.suggested_filename.endswith(".csv.zip")
    page.keyboard.press("Escape")
    expect(page.locator(".export-frame")).to_have_count(0)


def test_a_presentation_begins_as_a_slide(desk: Callable[..., Page]) -> None:
    page = desk("?region=310117102&cases=overdue")
    page.locator("a.opens-export").click()
    form = page.frame_locator(".export-frame iframe")
    template = form.locator("select[name=template]")
    before = template.input_value()
    expect(form.locator("fieldset").first).to_contain_text("超期")
    form.get_by_text("PPT", exact=False).click()
    expect(template).to_have_value("slide-16x9")
    form.get_by_text("PDF", exact=False).click()
    expect(template).to_have_value(before)
    page.keyboard.press("Escape")
    expect(page.locator(".export-frame")).to_have_count(0)


def test_what_is_missing_for_a_publication_is_said(desk: Callable[..., Page]) -> None:
    page = desk("?region=310117102")
    page.locator("a.opens-export").click()
    form = page.frame_locator(".export-frame iframe")
    form.locator("select[name=purpose]").select_option("publication")
    form.locator("button[type=submit]").click()
    expect(form.locator(".form-fault")).to_contain_text("审图号")
    expect(form.locator("button[type=submit]")).to_be_enabled()
