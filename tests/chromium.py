"""The browser of tests and benches: Debian's Chromium with software GL."""

from __future__ import annotations

import shutil

CHROMIUM = shutil.which("chromium")
"""``None`` lets playwright look for one of its own."""
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
]
