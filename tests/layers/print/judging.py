"""What is wrong with a sheet: boxes that meet, writing that leaves its box or the page."""

from __future__ import annotations

from itertools import combinations

from layers.print import Sheet
from layers.print.blocks import text_box, texts_of
from layers.print.drawing import Box


def faults(sheet: Sheet) -> list[str]:
    template = sheet.template
    page = Box(0, 0, template.width, template.height).inset(template.margin)
    boxes = dict(sheet.boxes)
    found = [f"{key} leaves the page" for key, box in boxes.items() if not page.holds(box, 0.02)]
    found += [
        f"{one} meets {other}"
        for (one, box), (other, next_box) in combinations(boxes.items(), 2)
        if box.meets(next_box, 0.02)
    ]
    for standing in sheet.layout.blocks:
        block = standing.block
        room = Box(0, 0, block.width, block.height)
        texts = [(text.text, text_box(text)) for text in texts_of(block.items)]
        found += [f"{block.key}: {said}" for said, box in texts if not room.holds(box, 0.35)]
        found += [
            f"{block.key}: {said} on {other}"
            for (said, box), (other, next_box) in combinations(texts, 2)
            if box.meets(next_box, 0.05)
        ]
    heading = next(plate for plate in sheet.plates if plate.key == "margin")
    titles = [
        (text.text, text_box(text))
        for text in texts_of(heading.items)
        if text.y <= sheet.layout.heading.bottom
    ]
    found += [f"heading: {said}" for said, box in titles if not page.holds(box, 0.3)]
    found += [
        f"heading: {said} on {other}"
        for (said, box), (other, next_box) in combinations(titles, 2)
        if box.meets(next_box, 0.05)
    ]
    window = sheet.frame.box
    found += [f"name {one.name.text}" for one in sheet.names if not window.holds(one.box)]
    return found
