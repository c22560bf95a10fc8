"""The sink's packets: what is written is read again, and checksums are those that the kernel accepts."""

from __future__ import annotations

import ipaddress
import struct

from hypothesis import given
from hypothesis import strategies as st

from tests.sink.packets import Packet, dns_answer, dns_name, packed, parsed

ADDRESSES = st.one_of(
    st.tuples(st.ip_addresses(v=4).map(str), st.ip_addresses(v=4).map(str)),
    st.tuples(st.ip_addresses(v=6).map(str), st.ip_addresses(v=6).map(str)),
)
PORTS = st.integers(0, 65_535)


@given(ADDRESSES, PORTS, PORTS, st.binary(max_size=50), st.integers(0, 31), st.integers(0, 2**32 - 1))
def test_a_packet_is_read_as_it_was_written(
    addresses: tuple[str, str], source: int, target: int, payload: bytes, flags: int, sequence: int
) -> None:
    tcp = Packet("tcp", *addresses, source, target, payload, flags, sequence, 7)
    udp = Packet("udp", *addresses, source, target, payload)
    assert parsed(packed(tcp)) == tcp
    assert parsed(packed(udp)) == udp
    assert not tcp.is_upkeep
    assert not udp.is_upkeep


@given(ADDRESSES, st.binary(max_size=51), st.sampled_from(["tcp", "udp"]))
def test_checksums_add_up(addresses: tuple[str, str], payload: bytes, protocol: str) -> None:
    """RFC 1071: the sum over what is covered, the checksum included, is all ones."""

    def total(data: bytes) -> int:
        data += bytes(len(data) % 2)
        value = sum(struct.unpack(f"!{len(data) // 2}H", data))
        while value >> 16:
            value = (value & 0xFFFF) + (value >> 16)
        return value

    data = packed(Packet(protocol, *addresses, 1000, 53, payload))
    at = 20 if data[0] >> 4 == 4 else 40
    if at == 20:
        assert total(data[:20]) == 0xFFFF
    ends = b"".join(ipaddress.ip_address(address).packed for address in addresses)
    number = {"tcp": 6, "udp": 17}[protocol]
    assert total(ends + struct.pack("!II", len(data) - at, number) + data[at:]) == 0xFFFF


def test_a_query_is_answered_by_its_type() -> None:
    query = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\4news\7example\0\0\1\0\1"
    assert dns_name(query) == "news.example"
    answer = dns_answer(query, "198.18.0.1")
    assert answer[:2] == query[:2]
    assert answer[6:8] == b"\0\1"
    assert answer.endswith(bytes([198, 18, 0, 1]))
    assert dns_answer(query[:-4] + b"\0\x1c\0\1", "198.18.0.1")[6:8] == b"\0\0", "no address of version 6"
