"""A sheet as a slide of PowerPoint: the map is a picture, everything else can be edited."""

from layers.print.slides.presentation import pptx_bytes

__all__ = ["pptx_bytes"]
