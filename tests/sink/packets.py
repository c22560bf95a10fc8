"""IPv4 and IPv6 packets with UDP or TCP in them, read and written; just what a sink needs. Pure."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

__all__ = ["ACK", "FIN", "PSH", "RST", "SYN", "Packet", "dns_answer", "dns_name", "packed", "parsed"]

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
TCP, UDP = 6, 17
NAMES = {1: "icmp", 2: "igmp", TCP: "tcp", UDP: "udp", 58: "icmpv6"}
_HOP_BY_HOP = 0


@dataclass(frozen=True, slots=True)
class Packet:
    """What one end sent to the other. Ports are 0 where the protocol has none."""

    protocol: str
    source: str
    target: str
    source_port: int = 0
    target_port: int = 0
    payload: bytes = b""
    flags: int = 0
    sequence: int = 0
    acknowledged: int = 0

    @property
    def is_upkeep(self) -> bool:
        """Whether it is a kernel's own: groups that it listens to, neighbours, routers; no program sent it."""
        if self.protocol == "igmp":
            return True
        return self.protocol == "icmpv6" and self.payload[:1] in (b"\x82", b"\x83", b"\x84", b"\x8f", *_NEIGHBOURS)


_NEIGHBOURS = (b"\x85", b"\x86", b"\x87", b"\x88")


def parsed(data: bytes) -> Packet:
    """Read an IP packet. Raises struct.error or ValueError for one that is cut."""
    if data[0] >> 4 == 4:
        number, body = data[9], data[(data[0] & 15) * 4 :]
        source, target = (str(ipaddress.IPv4Address(data[at : at + 4])) for at in (12, 16))
    else:
        number, body = data[6], data[40:]
        source, target = (str(ipaddress.IPv6Address(data[at : at + 16])) for at in (8, 24))
        if number == _HOP_BY_HOP:
            number, body = body[0], body[8 + body[1] * 8 :]
    name = NAMES.get(number, str(number))
    if name == "udp":
        source_port, target_port = struct.unpack_from("!HH", body)
        return Packet(name, source, target, source_port, target_port, body[8:])
    if name == "tcp":
        source_port, target_port, sequence, acknowledged, offset, flags = struct.unpack_from("!HHIIBB", body)
        payload = body[(offset >> 4) * 4 :]
        return Packet(name, source, target, source_port, target_port, payload, flags, sequence, acknowledged)
    return Packet(name, source, target, payload=body)


def packed(packet: Packet) -> bytes:
    """The IP packet of a UDP or TCP ``packet``."""
    source, target = (ipaddress.ip_address(address).packed for address in (packet.source, packet.target))
    if packet.protocol == "udp":
        length = 8 + len(packet.payload)
        number, head, at = UDP, struct.pack("!HHHH", packet.source_port, packet.target_port, length, 0), 6
    else:
        number, at = TCP, 16
        head = struct.pack(
            "!HHIIBBHHH", packet.source_port, packet.target_port, packet.sequence, packet.acknowledged,
            5 << 4, packet.flags, 65_535, 0, 0,
        )  # fmt: skip
    body = head + packet.payload
    pseudo = source + target + struct.pack("!II", len(body), number)
    checksum = _checksum(pseudo + body) or 0xFFFF
    body = body[:at] + struct.pack("!H", checksum) + body[at + 2 :]
    if len(source) == 4:
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, number, 0) + source + target
        return header[:10] + struct.pack("!H", _checksum(header)) + header[12:] + body
    return struct.pack("!IHBB", 6 << 28, len(body), number, 64) + source + target + body


def _checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def dns_name(query: bytes) -> str:
    """The name that a DNS query asks for; empty if it is none."""
    labels, at = [], 12
    while at < len(query) and query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii", "replace"))
        at += 1 + query[at]
    return ".".join(labels)


def dns_answer(query: bytes, address: str) -> bytes:
    """An answer to ``query``: ``address`` for a question of type A, no data for any other."""
    end = query.index(b"\0", 12) + 5
    question = query[12:end]
    is_a = question[-4:] == b"\0\1\0\1"
    answer = b""
    if is_a:
        answer = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + ipaddress.ip_address(address).packed
    return query[:2] + b"\x81\x80\0\1" + struct.pack("!H", is_a) + bytes(4) + question + answer
