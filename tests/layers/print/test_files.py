"""The files of a sheet: searchable, embedded, georeferenced, whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import struct
import subprocess
import xml.etree.ElementTree as ElementTree
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from geo_data.faults import InputError
from geo_data.store import Store
from layers.deck import shading_scale
from layers.print import Sheet, render, save, saving, typeface
from layers.print.drawing import Path as Shape
from layers.print.drawing import Rings
from layers.print.path_text import path_data, path_rows
from layers.style import rgb
from tests.layers.print.asking import sheet_of


@pytest.fixture(scope="module")
def pdf(sheet: Sheet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "map.pdf"
    save(sheet, path)
    return path


def told(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.poppler
def test_every_line_is_found_as_it_was_typed(sheet: Sheet, pdf: Path) -> None:
    found = re.sub(r"\s+", "", told("pdftotext", "-raw", str(pdf), "-"))
    watermark = next(plate for plate in sheet.plates if plate.key == "watermark")
    slanted = {text.text for text in watermark.items}
    missing = {
        text
        for text in sheet.texts()
        if text not in slanted and re.sub(r"\s+", "", text) not in found
    }
    assert missing == set()
    for name in ("t0", "t1", "t2"):
        assert sheet.contents.tree.get(name).name.replace(" ", "") in found


@pytest.mark.poppler
def test_a_name_with_a_halo_is_found_once(sheet: Sheet, pdf: Path) -> None:
    found = told("pdftotext", "-raw", str(pdf), "-")
    for name in {one.name.text for one in sheet.names}:
        assert found.count(name) == sum(text.count(name) for text in sheet.texts())


@pytest.mark.poppler
def test_the_letters_are_inside_and_carry_their_characters(pdf: Path) -> None:
    rows = told("pdffonts", str(pdf)).splitlines()[2:]
    assert len(rows) == 1
    assert "NotoSansSC" in rows[0]
    assert "CID Type 0C" in rows[0]
    assert re.search(r"\byes yes yes\b", rows[0])


@pytest.mark.poppler
@pytest.mark.parametrize("tool", [["pdftoppm", "-r", "30", "-png"], ["pdftotext"]])
def test_other_readers_have_nothing_to_complain_of(
    pdf: Path, tmp_path: Path, tool: list[str]
) -> None:
    told(*tool, str(pdf), str(tmp_path / "out"))


def test_radicals_and_letters_that_look_alike_are_told_apart() -> None:
    cut = typeface.cut("⽯石⼟土")
    assert len({cut.cids[letter] for letter in "⽯石⼟土"}) == 4


def test_the_letters_cut_out_are_drawn_as_in_the_font() -> None:
    from io import BytesIO

    from fontTools.cffLib import CFFFontSet
    from fontTools.pens.recordingPen import RecordingPen
    from fontTools.ttLib import TTFont

    face = typeface.typeface()
    text = "松江区城市运行态势图 Ag09％′″°★→⽯石一二三、。（）"
    cut = typeface.cut(dict.fromkeys(text))
    small = CFFFontSet()
    small.decompile(BytesIO(cut.cff), None)
    top = small.topDictIndex[0]
    with TTFont(face.file, lazy=True) as font:
        glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
        for letter, number in cut.cids.items():
            wanted, found = RecordingPen(), RecordingPen()
            name = order[face.glyphs[ord(letter)]]
            glyphs[name].draw(wanted)
            top.CharStrings[top.charset[number]].draw(found)
            assert found.value == wanted.value, letter
            assert cut.widths[number] == glyphs[name].width


def test_a_letter_the_font_has_not_is_marked() -> None:
    assert typeface.typeface().shown("松\U0001f600江") == "松〓江"


def test_layers_can_be_switched(pdf: Path) -> None:
    body = pdf.read_bytes()
    assert body.count(b"/Type /OCG") >= 5
    assert b"/OCProperties" in body


def test_the_pdf_knows_where_its_map_lies(sheet: Sheet, pdf: Path) -> None:
    said = re.search(rb"/GPTS \[([^\]]+)\]", pdf.read_bytes())
    assert said is not None
    lat_lon = np.array([float(one) for one in said[1].split()]).reshape(-1, 2)
    page = sheet.frame.page(lat_lon[:, ::-1])
    box = sheet.frame.box
    corners = [(box.x, box.bottom), (box.x, box.y), (box.right, box.y), (box.right, box.bottom)]
    pixel = 25.4 / sheet.template.dpi
    assert np.abs(page - corners).max() < 0.5 * pixel


def test_the_picture_has_the_pixels_of_its_page(city: Store) -> None:
    sheet = sheet_of(city, template="screen-16x9")
    body = render(sheet, "png")
    assert struct.unpack(">II", body[16:24]) == (3840, 2160)
    pixels = decoded(body)
    assert (pixels[:20, :20] == 255).all()
    assert len(np.unique(pixels.reshape(-1, 3)[::97], axis=0)) > 20


def decoded(png: bytes) -> np.ndarray:
    """Undo what a PNG of ours is packed with: every row is the step from the one above."""
    width, height = struct.unpack(">II", png[16:24])
    packed, at = b"", 8
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == b"IDAT":
            packed += png[at + 8 : at + 8 + size]
        at += 12 + size
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, width * 3 + 1)
    assert (rows[:, 0] == 2).all()
    return np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8).reshape(height, width, 3)


def test_what_a_picture_shows_is_what_pdfium_drew(sheet: Sheet, pdf: Path) -> None:
    from layers.print.png import png_bytes

    page = pypdfium2.PdfDocument(pdf.read_bytes())
    wanted = page[0].render(scale=40 / 72, rev_byteorder=True).to_numpy()[:, :, :3].copy()
    page.close()
    assert (decoded(png_bytes(pdf.read_bytes(), 40)) == wanted).all()


def test_the_svg_is_of_true_size_and_says_its_layers(sheet: Sheet) -> None:
    root = ElementTree.fromstring(render(sheet, "svg"))
    assert root.get("width") == "420mm"
    keys = {group.get("id") for group in root}
    assert {"region-grid", "incidents", "labels", "margin"} <= keys
    written = {"".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert set(sheet.texts()) <= written


def test_a_grey_copy_keeps_the_classes_apart() -> None:
    from layers.print.hatching import hatch_of, hatched
    from layers.style import scale

    by = scale([float(n) for n in range(60)], "violet", "light", 6)
    assert len(by.colors) == 6
    found = []
    for step, color in enumerate(by.colors):
        swatch = Rings.of([[(0, 0), (40, 0), (40, 40), (0, 40)]])
        hatch = hatch_of(step, 6)
        light = float(np.dot(rgb(color), (0.299, 0.587, 0.114)))
        found.append((light, hatch))
        if hatch is not None:
            assert len(hatched(swatch, hatch, "#000000", 1.0).rings) > 10
    greys = [light for light, _ in found]
    assert greys == sorted(greys, reverse=True)
    for (light, hatch), (darker, next_hatch) in pairwise(found):
        assert light - darker > 12 or hatch != next_hatch


def test_the_grey_print_of_a_sheet_has_the_greys_of_its_classes(city: Store) -> None:
    """Drawn and turned grey, each class is where its colour says, and none is like another."""
    sheet = sheet_of(city, layers=("region-district", "region-town", "region-grid"))
    shading = sheet.contents.shading
    assert shading is not None
    by = shading_scale(shading, "light")
    pixels = decoded(render(sheet, "png"))
    plate = next(one for one in sheet.plates if one.key == "region-grid-shades")
    fills = [item for item in plate.items if isinstance(item, Shape) and item.fill]
    greys = {}
    for item in fills:
        ring = item.rings.xy[: 4 if len(item.rings) < 2 else item.rings.starts[1]]
        x, y = ring.mean(axis=0) / 100 * sheet.template.dpi / 25.4
        patch = pixels[int(y) - 20 : int(y) + 20, int(x) - 20 : int(x) + 20].reshape(-1, 3)
        greys[item.fill] = float(np.median(patch @ np.array([0.299, 0.587, 0.114])))
    values = sorted(greys.values())
    assert set(greys) <= {*by.colors, by.missing}
    assert min(np.diff(values), default=99) > 8


def test_numbers_are_written_as_they_are() -> None:
    xy = np.array([[0, 7], [10, 99999], [-35, 100000], [12345678, 1]], dtype=np.int32)
    rings = Rings(xy, np.array([0, 2]))
    assert path_rows(rings) == b"0 7 m\n10 99999 l\n-35 100000 m\n12345678 1 l\n"
    assert path_rows(rings, close=True).split(b"\n")[1] == b"10 99999 l h"
    assert path_data(rings) == "M0 7\nL10 99999ZM-35 100000\nL12345678 1Z"


@pytest.mark.parametrize(("ending", "said"), [(".doc", "pdf, svg, png"), ("", "pdf")])
def test_an_ending_of_no_format(sheet: Sheet, tmp_path: Path, ending: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        save(sheet, tmp_path / f"map{ending}")


def test_no_folder_no_file(sheet: Sheet, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder"):
        save(sheet, tmp_path / "not" / "there.svg")


def test_a_full_disk_leaves_nothing_and_the_old_map_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "map.pdf"
    path.write_bytes(b"old")

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(saving.os, "fsync", full)
    with pytest.raises(InputError, match="disk is full"):
        saving.put(b"new", path)
    assert [one.name for one in tmp_path.iterdir()] == ["map.pdf"]
    assert path.read_bytes() == b"old"


def test_a_font_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(typeface.pylopdf_fonts_zh_cn, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(InputError, match="pylopdf-fonts-zh-cn"):
        typeface._file(typeface.NAME)
