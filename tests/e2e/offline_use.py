"""Run in a network namespace of its own: starts the service under strace, speaks to it, and prints what it heard.

Usage: offline_use.py CLIP TRACE [lan]

``lan``: the namespace has an interface with an address, and no route out of that network; the service is open to it.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
from websockets.asyncio.client import connect

from translate.server.access.tokens import Tokens
from translate.state import lan_folder

SIOCSIFFLAGS, IFF_UP = 0x8914, 1
TUNSETIFF, IFF_TUN_NO_PI = 0x400454CA, 0x1001
LAN = "192.168.7.2"
SERVE = ["-m", "translate", "serve", "--port", "0", "--model", "whisper-tiny.en"]


def raise_loopback() -> None:
    """A new namespace has nothing but a loopback interface that is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def join_a_network() -> int:
    """An interface whose cable leads nowhere; it is there for as long as the descriptor is open."""
    wire = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(wire, TUNSETIFF, struct.pack("16sH", b"sv0", IFF_TUN_NO_PI))
    for command in (f"address add {LAN}/24 dev sv0", "link set sv0 up"):
        subprocess.run(["ip", *command.split()], check=True)
    return wire


def token() -> str:
    """What lets a speaker in, made beside the service."""
    tokens = Tokens(lan_folder())
    return tokens.secret(tokens.create("speaker", None, 600))


async def heard(port: int, clip: Path, **shown: str) -> str:
    with av.open(str(clip)) as container:
        pcm = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)]).astype("<i2").tobytes()
    hello = {"type": "hello", "seq": 1, "t_ms": 0, "versions": ["v1"], "role": "speaker", "source": "en", "targets": []}
    hello |= shown
    finals = []
    async with connect(f"ws://127.0.0.1:{port}/ws", subprotocols=["sottovoce.v1"], proxy=None) as client:  # type: ignore[list-item]
        await client.send(json.dumps(hello))
        for position in range(0, len(pcm) // 2, 1600):
            await client.send(position.to_bytes(8, "little") + pcm[2 * position : 2 * (position + 1600)])
        await client.send(json.dumps({"type": "end", "seq": 2, "t_ms": 1}))
        async for text in client:
            message = json.loads(text)
            if message["type"] == "transcript" and message["final"]:
                finals.append(message["committed"])
    return " ".join(finals)


def main() -> None:
    raise_loopback()
    lan = ["--lan", "--secure-port", "0"] if sys.argv[3:] == ["lan"] else []
    wire = join_a_network() if lan else None
    # -D: the service is our child and strace is not, so a signal reaches the service.
    trace = ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-e", "trace=%network", "-e", "signal=none"]
    trace += ["-o", sys.argv[2]]
    with subprocess.Popen([*trace, sys.executable, *SERVE, *lan], stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        try:
            ready = re.search(r"http://127\.0\.0\.1:(\d+)/", service.stdout.readline())
            assert ready, "the service did not start"
            shown = {"token": token()} if lan else {}
            print(asyncio.run(asyncio.wait_for(heard(int(ready[1]), Path(sys.argv[1]), **shown), 120)))
        finally:
            service.send_signal(signal.SIGTERM)
            if wire is not None:
                service.wait(30)  # it says good-bye to the network
                os.close(wire)


if __name__ == "__main__":
    main()
