"""Panels: ids, layout and callbacks of one thing people look at, in one file each."""
