"""The rest of the world, for a network namespace: a name server that knows every name, and hosts at every address that
take what is sent to any port. It writes down who asked for what; no packet leaves the namespace.

All routes of the namespace lead to a TUN device, whose other end is this process. Whatever a program sends to anybody
but its own machine arrives here, whichever library or call sent it.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import select
import struct
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.sink.packets import ACK, FIN, PSH, RST, SYN, Packet, dns_answer, dns_name, packed, parsed

__all__ = ["NAME_SERVER", "OWN_ADDRESS", "Ask", "Sink"]

DEVICE = "sink0"
OWN_ADDRESS, OWN_ADDRESS_6 = "192.168.77.2", "fd77::2"
NAME_SERVER = "192.168.77.1"
_ADDRESSES = ipaddress.ip_network("198.18.0.0/16")
"""Given to names in turn (a range for tests of networks, RFC 2544)."""
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_MOST_BYTES = 1 << 16
_KEPT_BYTES = 300
_ANSWER = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(slots=True)
class Ask:
    """Something that a program sent to somebody else; packets of one conversation count once."""

    protocol: str
    address: str
    port: int
    name: str
    """What a query asked for, or the name that had been given this address."""
    process: str
    """Command line of the sender, as far as it could be found out."""
    sent: str = ""
    """The first bytes, with an escape for each that is not printable."""

    def __str__(self) -> str:
        return f"{self.protocol} {self.address} port {self.port} {self.name!r} by {self.process}: {self.sent[:100]}"


class Sink(threading.Thread):
    """Makes the device and takes what comes until :meth:`close`. Must be made in a network namespace of its own."""

    def __init__(self) -> None:
        super().__init__(name="sink", daemon=True)
        self.asks: list[Ask] = []
        self._names: dict[str, str] = {}
        """Address -> the name that it was given to."""
        self._talks: dict[tuple[str, str, int, str, int], Ask] = {}
        self._device = os.open("/dev/net/tun", os.O_RDWR)
        self._wake, self._waker = os.pipe()
        self._failure: Exception | None = None
        fcntl.ioctl(self._device, _TUNSETIFF, struct.pack("16sH", DEVICE.encode(), _IFF_TUN | _IFF_NO_PI))
        for command in (
            "link set lo up",
            f"address add {OWN_ADDRESS}/24 dev {DEVICE}",
            f"-6 address add {OWN_ADDRESS_6}/64 dev {DEVICE} nodad",
            f"link set {DEVICE} txqueuelen 10000 up",
            f"route add default dev {DEVICE}",
            f"-6 route add default dev {DEVICE}",
        ):
            subprocess.run(["ip", *command.split()], check=True)

    def run(self) -> None:
        """See :class:`threading.Thread`."""
        try:
            while True:
                ready, _, _ = select.select([self._device, self._wake], [], [])
                if self._device in ready:  # what has been sent is read before the end
                    self._take(os.read(self._device, _MOST_BYTES))
                else:
                    return
        except Exception as error:
            self._failure = error

    def close(self) -> list[dict[str, Any]]:
        """Stop; returns what was asked.

        Raises:
            RuntimeError: something that was sent may not have been seen.
        """
        os.write(self._waker, b"x")
        self.join()
        if self._failure is not None:
            raise RuntimeError("the sink has failed, and saw nothing from then on") from self._failure
        if dropped := _dropped():
            raise RuntimeError(f"{dropped} packets came too fast for the sink")
        return [asdict(ask) for ask in self.asks]

    def _take(self, data: bytes) -> None:
        try:
            packet = parsed(data)
        except (struct.error, ValueError, IndexError):  # sent all the same
            packet = Packet("unreadable", "", "", payload=data)
        if packet.is_upkeep:
            return
        self._note(packet)
        try:
            answers = list(self._answers(packet))
        except (struct.error, ValueError, IndexError):  # not what its port lets expect: no answer
            return
        for answer in answers:
            os.write(self._device, packed(answer))

    def _note(self, packet: Packet) -> None:
        key = (packet.protocol, packet.source, packet.source_port, packet.target, packet.target_port)
        is_query = packet.protocol == "udp" and packet.target_port == 53
        ask = self._talks.get(key)
        if ask is None or is_query:
            name = dns_name(packet.payload) if is_query else self._names.get(packet.target, "")
            ask = Ask(packet.protocol, packet.target, packet.target_port, name, _sender(packet))
            self._talks[key] = ask
            self.asks.append(ask)
        if packet.payload and not ask.sent:
            ask.sent = repr(packet.payload[:_KEPT_BYTES])[2:-1]

    def _answers(self, packet: Packet) -> Iterator[Packet]:
        if packet.protocol == "udp" and packet.target_port == 53:
            yield _back(packet, dns_answer(packet.payload, self._address_of(dns_name(packet.payload))))
        elif packet.protocol == "tcp" and packet.flags & SYN:
            yield _back(packet, flags=SYN | ACK, sequence=1, taken=1)
        elif packet.protocol == "tcp" and packet.payload:
            # What is not HTTP, TLS above all, is taken and then closed: nobody waits for an answer.
            is_http = packet.payload[:4] in (b"GET ", b"POST", b"HEAD", b"PUT ", b"CONN", b"OPTI")
            answer = _ANSWER if is_http else b""
            yield _back(packet, answer, flags=PSH | ACK | FIN, sequence=2, taken=len(packet.payload))
        elif packet.protocol == "tcp" and packet.flags & FIN and not packet.flags & RST:
            yield _back(packet, flags=ACK, sequence=packet.acknowledged, taken=1)

    def _address_of(self, name: str) -> str:
        for address, given in self._names.items():
            if given == name:
                return address
        address = str(_ADDRESSES[len(self._names) + 1])
        self._names[address] = name
        return address


def _back(packet: Packet, payload: bytes = b"", *, flags: int = 0, sequence: int = 0, taken: int = 0) -> Packet:
    return Packet(
        packet.protocol, packet.target, packet.source, packet.target_port, packet.source_port, payload, flags,
        sequence, (packet.sequence + taken) & 0xFFFFFFFF,
    )  # fmt: skip


def _sender(packet: Packet) -> str:
    """Who holds the socket that the packet came from: the kernel's tables of this namespace, then every process."""
    wanted = f"{packet.source_port:04X}"
    for table in (f"/proc/self/net/{packet.protocol}", f"/proc/self/net/{packet.protocol}6"):
        for line in _lines(Path(table)):
            fields = line.split()
            if len(fields) > 9 and fields[1].endswith(f":{wanted}"):
                return _holder(f"socket:[{fields[9]}]")
    return "unknown"


def _holder(link: str) -> str:
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(str(handle.readlink()) == link for handle in folder.iterdir()):
                command = (folder.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                return f"{folder.parent.name} {command.strip()[:200]}"
        except OSError:  # it has ended meanwhile
            continue
    return "unknown"


def _dropped() -> int:
    """Packets that the device has thrown away because nobody read them in time."""
    (line,) = [line for line in _lines(Path("/proc/self/net/dev")) if line.strip().startswith(f"{DEVICE}:")]
    return int(line.split(":")[1].split()[11])


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("ascii").splitlines()[1:]
    except OSError:
        return []
