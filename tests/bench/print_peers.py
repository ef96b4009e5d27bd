"""The peers of ``print``: run as programs of their own, QGIS by the machine's Python.

``print_peers.py naive|qgis LAYERS.gpkg OUT.pdf``: footprints, grids shaded by how many cases lie in
them, towns' borders and the cases, on A3.
"""

from __future__ import annotations

import sys
from typing import Any

A3_MM = (420.0, 297.0)
LAYERS = ("grid", "building", "town", "incident")


def naive(city: str, out: str) -> None:
    """Draw as the tutorials of geopandas do."""
    import geopandas as gpd
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    found = {layer: gpd.read_file(city, layer=layer).to_crs(4549) for layer in LAYERS}
    grids, buildings, towns, cases = found.values()
    figure, axes = plt.subplots(figsize=(A3_MM[0] / 25.4, A3_MM[1] / 25.4))
    grids.plot(ax=axes, column="cases", cmap="BuGn", edgecolor="grey", linewidth=0.2, legend=True)
    buildings.plot(ax=axes, color="#8f8878")
    towns.boundary.plot(ax=axes, color="black", linewidth=0.8)
    cases.plot(ax=axes, column="severity", markersize=4)
    for _, town in towns.iterrows():
        axes.annotate(town["name"], town.geometry.representative_point().coords[0])
    axes.set_axis_off()
    figure.savefig(out)


def qgis(city: str, out: str) -> None:
    """Draw with the layout exporter of QGIS."""
    from qgis import core
    from qgis.PyQt.QtCore import QRectF

    app = core.QgsApplication([], False)
    app.initQgis()
    project = core.QgsProject.instance()
    crs = core.QgsCoordinateReferenceSystem("EPSG:4549")
    project.setCrs(crs)
    found = [_layer(core, city, name) for name in LAYERS]
    _shade(core, found[0])
    for layer in found:
        project.addMapLayer(layer, False)
    layout = core.QgsPrintLayout(project)
    layout.initializeDefaults()
    page = layout.pageCollection().page(0)
    page.setPageSize(core.QgsLayoutSize(*A3_MM))
    drawn = core.QgsLayoutItemMap(layout)
    drawn.attemptSetSceneRect(QRectF(5, 5, A3_MM[0] - 10, A3_MM[1] - 10))
    drawn.setCrs(crs)
    drawn.setLayers(found[::-1])
    moved = core.QgsCoordinateTransform(found[0].crs(), crs, project)
    drawn.zoomToExtent(moved.transformBoundingBox(found[0].extent()))
    layout.addLayoutItem(drawn)
    asked = core.QgsLayoutExporter.PdfExportSettings()
    asked.rasterizeWholeImage = False
    done = core.QgsLayoutExporter(layout).exportToPdf(out, asked)
    app.exitQgis()
    if done != core.QgsLayoutExporter.Success:
        raise SystemExit(f"QGIS ended with {done}")


def _layer(core: Any, city: str, name: str) -> Any:
    layer = core.QgsVectorLayer(f"{city}|layername={name}", name, "ogr")
    if not layer.isValid():
        raise SystemExit(f"QGIS cannot read {name}")
    if name == "town":
        plain = {"color": "0,0,0,0", "outline_width": "0.4"}
        layer.setRenderer(core.QgsSingleSymbolRenderer(core.QgsFillSymbol.createSimple(plain)))
        _label(core, layer)
    elif name == "building":
        plain = {"color": "#8f8878", "outline_style": "no"}
        layer.setRenderer(core.QgsSingleSymbolRenderer(core.QgsFillSymbol.createSimple(plain)))
    return layer


def _shade(core: Any, layer: Any) -> None:
    """Colour the grids in classes, as ours are."""
    renderer = core.QgsGraduatedSymbolRenderer("cases")
    renderer.updateClasses(layer, core.QgsGraduatedSymbolRenderer.Quantile, 6)
    renderer.updateColorRamp(core.QgsStyle.defaultStyle().colorRamp("BuGn"))
    layer.setRenderer(renderer)


def _label(core: Any, layer: Any) -> None:
    settings = core.QgsPalLayerSettings()
    settings.fieldName = "name"
    layer.setLabeling(core.QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)


if __name__ == "__main__":
    {"naive": naive, "qgis": qgis}[sys.argv[1]](sys.argv[2], sys.argv[3])
