"""A second reader of zERT records, driven by the reference table alone. For tests; shares no code with the
codec.

It knows: big-endian numbers, where the triplets are, and that several names lie one after the other.
Offsets, lengths and formats come from the rows of ``smf119.csv``. Fields are returned as (number or raw
octets) by their manual name.
"""

Rows = list[dict[str, str]]
Value = int | bytes


def read(octets: bytes, rows: Rows) -> dict[str, dict[str, Value] | list[dict[str, Value]]]:
    """Section name -> field name -> value; names as a list."""
    subtype = str(int.from_bytes(octets[22:24], "big"))
    mine = [row for row in rows if row["subtype"] == subtype]
    found: dict[str, dict[str, Value] | list[dict[str, Value]]] = {}
    found["SMF_HEADER"] = take(octets, 0, len(octets), of(mine, "SMF_HEADER"))
    count = int.from_bytes(octets[24:26], "big")
    triplets = [row for row in mine if row["section"] == "SELF_DEFINING"][: 2 + 3 * count]
    where = take(octets, 0, len(octets), triplets)
    for key in sorted({row["triplet"] for row in mine} - {""}):
        if f"SMF119{key}Off" not in where:
            continue
        offset, length, number = (int(where[f"SMF119{key}{word}"]) for word in ("Off", "Len", "Num"))
        section = [row for row in mine if row["triplet"] == key]
        if number == 0 or section[0]["offset_dec"] == "?":
            continue
        name = section[0]["section"]
        if name == "DN":
            found[name] = names(octets, offset, number, section)
        else:
            found[name] = take(octets, offset, length, section)
    return found


def of(rows: Rows, section: str) -> Rows:
    return [row for row in rows if row["section"] == section]


def take(octets: bytes, base: int, length: int, rows: Rows) -> dict[str, Value]:
    taken: dict[str, Value] = {}
    for row in rows:
        at, size = int(row["offset_dec"]), int(row["length"])
        if at + size > length:
            continue
        raw = octets[base + at : base + at + size]
        number = row["format"] in ("binary", "packed") and size in (1, 2, 4, 8)
        taken[row["name"]] = int.from_bytes(raw, "big") if number else raw
    return taken


def names(octets: bytes, offset: int, number: int, rows: Rows) -> list[dict[str, Value]]:
    length_row, type_row, name_row = rows
    found: list[dict[str, Value]] = []
    for _ in range(number):
        size = int.from_bytes(octets[offset : offset + 2], "big")
        kind = int.from_bytes(octets[offset + 2 : offset + 4], "big")
        found.append(
            {
                length_row["name"]: size,
                type_row["name"]: kind,
                name_row["name"]: octets[offset + 4 : offset + size],
            }
        )
        offset += size
    return found
