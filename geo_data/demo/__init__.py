"""A believable city for any district of China: made from its true outline, and saying so."""

from geo_data.demo.making import DemoReport, make_demo

__all__ = ["DemoReport", "make_demo"]
