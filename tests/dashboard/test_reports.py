"""Reports over HTTP, on their page, on the command line, and made by the queue's process."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import docx
import pytest
from fastapi.testclient import TestClient

from dashboard.commands.command_line import run
from dashboard.exporting.making import Order, check, make
from dashboard.exporting.schedule_desk import ScheduleDesk
from dashboard.server import create_server
from geo_data.exports import ExportRequest, State, export_records, register
from geo_data.records import Scope
from geo_data.schedules import Schedule
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from indicators.reports import Kind
from tests.geo_data.small_city import CITY
from tests.indicators.reports.counted_city import NOW, make_counted_city, templates_in

ALL = Scope.everything()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = make_counted_city(tmp_path / "city.gpkg")
    yield store
    store.close()


@pytest.fixture
def settings(tmp_path: Path, cache_dir: Path) -> Settings:
    return Settings(data_dir=cache_dir, export_dir=tmp_path / "exports", export_workers=1)


@pytest.fixture
def client(store: Store, settings: Settings) -> TestClient:
    # Without its lifespan nothing is made: an order waits.
    return TestClient(create_server(settings, store, lambda: NOW))


def test_a_report_is_told_with_the_source_of_every_number(client: TestClient) -> None:
    told = client.get("/api/v1/reports/monthly?period=2026-10").json()
    assert told["title"] == "小城城市运行月通报（2026年10月）"
    assert (told["first_day"], told["last_day"]) == ("2026-10-01", "2026-10-31")
    paragraphs = [one for one in told["blocks"] if one["type"] == "paragraph"]
    numbers = [
        (one["text"][span["start"] : span["end"]], span["source"])
        for one in paragraphs
        for span in one["spans"]
        if span["kind"] == "number"
    ]
    text, source = numbers[0]
    assert text == "6件"
    assert (source["key"], source["region"], source["value"]) == ("reported-incidents", "c", 6)
    assert {one["type"] for one in told["blocks"]} == {"heading", "paragraph", "table", "map"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("monthly?period=2026-12", "has not begun"),
        ("monthly?period=x", "no period"),
        ("monthly?region=t9", "no region"),
        ("hourly", "Input should be"),
        ("daily?at=2027-01-01T00:00:00Z", "future"),
    ],
)
def test_what_cannot_be_told_is_refused(client: TestClient, asked: str, said: str) -> None:
    answer = client.get(f"/api/v1/reports/{asked}")
    assert answer.status_code == 422
    assert said in str(answer.json()).replace("has no region", "no region")


def test_a_report_asked_for_is_an_export_for_each_format(client: TestClient, store: Store) -> None:
    order = {"kind": "weekly", "region": "t0", "formats": ["docx", "pdf"], "user": "张三"}
    headers = {"Idempotency-Key": "k"}
    answer = client.post("/api/v1/reports", json=order, headers=headers)
    assert answer.status_code == 202
    numbers = [one["number"] for one in answer.json()]
    again = client.post("/api/v1/reports", json=order, headers=headers).json()
    assert [one["number"] for one in again] == numbers
    records = export_records(store, ALL)
    assert {one.request.format for one in records} == {"docx", "pdf"}
    # What was meant is kept: asked for tomorrow it is the same week.
    assert {one.request.report.period for one in records if one.request.report} == {"2026-W47"}
    listed = client.get("/api/v1/reports").json()
    assert {one["number"] for one in listed} == set(numbers)
    wrong = client.post("/api/v1/reports", json={**order, "formats": ["pptx"]})
    assert wrong.status_code == 422
    secret = client.post("/api/v1/reports", json={**order, "secrecy": "秘密"})
    assert "secrecy_term" in str(secret.json())
    assert len(export_records(store, ALL)) == 2


def test_another_sites_page_cannot_ask(client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = client.post("/api/v1/reports", json={"kind": "daily"}, headers=headers)
    assert answer.status_code == 403


def test_the_page_offers_periods_and_lists_what_was_made(client: TestClient) -> None:
    client.post("/api/v1/reports", json={"kind": "monthly", "formats": ["xlsx"]})
    for language, said in (("zh-CN", "生成报告"), ("en", "Make the report")):
        page = client.get(f"/reports?lang={language}").text
        assert said in page
        assert '"2026-10"' in page
        assert "2026-W47" in page
        assert 'class="report-row"' in page
        assert "None" not in re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)


def test_the_preview_leads_from_every_number_to_its_indicator(client: TestClient) -> None:
    page = client.get("/reports/preview?kind=monthly&period=2026-10&lang=en").text
    assert 'href="/indicators/reported-incidents?period=2026-10-01..2026-10-31' in page
    link = re.search(r'href="(/indicators/on-time-rate[^"]*)"', page)
    assert link is not None
    assert client.get(link[1].replace("&amp;", "&")).status_code == 200
    assert "口径：" in page
    town = client.get("/reports/preview?kind=daily&region=t0&leader=Li&staff=Wang,Zhao").text
    assert "带班领导Li，值班人员Wang、Zhao。" in town
    wrong = client.get("/reports/preview?kind=monthly&period=2099-01").text
    assert "尚未开始" in wrong


def test_a_template_that_is_wrong_is_told_before_anything_is_entered(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    folder = templates_in(tmp_path / "own", daily="共{% if %}件")
    rules = CITY.reports.model_copy(update={"templates": folder})
    other = open_store(store.address, CITY.model_copy(update={"reports": rules}), create=True)
    try:
        client = TestClient(create_server(settings, other, lambda: NOW))
        answer = client.post("/api/v1/reports", json={"kind": "daily"})
        assert answer.status_code == 422
        page = client.get("/reports/preview?kind=daily&lang=en").text
        assert "daily.j2" in page
        assert export_records(other, ALL) == []
    finally:
        other.close()


@pytest.mark.parametrize("format", ["docx", "pdf", "xlsx"])
def test_the_file_is_made_from_its_request(store: Store, tmp_path: Path, format: str) -> None:
    told = {"format": format, "report": {"kind": "daily", "symbol": "城运〔2026〕1号"}}
    request = check(store, ALL, ExportRequest.model_validate(told), NOW)
    order = Order("c-20261126-0001", request, ALL, NOW, link="", folder=tmp_path)
    made = make(store, order, lambda *_: None)
    assert made.file == f"c-20261126-0001.{format}"
    assert (tmp_path / made.file).stat().st_size == made.bytes


def test_a_schedule_enters_a_report_once_of_the_period_that_was_over(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    ask = {"format": "docx", "report": {"kind": "monthly"}}
    told = {"key": "m", "at": "08:30", "dates": (1,), "folder": tmp_path / "out", "ask": ask}
    city = store.city.model_copy(update={"exports": (Schedule.model_validate(told),)})
    other = open_store(store.address, city, create=True)
    try:
        for _ in range(2):
            ScheduleDesk(other, settings, lambda: NOW).enter_due()
        (record,) = export_records(other, ALL)
        assert record.request.report is not None
        assert record.request.report.period == "2026-10"
        assert record.known_at < NOW - timedelta(days=20)
    finally:
        other.close()


def test_the_command_line_writes_and_enters_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city = Path(__file__).parents[2] / "docs/examples/clearbay.toml"
    environment = {"YIPING_DATA_DIR": str(tmp_path / "data")}
    path = tmp_path / "month.docx"
    asked = ["report", "monthly", "--city", str(city), "-o", str(path), "--symbol", "城运1号"]
    assert run(asked, lambda *_: None, environment) == 0
    texts = [one.text for one in docx.Document(str(path)).paragraphs]
    assert texts[:2] == ["内部", "城运1号"]
    assert "城市运行月通报" in texts[2]
    assert "CB-" in capsys.readouterr().err
    wrong = [*asked[:5], str(tmp_path / "month.odt")]
    assert run(wrong, lambda *_: None, environment) == 2
    assert ".odt" in capsys.readouterr().err
    bad = [*asked, "--period", "2099-01"]
    assert run(bad, lambda *_: None, environment) == 2


def test_the_queue_makes_a_report_in_its_process(store: Store, settings: Settings) -> None:
    with TestClient(create_server(settings, store, lambda: NOW)) as client:
        order = {"kind": "daily", "formats": ["pdf"]}
        (told,) = client.post("/api/v1/reports", json=order).json()
        for _ in range(1200):
            state = client.get(f"/api/v1/exports/{told['number']}").json()
            if state["state"] in ("done", "failed"):
                break
            time.sleep(0.1)
        assert state["problems"] == []
        assert state["state"] == State.DONE
        file = client.get(state["file"])
        assert file.headers["content-type"] == "application/pdf"
        assert file.content[:5] == b"%PDF-"
        page = client.get(f"/exports/{told['number']}").text
        assert "日研判" in page
    assert register.in_state(store, State.FAILED) == []


def test_every_kind_has_its_words(client: TestClient) -> None:
    page = client.get("/reports?lang=en").text
    assert all(word in page for word in ("Daily", "Weekly", "Monthly", "Quarterly", "Yearly"))
    assert len(list(Kind)) == 5
