"""Exports over HTTP: asked for, made by a real process, fetched, refused."""

from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
from typing import Any

import pypdfium2
import pytest

from dashboard.exporting.making import check
from geo_data.exports import ExportRequest, export_record
from geo_data.settings import Settings
from geo_data.store import Store
from layers import catalog
from layers.print import atlas
from tests.dashboard.exporting.working import (
    ALL,
    AT,
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


def test_a_picture_with_its_place_is_asked_for_as_any_other(
    store: Store, settings: Settings
) -> None:
    asked = {"template": "a4-landscape", "region": "t1"}
    kinds = {"geotiff": ("image/tiff", ".tif"), "geopng": ("application/zip", ".png.zip")}
    with serving(store, settings) as client:
        numbers = {
            key: client.post("/api/v1/exports", json=asked | {"format": key}).json()["number"]
            for key in kinds
        }
        for key, (media_type, ending) in kinds.items():
            told = over(client, numbers[key])
            assert told["state"] == "done", told
            file = client.get(told["file"])
            assert file.headers["content-type"] == media_type
            assert f"{numbers[key]}{ending}" in file.headers["content-disposition"]


def test_an_atlas_is_made_page_by_page(store: Store, settings: Settings) -> None:
    asked = {"format": "pdf", "atlas": "next", "template": "a4-landscape", "scale": "same"}
    with serving(store, settings) as client:
        number = client.post("/api/v1/exports", json=asked).json()["number"]
        told = over(client, number)
        assert told["state"] == "done", told
        file = client.get(told["file"])
    document = pypdfium2.PdfDocument(file.content)
    assert len(document) == 4
    for page in document:
        assert number in page.get_textpage().get_text_bounded()
    document.close()
    assert [one.name for one in settings.export_folder.iterdir()] == [f"{number}.pdf"]


def test_a_sheet_without_room_is_refused_when_it_is_asked_for(
    store: Store, settings: Settings
) -> None:
    """Nothing is entered, and the sentence is that of the print engine itself."""
    sheet = {"format": "pdf", "region": "t1"}
    wrong = (
        ({"template": "a3-lanscape"}, "template", "a3-landscape"),
        ({"template": "40x30mm"}, "template", "40×30 mm"),
        ({"template": "100x90mm"}, "template", "100×90 mm"),
        ({"scale": 300}, "scale", "1:300"),
        ({"layers": ["place-camera"]}, "layers", "place-camera"),
        ({"region": "t9"}, "region", "t9"),
        ({"at": "2125-01-01T00:00:00Z"}, "at", "2125"),
        ({"atlas": "gird"}, "atlas", "grid"),
        ({"atlas": "next", "region": "t0g0"}, "atlas", "t0g0"),
        ({"atlas": "next", "template": "100x90mm"}, "template", "100×90 mm"),
        ({"atlas": "next", "scale": 300}, "scale", "1:300"),
        ({"atlas": "next", "format": "png"}, "format", "png"),
        ({"atlas": "next", "format": "csv"}, "format", "csv"),
    )
    with serving(store, settings) as client:
        for changes, field, named in wrong:
            said = client.post("/api/v1/exports", json=sheet | changes)
            assert said.status_code == 422, (changes, said.text)
            detail = said.json()["detail"]
            assert detail["field"] == field, (changes, detail)
            assert named in detail["error"] + detail["remedy"], (changes, detail)
        assert client.get("/api/v1/exports").json() == []
    assert not settings.export_folder.exists()


def test_an_atlas_of_too_many_pages_is_refused_with_a_remedy(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atlas, "MOST_PAGES", 9)
    with serving(store, settings) as client:
        said = client.post("/api/v1/exports", json={"format": "pdf", "atlas": "grid"})
    assert said.status_code == 422
    assert said.json()["detail"]["field"] == "atlas"
    assert "10 pages" in said.json()["detail"]["error"]
    assert "smaller region" in said.json()["detail"]["remedy"]


def test_what_paper_has_not_of_the_screen_is_left_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A base map is on the desk, and the desk asks for what is on it."""
    real = catalog.declared
    ground = {"key": "basemap", "geometry": "raster", "level": None}
    raster = real(store)[0].model_copy(update=ground)
    monkeypatch.setattr(catalog, "declared", lambda of: (raster, *real(of)))
    asked = {"format": "pdf", "layers": ["basemap", "region-town"], "template": "a4-landscape"}
    found = check(store, ALL, ExportRequest.model_validate(asked), AT)
    assert found.layers == ("basemap", "region-town")


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
