"""The shapes as ``zertap observe`` writes them, from captures of real programs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
TOUR = ROOT / "pcaps" / "tour.pcap"
Row = dict[str, Any]


def observed(*arguments: str | Path, status: int = 0) -> list[Row]:
    run = [sys.executable, "-m", "zertap", "observe", *map(str, arguments)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_zeek_has_a_line_for_each_connection_and_one_for_what_it_spoke() -> None:
    rows = observed(TOUR, "--format", "zeek")
    ours = observed(TOUR)
    by_path = {path: [row for row in rows if row["_path"] == path] for path in ("conn", "ssl", "ssh")}
    assert [row["uid"] for row in by_path["conn"]] == [row["uid"] for row in ours]
    assert [row["uid"] for row in by_path["ssl"]] == [row["uid"] for row in ours if row["protocol"] == "tls"]
    assert [row["uid"] for row in by_path["ssh"]] == [row["uid"] for row in ours if row["protocol"] == "ssh"]
    (old,) = [row for row in by_path["ssl"] if row.get("version") == "TLSv10"]
    assert (old["cipher"], old["established"], old["resumed"]) == ("TLS_RSA_WITH_RC4_128_MD5", True, False)
    assert old["server_name"] == "server.zertap.test" and "curve" not in old
    assert {row["last_alert"] for row in by_path["ssl"] if "last_alert" in row} == {"protocol_version", "unknown_ca"}


def test_nothing_that_is_not_known_has_a_place() -> None:
    for form in ("zeek", "eve", "ecs"):
        assert "null" not in json.dumps(observed(TOUR, "--format", form))


def test_eve_nests_and_numbers_flows() -> None:
    rows = observed(TOUR, "--format", "eve", "--fingerprints", "--community-id")
    kinds = {kind: [row for row in rows if row["event_type"] == kind] for kind in ("tls", "ssh", "flow")}
    assert len(kinds["flow"]) == 15
    flows = {row["flow_id"]: row for row in kinds["flow"]}
    assert len(flows) == 15
    for row in [*kinds["tls"], *kinds["ssh"]]:
        assert flows[row["flow_id"]]["community_id"] == row["community_id"]
    assert all(len(row["tls"]["ja3"]["hash"]) == 32 for row in kinds["tls"])
    assert all(row["zertap"]["verdict"] for row in rows)


def test_ecs_is_one_document_a_connection() -> None:
    rows = observed(TOUR, "--format", "ecs")
    assert len(rows) == 15
    (upgraded,) = [row for row in rows if row["zertap"].get("upgrade")]
    assert upgraded["tls"]["version"] == "1.3" and upgraded["event"]["outcome"] == "success"
    certified = [row for row in rows if "x509" in row.get("tls", {}).get("server", {})]
    assert certified
    for row in certified:
        server = row["tls"]["server"]
        assert server["hash"]["sha1"].isupper() and server["x509"]["public_key_size"]


def test_a_shape_has_no_chosen_fields() -> None:
    observed(TOUR, "--format", "ecs", "--fields", "verdict", status=2)


@pytest.mark.parametrize("form", ["zeek", "eve", "ecs"])
def test_conditions_choose_connections_in_every_shape(form: str) -> None:
    rows = observed(TOUR, "--format", form, "--where", "verdict == 'plaintext'")
    assert len(rows) == 1
