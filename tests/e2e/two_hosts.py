"""Two hosts on one machine: network namespaces joined by a wire that loses, delays, and can be pulled.

The wire is this process (a TUN device at each end), because ``tc netem`` needs a kernel module that containers and
small virtual machines often lack. What crosses it are real IP packets of real TCP stacks.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import random
import select
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000
_MTU = 2048


def available() -> str | None:
    """Why it cannot be done here; ``None``: it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    probe = subprocess.run(["ip", "netns", "add", "sv-probe"], capture_output=True, check=False)
    if probe.returncode:
        return f"no network namespaces: {probe.stderr.decode().strip()}"
    subprocess.run(["ip", "netns", "del", "sv-probe"], check=False)
    return None


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Host:
    """A namespace with loopback and one interface."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        self.device = f"{name}0"
        ip("netns", "add", name)
        self.wire_end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.wire_end, _TUNSETIFF, struct.pack("16sH", self.device.encode(), _IFF_TUN | _IFF_NO_PI))
        ip("link", "set", self.device, "netns", name)
        ip("-n", name, "link", "set", "lo", "up")
        ip("-n", name, "address", "add", f"{address}/24", "dev", self.device)
        ip("-n", name, "link", "set", self.device, "up")

    def command(self, *arguments: str) -> list[str]:
        """A command line that runs there."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def link(self, state: str) -> None:
        """``up`` or ``down``."""
        ip("-n", self.name, "link", "set", self.device, state)

    def socket(self) -> socket.socket:
        """A TCP socket of this host, to be used from anywhere in this process."""
        made: list[socket.socket] = []

        def make() -> None:  # in a thread of its own, which ends in the other namespace
            with Path(f"/run/netns/{self.name}").open("rb") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.socket())

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        made[0].setblocking(False)
        return made[0]

    def close(self) -> None:
        os.close(self.wire_end)
        ip("netns", "del", self.name)


class Wire(threading.Thread):
    """Carries packets between two hosts.

    Args:
        loss: share of packets that are lost.
        delay_ms: each packet takes so long, one way, and up to as much again at random.
    """

    def __init__(self, one: Host, two: Host, *, loss: float, delay_ms: float, seed: int = 1) -> None:
        super().__init__(daemon=True)
        self._ends = {one.wire_end: two.wire_end, two.wire_end: one.wire_end}
        self._loss = loss
        self._delay_s = delay_ms / 1000
        self._chance = random.Random(seed)
        self._under_way: list[tuple[float, int, int, bytes]] = []
        self._wake, self._waker = os.pipe()
        self.pulled = False
        self.carried = self.lost = 0

    def run(self) -> None:
        while True:
            due = self._under_way[0][0] - time.monotonic() if self._under_way else None
            ready, _, _ = select.select([*self._ends, self._wake], [], [], max(0.0, due) if due is not None else None)
            if self._wake in ready:
                return
            for end in ready:
                self._take(end)
            while self._under_way and self._under_way[0][0] <= time.monotonic():
                _, _, end, packet = heapq.heappop(self._under_way)
                self._give(end, packet)

    def stop(self) -> None:
        os.write(self._waker, b"x")
        self.join()
        os.close(self._wake)
        os.close(self._waker)

    def _take(self, end: int) -> None:
        try:
            packet = os.read(end, _MTU)
        except OSError:  # the interface is down
            return
        if self.pulled or self._chance.random() < self._loss:
            self.lost += 1
            return
        due_s = time.monotonic() + self._delay_s * self._chance.uniform(1, 2)
        heapq.heappush(self._under_way, (due_s, self.carried + self.lost, self._ends[end], packet))

    def _give(self, end: int, packet: bytes) -> None:
        try:
            os.write(end, packet)
            self.carried += 1
        except OSError:
            self.lost += 1
