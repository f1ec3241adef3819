"""A database of places as small as it can be: one block of networks that is somewhere (MaxMind DB file format 2.0)."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

TOKYO = {
    "country": {"names": {"en": "Japan", "ja": "日本"}},
    "subdivisions": [{"names": {"en": "Tokyo", "ja": "東京都"}}],
}


def write_places(path: Path, block: str, record: dict[str, Any]) -> Path:
    """`block` is an IPv4 one ("203.0.113.0/24"). Every other network is unknown."""
    network = ipaddress.ip_network(block)
    bits = f"{int(network.network_address):032b}"[: network.prefixlen]
    nodes = len(bits)
    tree = b""
    for number, bit in enumerate(bits):
        onward = nodes + 16 if number == nodes - 1 else number + 1
        pair = (onward, nodes) if bit == "0" else (nodes, onward)
        tree += b"".join(side.to_bytes(3, "big") for side in pair)
    about = {
        "node_count": nodes, "record_size": 24, "ip_version": 4, "database_type": "Test",
        "languages": ["en", "ja"], "binary_format_major_version": 2, "binary_format_minor_version": 0,
        "build_epoch": 1, "description": {"en": "One block"},
    }  # fmt: skip
    path.write_bytes(tree + bytes(16) + _encoded(record) + b"\xab\xcd\xefMaxMind.com" + _encoded(about))
    return path


# Two bytes each, as an unsigned number of 16, 32 or 64 bits: readers insist on the kind.
_NUMBERS = {
    "record_size": b"\xa2", "ip_version": b"\xa2", "binary_format_major_version": b"\xa2",
    "binary_format_minor_version": b"\xa2", "node_count": b"\xc2", "build_epoch": b"\x02\x02",
}  # fmt: skip


def _encoded(value: Any, kind: bytes = b"") -> bytes:
    if isinstance(value, dict):
        pairs = (_encoded(key) + _encoded(one, _NUMBERS.get(key, b"")) for key, one in value.items())
        return _control(7, len(value)) + b"".join(pairs)
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(_encoded(one) for one in value)
    if isinstance(value, int):
        return kind + value.to_bytes(2, "big")
    raw = str(value).encode()
    return _control(2, len(raw)) + raw


def _control(kind: int, size: int) -> bytes:
    return bytes([kind << 5 | size]) if size < 29 else bytes([kind << 5 | 29, size - 29])
