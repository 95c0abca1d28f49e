"""A reader of Arrow streams that throws away what it reads: nothing is measured but what makes it.

Shapes: https://arrow.apache.org/docs/format/CStreamInterface.html and CDataInterface.html.
"""

from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_int64, c_void_p, py_object, pythonapi
from typing import Any


class _Array(Structure):
    """``struct ArrowArray``."""


_Array._fields_ = [
    *((name, c_int64) for name in ("length", "null_count", "offset", "n_buffers", "n_children")),
    *((name, c_void_p) for name in ("buffers", "children", "dictionary")),
    ("release", CFUNCTYPE(None, POINTER(_Array))),
    ("private_data", c_void_p),
]


class _Stream(Structure):
    """``struct ArrowArrayStream``."""


_Stream._fields_ = [
    ("get_schema", c_void_p),
    ("get_next", CFUNCTYPE(c_int, POINTER(_Stream), POINTER(_Array))),
    ("get_last_error", CFUNCTYPE(c_char_p, POINTER(_Stream))),
    ("release", c_void_p),
    ("private_data", c_void_p),
]


def consumed(capsule: Any) -> int:
    """How many record batches the stream in this PyCapsule brings. Raises ``OSError`` with its error."""
    pointer: Callable[..., Any] = pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = c_void_p, [py_object, c_char_p]  # type: ignore[attr-defined]
    stream = _Stream.from_address(pointer(capsule, b"arrow_array_stream"))
    batches = 0
    while True:
        array = _Array()
        if stream.get_next(byref(stream), byref(array)):
            raise OSError(stream.get_last_error(byref(stream)))
        if not array.release:
            return batches
        array.release(byref(array))
        batches += 1
