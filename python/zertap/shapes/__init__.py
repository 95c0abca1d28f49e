"""Connections in the shapes that other people's pipelines expect: Zeek, Suricata's EVE, the Elastic Common Schema.

``base`` says what a shape is, ``words`` holds the changes a value goes through, and each shape is one file that is
little more than its table. ``docs/shapes.md`` is written from the same tables.
"""

from zertap.shapes.base import Line, Record, Shape
from zertap.shapes.ecs import ECS
from zertap.shapes.eve import EVE
from zertap.shapes.zeek import ZEEK

SHAPES = {each.name: each for each in (ZEEK, EVE, ECS)}
"""Every shape by the word of ``--format``."""

__all__ = ["ECS", "EVE", "SHAPES", "ZEEK", "Line", "Record", "Shape"]
