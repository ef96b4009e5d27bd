"""What browser tests ask the map about itself."""

from __future__ import annotations

HERE = "() => document.documentElement.dataset.server === 'here'"
LAYERS = "window.yiping.map.debug.spec.layers.map(({ layer }) => layer.data.split('#')[0])"
INCIDENTS = "window.yiping.map.debug.state.incidents.length"
VIEW = """(({ longitude, latitude, zoom, pitch }) => ({ longitude, latitude, zoom, pitch }))(
    window.yiping.map.debug.view)"""
CONTEXTS = "window.yiping.map.debug.contexts"
SETTLED = f"""() => {{
    const debug = window.yiping.map.debug;
    if (!debug.spec || !debug.view) return false;
    const asked = new URLSearchParams(location.search).get("region");
    const here = debug.spec.region.code === (asked || debug.spec.region.root);
    const view = JSON.stringify({VIEW});
    const still = window.__viewBefore === view;
    window.__viewBefore = view;
    return here && still;
}}"""
"""True at the second look at which the view has not moved."""
