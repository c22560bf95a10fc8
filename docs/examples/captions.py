import asyncio
import sys

from translate import FileSource, Session, Transcript, Translation


async def main(path: str, spoken: str, *targets: str) -> None:
    async for event in Session(FileSource(path), spoken=spoken, targets=targets):
        if isinstance(event, (Transcript, Translation)) and event.final:
            print(f"[{event.lang}] {event.committed}")


asyncio.run(main(*sys.argv[1:]))
