"""Which session a connection belongs to: server and client, port, local end; FTP data connections."""

import ipaddress
from pathlib import Path

from aggregation import batches, sets
from wire import Talk, pcap
from zertap.aggregate import Places
from zertap.zert.facts import Side
from zertap.zert.sessions import Counts, Ftp, Session

OURS = [ipaddress.ip_network("192.0.2.0/24")]


def talk(tmp_path: Path, *, port: int, client_port: int = 50000) -> Path:
    talk = Talk(port=port, client_port=client_port).open().client(b"four").server(b"answer").close()
    return pcap(tmp_path / "x.pcap", talk.frames)


def found(capture: Path, places: Places) -> dict[Session, Counts]:
    (only,) = sets(batches(capture), places=places)
    return {summary.session: summary.final for summary in only.summaries}


def test_without_networks_the_server_is_local(tmp_path: Path) -> None:
    ((session, counts),) = found(talk(tmp_path, port=80), Places()).items()
    assert (session.server, session.client, session.local) == ("198.51.100.7", "192.0.2.1", Side.SERVER)
    assert (counts.in_bytes, counts.out_bytes) == (4, 6)


def test_a_local_client_changes_the_local_end_but_not_the_view(tmp_path: Path) -> None:
    ((session, counts),) = found(talk(tmp_path, port=80), Places(OURS)).items()
    assert (session.server, session.local) == ("198.51.100.7", Side.CLIENT)
    assert (counts.in_bytes, counts.out_bytes) == (4, 6)


def test_both_ends_local_are_two_sessions(tmp_path: Path) -> None:
    both = Places([*OURS, ipaddress.ip_network("198.51.100.0/24")])
    sessions = found(talk(tmp_path, port=80), both)
    assert {session.local for session in sessions} == set(Side)
    assert len({session.identifier for session in sessions}) == 2


def test_a_server_in_active_mode_is_the_server_of_what_it_opens(tmp_path: Path) -> None:
    ((session, counts),) = found(talk(tmp_path, port=41000, client_port=20), Places()).items()
    assert (session.server, session.client) == ("192.0.2.1", "198.51.100.7")
    assert (session.first_port, session.last_port, session.ftp) == (20, 20, Ftp.ACTIVE)
    assert (counts.in_bytes, counts.out_bytes) == (6, 4)
    assert session.local is Side.SERVER
    assert session.socket is Side.CLIENT


def test_the_server_in_active_mode_is_local_where_its_network_is(tmp_path: Path) -> None:
    ((session, _),) = found(talk(tmp_path, port=41000, client_port=20), Places(OURS)).items()
    assert session.local is Side.SERVER


def test_port_20_to_a_well_known_port_is_no_data_connection(tmp_path: Path) -> None:
    ((session, _),) = found(talk(tmp_path, port=80, client_port=20), Places()).items()
    assert (session.server, session.first_port, session.ftp) == ("198.51.100.7", 80, Ftp.NO)


def test_ports_for_passive_data_connections_are_one_session(tmp_path: Path) -> None:
    frames = [
        frame
        for port in (50000, 50001, 50100, 50101)
        for frame in Talk(port=port, client_port=port).open().client(b"x").close().frames
    ]
    capture = pcap(tmp_path / "x.pcap", frames)
    sessions = found(capture, Places(passive_ports=(50000, 50100)))
    assert {(each.first_port, each.last_port, each.ftp): counts.connections for each, counts in sessions.items()} == {
        (50000, 50100, Ftp.PASSIVE): 3,
        (50101, 50101, Ftp.NO): 1,
    }
    assert len(found(capture, Places())) == 4
