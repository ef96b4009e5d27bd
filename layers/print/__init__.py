"""Situation maps 态势图: sheets for a table, true to scale and complete, without a browser.

``situation_map`` lays a sheet out, ``render`` writes it. Both take the very layers, colour scales
and queries of the screen, so that map and paper cannot differ.
"""

from layers.print.map_frame import Affine, MapFrame
from layers.print.request import Format, SheetRequest
from layers.print.saving import save
from layers.print.sheet import Sheet, render, situation_map
from layers.print.templates import Template, custom, template, templates

__all__ = [
    "Affine",
    "Format",
    "MapFrame",
    "Sheet",
    "SheetRequest",
    "Template",
    "custom",
    "render",
    "save",
    "situation_map",
    "template",
    "templates",
]
