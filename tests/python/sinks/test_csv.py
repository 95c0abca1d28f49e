"""CSV: one header, one line a connection, the same columns whatever the data."""

import csv
import io
import json
from pathlib import Path

from fakes import connection, part
from zertap.schema import BY_PATH, FIELDS
from zertap.sinks.base import Stream
from zertap.sinks.csv import Csv


def test_every_connection_has_every_column_and_nothing_is_lost(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    sink = Csv(Stream(str(target)), FIELDS)
    alerts = [{"from": "client", "level": "fatal", "description": "unknown_ca", "encrypted": False}]
    failed = connection(
        verdict="failed",
        protocol="tls",
        flags=["gap", "upgraded"],
        tls_sni='a,"b"\nc',
        tls_alerts=alerts,
        tls_resumed=False,
    )
    sink.write(part(failed, connection()), range(2))
    sink.write(part(connection(verdict="protected", protocol="ssh", ssh_version=2)), [0])
    sink.close()
    text = target.read_bytes().decode()
    first, second, third = csv.DictReader(io.StringIO(text, newline=""))
    assert text.count("\r\n") == 4
    assert list(first) == [field.column for field in FIELDS]
    assert (first["tls_sni"], first["flags"], first["tls_resumed"]) == ('a,"b"\nc', "gap upgraded", "false")
    assert json.loads(first["tls_alerts"]) == alerts
    assert second["tls_sni"] == second["ssh_version"] == ""
    assert third["ssh_version"] == "2"


def test_chosen_rows_and_fields_only(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    sink = Csv(Stream(str(target)), [BY_PATH["server_port"], BY_PATH["verdict"]])
    sink.write(part(connection(), connection(server_port=25)), [1])
    sink.close()
    assert target.read_text() == "server_port,verdict\n25,plaintext\n"


def test_no_connection_is_a_header_alone(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    Csv(Stream(str(target)), [BY_PATH["verdict"]]).close()
    assert target.read_bytes() == b"verdict\r\n"
