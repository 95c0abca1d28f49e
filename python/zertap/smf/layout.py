"""A layout: one list of fields from which size, writing, reading, length checks and documentation follow.

Offsets are written down in each line and asserted here, so a layout that exists has neither gap nor
overlap. Sections grow by appending: an older release writes a shorter section, a newer one may write a
longer one. Lengths found in the record decide how much of the list applies (``read``); fields that are not
there take their default.
"""

import struct
from collections.abc import Iterable, Sequence
from functools import cached_property

from zertap.smf.codepage import field_octets, field_text
from zertap.smf.fields import Field, Kind, Wire

_NUMBER = {1: "B", 2: "H", 4: "I", 8: "Q"}
_OCTETS = (Kind.TEXT, Kind.RAW, Kind.ADDRESS)


class LayoutError(ValueError):
    """A layout whose lines contradict each other, or a value that its field cannot hold."""


class Layout:
    """The fields of one section, in the order of their offsets.

    ``start`` is the offset of the first field: sections begin at 0, later parts of a record header do not.
    Values are always given and returned as one sequence, a wire value for every field that is not reserved.
    """

    def __init__(self, name: str, fields: Iterable[Field], *, start: int = 0) -> None:
        self.name = name
        self.start = start
        self.lines: tuple[Field, ...] = tuple(fields)
        self._assert_tiling()
        self.fields: tuple[Field, ...] = tuple(f for f in self.lines if f.kind is not Kind.RESERVED)
        self.attributes: tuple[str, ...] = tuple(f.attribute for f in self.fields)
        self.size: int = (self.lines[-1].end if self.lines else start) - start
        self.format: str = "".join(_code(field) for field in self.lines)
        self.defaults: tuple[Wire, ...] = tuple(field.default for field in self.fields)
        self._struct = struct.Struct(">" + self.format)
        self._texts = tuple((i, f.length) for i, f in enumerate(self.fields) if f.kind is Kind.TEXT)
        self._octets = tuple((i, f.length) for i, f in enumerate(self.fields) if f.kind in _OCTETS)
        self._cuts: dict[int, Layout] = {self.size: self}

    def pack(self, values: Sequence[Wire]) -> bytes:
        """The section's octets. Raises LayoutError naming the field whose value does not fit it."""
        wire = self.wire(values)
        try:
            return self._struct.pack(*wire)
        except struct.error:
            raise self._misfit(values) from None

    def wire(self, values: Sequence[Wire]) -> list[Wire]:
        """*values* with text made EBCDIC, ready for ``struct``. Raises LayoutError for octets too long."""
        wire = list(values)
        if len(wire) != len(self.fields):
            raise self._misfit(values)
        for index, length in self._texts:
            text = wire[index]
            if not isinstance(text, str):
                raise self._misfit(values)
            wire[index] = field_octets(text, length)
        for index, length in self._octets:
            octets = wire[index]
            if not isinstance(octets, bytes) or len(octets) > length:
                raise self._misfit(values)
        return wire

    def unpack(self, octets: bytes | memoryview, offset: int = 0) -> list[Wire]:
        """The values of a whole section that begins at *offset*. Raises LayoutError when it is cut short."""
        try:
            values: list[Wire] = list(self._struct.unpack_from(octets, offset))
        except struct.error:
            have = max(0, len(octets) - offset)
            raise LayoutError(f"{self.name}: {self.size} octets needed, {have} left") from None
        for index, _ in self._texts:
            values[index] = field_text(values[index])
        return values

    def read(self, octets: bytes | memoryview, offset: int, length: int) -> list[Wire]:
        """The values of a section of *length* octets, shorter or longer than this layout knows.

        Fields beyond a shorter section take their default; octets beyond this layout are not looked at.
        """
        if length >= self.size:
            return self.unpack(octets, offset)
        part = self.cut(length)
        return part.unpack(octets, offset) + list(self.defaults[len(part.fields) :])

    def cut(self, length: int) -> "Layout":
        """The layout of the fields that lie wholly within the first *length* octets."""
        found = self._cuts.get(length)
        if found is None:
            lines = (f for f in self.lines if f.end - self.start <= length)
            found = self._cuts[length] = Layout(self.name, lines, start=self.start)
        return found

    def before(self, *releases: str) -> "Layout":
        """The layout as it was before *releases* appended their fields."""
        lines = self.lines
        while lines and lines[-1].since in releases:
            lines = lines[:-1]
        return Layout(self.name, lines, start=self.start)

    @cached_property
    def by_attribute(self) -> dict[str, Field]:
        """Fields by the name that record objects use."""
        return dict(zip(self.attributes, self.fields, strict=True))

    def _assert_tiling(self) -> None:
        expected = self.start
        for field in self.lines:
            if field.offset != expected:
                raise LayoutError(f"{self.name}.{field.name}: offset {field.offset}, expected {expected}")
            if field.length < 1:
                raise LayoutError(f"{self.name}.{field.name}: length {field.length}")
            expected = field.end
        names = [field.attribute for field in self.lines if field.kind is not Kind.RESERVED]
        if len(set(names)) != len(names):
            raise LayoutError(f"{self.name}: an attribute name appears twice")

    def _misfit(self, values: Sequence[Wire]) -> LayoutError:
        if len(values) != len(self.fields):
            return LayoutError(f"{self.name}: {len(values)} values for {len(self.fields)} fields")
        for field, value in zip(self.fields, values, strict=True):
            if not _fits(field, value):
                return LayoutError(f"{self.name}.{field.name}: {value!r} does not fit {field.length} octets")
        return LayoutError(f"{self.name}: values do not fit")


def _code(field: Field) -> str:
    if field.kind is Kind.RESERVED:
        return f"{field.length}x"
    if field.kind in _OCTETS:
        return f"{field.length}s"
    try:
        return _NUMBER[field.length]
    except KeyError:
        raise LayoutError(f"{field.name}: no number has {field.length} octets") from None


def _fits(field: Field, value: Wire) -> bool:
    if field.kind is Kind.TEXT:
        return isinstance(value, str) and len(value) <= field.length
    if field.kind in _OCTETS:
        return isinstance(value, bytes) and len(value) <= field.length
    return isinstance(value, int) and 0 <= value < 1 << (8 * field.length)
