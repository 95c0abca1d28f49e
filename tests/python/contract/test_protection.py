"""The dictionary between what the wire has shown and what it means."""

from zertap._native import PHASES
from zertap.protection import BY_PHASE, PROTOCOLS, TABLE, VERDICTS, Protection, protection_column
from zertap.zert.events import OPEN, SHOWN, UNSEEN

WORDS = ["no_traffic", "plaintext", "in_progress", "failed", "protected", "ended_clear", "unmonitored", "undetermined"]


def test_the_table_has_every_phase_of_the_engine_and_no_other() -> None:
    assert set(TABLE) == set(PHASES)
    assert len(PHASES) == 16


def test_there_are_exactly_the_eight_words() -> None:
    assert [each.word for each in Protection] == WORDS


def test_every_verdict_is_the_meaning_of_some_phase() -> None:
    assert {protection for protection, _ in TABLE.values()} == set(Protection)


def test_words_stand_at_their_phase_number() -> None:
    for number, phase in enumerate(PHASES):
        protection, protocol = TABLE[phase]
        assert BY_PHASE[number] == (protection, protocol)
        assert VERDICTS[number] == protection.word
        assert PROTOCOLS[number] == protocol


def test_a_protocol_is_named_exactly_where_a_handshake_was_begun() -> None:
    without = {Protection.NO_TRAFFIC, Protection.PLAINTEXT, Protection.UNMONITORED}
    for phase, (protection, protocol) in TABLE.items():
        assert (protocol == "none") == (protection in without), phase
        assert protocol == "none" or phase.startswith(protocol.upper()), phase


def test_the_column_gives_each_row_its_member() -> None:
    class Batch:
        def column(self, name: str) -> memoryview:
            assert name == "phase"
            return memoryview(bytes(range(16)))

    column = protection_column(Batch())  # type: ignore[arg-type]
    assert [Protection(each) for each in column] == [protection for protection, _ in BY_PHASE]


def test_what_records_show_agrees_with_the_verdict() -> None:
    """Records have no third word: lost shows as failed, ended in clear as nothing (EDGE_CASES A1)."""
    shows_failure = {Protection.FAILED, Protection.UNDETERMINED}
    for phase, (protection, protocol) in TABLE.items():
        if protection is Protection.UNMONITORED:
            assert phase == UNSEEN
        elif protection is Protection.IN_PROGRESS:
            assert OPEN[phase].protocol == protocol.upper()
        else:
            protects = protection in shows_failure or protection is Protection.PROTECTED
            assert SHOWN[phase].protocol == (protocol.upper() if protects else "none"), phase
            assert SHOWN[phase].failed == (protection in shows_failure), phase
