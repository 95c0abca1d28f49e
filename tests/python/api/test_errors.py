"""Exceptions: one line, with the place."""

import pickle

from zertap.errors import CaptureDamaged, InputDamaged, Usage, ZertapError


def test_the_text_is_file_offset_and_reason() -> None:
    error = CaptureDamaged("record of 2 GiB", "x.pcap", 24)
    assert str(error) == "x.pcap: offset 24: record of 2 GiB"
    assert (error.file, error.offset, error.reason) == ("x.pcap", 24, "record of 2 GiB")


def test_what_is_not_known_is_left_out() -> None:
    assert str(Usage("no")) == "no"
    assert str(CaptureDamaged("no", "x")) == "x: no"


def test_a_line_feed_in_a_file_name_makes_no_second_line() -> None:
    assert "\n" not in str(CaptureDamaged("no", "a\nb", 1))


def test_the_tree_can_be_caught_by_kind_and_as_a_whole() -> None:
    assert issubclass(CaptureDamaged, InputDamaged)
    assert issubclass(InputDamaged, ZertapError)


def test_an_error_survives_being_sent_to_another_process() -> None:
    again = pickle.loads(pickle.dumps(CaptureDamaged("no", "x", 3)))  # noqa: S301  our own bytes
    assert (str(again), again.offset) == ("x: offset 3: no", 3)
