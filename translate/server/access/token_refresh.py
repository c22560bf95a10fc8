"""Records of tokens are read again, in a thread, when other processes may have changed them."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from translate.errors import StateError
from translate.server.access.tokens import Tokens

__all__ = ["TokenRefresh"]

LOOK_S: Final = 0.5
"""Pause between two looks at the file."""

log = logging.getLogger(__name__)


class TokenRefresh:
    """Looks at the file of the records, once at a time however many ask.

    Args:
        tokens: the records.
        look_s: pause between two looks of :meth:`run`.
    """

    def __init__(self, tokens: Tokens, *, look_s: float = LOOK_S) -> None:
        self._tokens = tokens
        self._look_s = look_s
        self._looking = asyncio.Lock()
        self._begun = 0
        self._done = 0
        self._failure: str | None = None

    async def run(self) -> None:
        """Looks again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._look_s)
            await self.now()

    async def now(self) -> None:
        """Waits for a look that began after this call; a look by another caller will do."""
        wanted = self._begun + 1
        async with self._looking:
            if self._done >= wanted:
                return
            self._begun += 1
            number = self._begun
            await asyncio.to_thread(self._look)
            self._done = number

    def _look(self) -> None:
        """Reads the file if it has changed; logs once why it cannot be read."""
        try:
            self._tokens.refresh()
        except StateError as error:
            if str(error) != self._failure:
                self._failure = str(error)
                log.error("tokens stay as they were: %s", error)
        else:
            self._failure = None
