"""A program that embeds a session: host.py CLIP SPEECH_S IDLE_S. Nothing of the tests is imported here."""

from __future__ import annotations

import asyncio
import sys
import time

from translate import FileSource, Session, Translation


async def main(clip: str, speech_s: float, idle_s: float) -> None:
    end_s = time.monotonic() + speech_s
    while time.monotonic() < end_s:
        async for event in Session(FileSource(clip, pace=1.0), spoken="es", targets=["en"]):
            if isinstance(event, Translation) and event.final:
                print(event.committed)
    await asyncio.sleep(idle_s)


asyncio.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
