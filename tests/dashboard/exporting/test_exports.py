"""Exports over HTTP: asked for, made by a real process, fetched, refused."""

from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
from typing import Any

import pytest

from geo_data.exports import ExportRequest, export_record
from geo_data.settings import Settings
from geo_data.store import Store
from tests.dashboard.exporting.working import (
    ALL,
    over,
    serving,
    waiting,
)


def test_a_file_is_asked_for_made_and_fetched(store: Store, settings: Settings) -> None:
    with serving(store, settings) as client:
        asked = {"format": "csv", "region": "t1", "layers": ["incidents"], "user": "张三"}
        said = client.post("/api/v1/exports", json=asked)
        assert said.status_code == 202, said.text
        number = said.json()["number"]
        assert said.headers["location"] == f"/api/v1/exports/{number}"
        assert said.json()["state"] == "queued"
        early = client.get(f"/api/v1/exports/{number}/file")
        assert early.status_code in (200, 409)
        told = over(client, number)
        assert told["problems"] == []
        assert (told["state"], told["share"]) == ("done", 1.0)
        file = client.get(told["file"])
        assert file.headers["content-type"] == "application/zip"
        assert f"{number}.csv.zip" in file.headers["content-disposition"]
        assert hashlib.sha256(file.content).hexdigest() == told["sha256"]
        assert len(file.content) == told["bytes"]
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            rows = archive.read("incidents.csv").decode("utf-8-sig").splitlines()
            cover = archive.read("说明.txt").decode("utf-8-sig")
        assert len(rows) == 1 + 4
        assert number in cover
        assert client.get("/api/v1/exports").json() == [told]
        assert [one.name for one in settings.export_folder.iterdir()] == [f"{number}.csv.zip"]
        gone = client.delete(f"/api/v1/exports/{number}")
        assert gone.status_code == 409


def test_a_sheet_is_made_with_its_number_mark_and_waiver(store: Store, settings: Settings) -> None:
    asked = {
        **{"format": "pdf", "template": "a4-landscape", "region": "t1", "purpose": "publication"},
        **{"secrecy": "公开", "waiver": "示意图", "unit": "城运中心", "user": "张三"},
    }
    known = settings.model_copy(update={"public_url": "https://city.example"})
    with serving(store, known) as client:
        number = client.post("/api/v1/exports", json=asked).json()["number"]
        told = over(client, number)
        assert told["state"] == "done", told
        file = client.get(told["file"])
    assert file.headers["content-type"] == "application/pdf"
    path = settings.export_folder / "sheet.pdf"
    path.write_bytes(file.content)
    words = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True)
    for said in (number, "公开", "免审图号：示意图", "城运中心", "张三"):
        assert said in words.stdout, said
    assert "不得公开" not in words.stdout
    record = export_record(store, ALL, number)
    assert record is not None
    assert record.link == f"https://city.example/exports/{number}"


def test_a_page_too_small_fails_with_a_remedy_and_no_file(store: Store, settings: Settings) -> None:
    with serving(store, settings) as client:
        unknown = client.post("/api/v1/exports", json={"format": "pdf", "template": "a3-lanscape"})
        assert unknown.status_code == 422
        assert "a3-landscape" in unknown.json()["detail"]["remedy"]
        asked = {"format": "pdf", "template": "40x30mm"}
        told = over(client, client.post("/api/v1/exports", json=asked).json()["number"])
    assert told["state"] == "failed"
    assert told["problems"][0]["remedy"]
    assert not settings.export_folder.exists() or not list(settings.export_folder.iterdir())


def test_an_idempotency_key_sent_again_is_the_same_export(
    store: Store, settings: Settings, slow_worker: None
) -> None:
    with serving(store, settings) as client:
        key = {"Idempotency-Key": "one"}
        asked = {"format": "csv"}
        said = [client.post("/api/v1/exports", json=asked, headers=key).json() for _ in range(2)]
        assert said[0]["number"] == said[1]["number"]
        other = client.post("/api/v1/exports", json={"format": "xlsx"}, headers=key)
        assert other.status_code == 409


BAD: list[tuple[dict[str, Any], str]] = [
    ({"format": "docx"}, "format"),
    ({"format": "csv", "region": "nowhere"}, "region"),
    ({"format": "csv", "layers": ["incident"]}, "layers"),
    ({"format": "csv", "at": "2125-01-01T00:00:00Z"}, "at"),
    ({"format": "csv", "at": "2025-01-01T00:00:00"}, "at"),
    ({"format": "csv", "purpose": "publication", "secrecy": "公开"}, "approval"),
    ({"format": "csv", "unit": "a\u0000b"}, "unit"),
    ({"format": "csv", "unit": "长" * 100}, "unit"),
    ({"format": "csv", "layers": ["x"] * 10_000}, "layers"),
    ({"format": "csv", "colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("asked", "field"), BAD)
def test_what_cannot_be_made_is_refused_with_field_and_remedy(
    store: Store, settings: Settings, asked: dict[str, Any], field: str
) -> None:
    with serving(store, settings) as client:
        said = client.post("/api/v1/exports", json=asked)
        assert said.status_code == 422
        detail = said.json()["detail"]
        assert detail["remedy"]
        assert detail.get("field", field) == field
        assert client.get("/api/v1/exports").json() == []


def test_a_page_of_another_site_can_neither_ask_nor_cancel(
    store: Store, settings: Settings, slow_worker: None
) -> None:
    with serving(store, settings) as client:
        number = client.post("/api/v1/exports", json={"format": "csv"}).json()["number"]
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            asked = client.post("/api/v1/exports", json={"format": "csv"}, headers=headers)
            assert asked.status_code == 403
            assert client.delete(f"/api/v1/exports/{number}", headers=headers).status_code == 403
        own = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
        assert client.delete(f"/api/v1/exports/{number}", headers=own).status_code == 200


def test_what_is_not_there_or_not_for_this_viewer_is_not_there(
    store: Store, settings: Settings
) -> None:
    number = waiting(store, region="t0")
    town = settings.model_copy(update={"scope_region": "t1"})
    with serving(store, town) as client:
        for name in (number, "c-20250702-9999"):
            assert client.get(f"/api/v1/exports/{name}").status_code == 404
            assert client.get(f"/api/v1/exports/{name}/file").status_code == 404
            assert client.delete(f"/api/v1/exports/{name}").status_code == 404
        assert client.get("/api/v1/exports").json() == []
        assert (
            client.post("/api/v1/exports", json={"format": "csv", "region": "t0"}).status_code
            == 422
        )


def test_the_description_shows_how_to_ask(store: Store, settings: Settings) -> None:
    with serving(store, settings) as client:
        said = client.get("/openapi.json").json()
    post = said["paths"]["/api/v1/exports"]["post"]
    examples = post["requestBody"]["content"]["application/json"]["examples"]
    for example in examples.values():
        ExportRequest.model_validate(example["value"])
    assert {"202", "403", "409", "422", "429"} <= set(post["responses"])
