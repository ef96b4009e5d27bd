"""The pages of exports: what the square code leads to, the list, and the form with its preview."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboard.server import create_server
from geo_data.exports import ExportRequest, Format, checked, enter, register
from geo_data.faults import Fault
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store
from tests.geo_data.lived_city import NOON, hours, make_lived_city

AT = NOON + hours(13)
ALL = Scope.everything()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = make_lived_city(tmp_path / "city.gpkg")
    yield store
    store.close()


@pytest.fixture
def client(store: Store, tmp_path: Path, cache_dir: Path) -> TestClient:
    settings = Settings(data_dir=cache_dir, export_dir=tmp_path / "exports")
    app = create_server(settings, store, lambda: AT)
    # Without its lifespan nothing is made: a record stays as the test wrote it.
    return TestClient(app)


def entered(store: Store, scope: Scope = ALL, **more: Any) -> str:
    told = {"format": "pdf", "region": "t1", "user": "张三<b>", "unit": "城运中心"} | more
    request = checked(ExportRequest.model_validate(told), AT)
    return enter(store, scope, request, AT, asked_from="10.0.0.7").number


def test_a_record_says_what_who_when_and_offers_the_file(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    number = entered(store, secrecy="秘密", secrecy_term="10年", layers=("incidents",))
    page = client.get(f"/exports/{number}").text
    assert 'http-equiv="refresh"' in page
    register.begin(store, number, AT)
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / f"{number}.pdf").write_bytes(b"%PDF")
    register.finish(store, number, AT, f"{number}.pdf", 48_213, "ab" * 32)
    page = client.get(f"/exports/{number}").text
    assert 'http-equiv="refresh"' not in page
    for said in (
        number,
        "秘密★10年",
        "城运中心",
        "张三&lt;b&gt;",
        "10.0.0.7",
        "ab" * 32,
        "town t1",
    ):
        assert said in page, said
    assert f'href="/api/v1/exports/{number}/file"' in page
    assert "2025-07-02 01:00:00" in page
    for wrong in ("undefined", "None", "NaN"):
        assert wrong not in page
    english = client.get(f"/exports/{number}?lang=en&theme=light").text
    assert 'lang="en"' in english
    assert 'data-theme="light"' in english
    assert "Record of an export" in english
    (tmp_path / "exports" / f"{number}.pdf").unlink()
    assert "/file" not in client.get(f"/exports/{number}").text


def test_a_record_says_the_filter_and_the_sheet_in_words(client: TestClient, store: Store) -> None:
    number = entered(store, format="pptx", filters={"standing": "overdue", "channel": "hotline"})
    page = client.get(f"/exports/{number}").text
    assert "超期 · 12345 市民热线 (standing=overdue, channel=hotline)" in page
    assert "slide-16x9" in page


def test_why_one_failed_is_said_in_the_language_of_the_page(
    client: TestClient, store: Store
) -> None:
    number = entered(store)
    register.begin(store, number, AT)
    fault = Fault("export-timeout", values={"seconds": "600"})
    register.fail(store, number, AT, [fault])
    for language in ("zh-CN", "en"):
        assert fault.reason(language) in client.get(f"/exports/{number}?lang={language}").text
    told = client.get(f"/api/v1/exports/{number}", headers={"Accept-Language": "zh-CN"}).json()
    assert told["problems"][0]["error"] == fault.reason("zh-CN")


def test_a_number_that_is_not_there_is_a_page_that_says_so(client: TestClient) -> None:
    page = client.get("/exports/c-20250702-0009<script>")
    assert page.status_code == 404
    assert "<script>" not in page.text.split("<body")[1]


def test_the_list_leads_to_every_record_that_may_be_seen(client: TestClient, store: Store) -> None:
    assert "还没有导出" in client.get("/exports").text
    numbers = [entered(store) for _ in range(3)]
    page = client.get("/exports?lang=en").text
    assert re.findall(r'href="/exports/(c-[\d-]+)', page) == numbers[::-1]


def test_the_form_asks_for_what_the_desk_shows(client: TestClient) -> None:
    address = (
        "/exports/new?region=t1&window=7d&layers=incidents,region-grid&cases=overdue&severity=2"
    )
    page = client.get(address).text
    seen = re.search(r"window\.exportForm = (\{.*\});", page)
    assert seen is not None
    for said in ('"region": "t1"', '"window": "7d"', '"incidents"', '"region-grid"'):
        assert said in seen[1]
    assert '"place-building"' not in seen[1]
    assert '"filters": {"severity": "2", "standing": "overdue"}' in seen[1]
    assert "超期 · 重大" in page
    assert page.count('type="radio"') == len(set(Format) - {Format.DOCX})
    for name in ("secrecy", "secrecy_term", "approval", "waiver", "unit", "reviewer", "template"):
        assert f'name="{name}"' in page
    assert "http" not in re.sub(r"http-equiv|http://www.w3.org", "", page)


def test_a_preview_is_a_small_picture_and_enters_nothing(client: TestClient) -> None:
    asked = '{"format": "pdf", "region": "t1", "template": "a4-landscape"}'
    picture = client.get("/exports/preview.png", params={"request": asked})
    assert picture.status_code == 200, picture.text
    assert picture.content.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", io.BytesIO(picture.content).getvalue()[16:24])
    assert 900 < width < 1000
    assert abs(width / height - 297 / 210) < 0.01
    assert client.get("/api/v1/exports").json() == []


def test_the_form_offers_an_atlas_of_what_lies_below(client: TestClient) -> None:
    def choices(address: str) -> list[str]:
        page = client.get(address).text
        found = re.search(r'<select name="atlas">(.*?)</select>', page)
        return re.findall(r'value="([^"]*)"', found[1]) if found else []

    assert choices("/exports/new?region=c") == ["", "town", "grid"]
    assert choices("/exports/new?region=t1") == ["", "grid"]
    assert choices("/exports/new?region=t1g0") == []
    assert "3 页" in client.get("/exports/new?region=c").text


def test_the_preview_of_an_atlas_is_its_index(client: TestClient) -> None:
    asked = '{"format": "png", "region": "c", "atlas": "town", "template": "a4-landscape"}'
    whole = client.get("/exports/preview.png", params={"request": asked})
    assert whole.status_code == 200, whole.text
    plain = client.get(
        "/exports/preview.png", params={"request": asked.replace('"atlas": "town", ', "")}
    )
    assert whole.content != plain.content


def test_an_atlas_is_told_by_its_record_and_its_page(client: TestClient, store: Store) -> None:
    number = entered(store, atlas="next", region="c", scale="same")
    register.begin(store, number, AT)
    register.tell(store, number, "page 3/18", 0.15)
    page = client.get(f"/exports/{number}").text
    assert "每个town一页" in page
    assert "第 3 页，共 18 页" in page
    assert "图集同一比例尺" in page


@pytest.mark.parametrize(
    "asked", ["{", '{"format": "pdf", "region": "nowhere"}', '{"format": "pdf", "template": "a9"}']
)
def test_a_preview_that_cannot_be_made_says_why(client: TestClient, asked: str) -> None:
    answer = client.get(
        "/exports/preview.png", params={"request": asked}, headers={"Accept-Language": "zh-CN"}
    )
    assert answer.status_code == 422
    assert answer.json()["detail"]["remedy"].endswith(("。", "？"))
