"""What the server runs sessions on: the engines of this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from translate.audio import AudioSource
from translate.config import Config
from translate.errors import NoRouteError
from translate.events import Transcript
from translate.inference import Engines
from translate.output.transcripts import Archive, Recorded
from translate.pipeline.session import Session
from translate.translation import IncrementalTranslator

if TYPE_CHECKING:
    from translate.server.backend import SessionLike

__all__ = ["LocalBackend"]


class LocalBackend:
    """Sessions on engines of this machine, which are loaded once, here.

    Args:
        config: settings.
        engines: to run on, and to close at the end; ``None``: loaded from ``config``.

    Raises:
        MissingModel: the recognition model is not on this machine.
    """

    def __init__(self, config: Config, engines: Engines | None = None) -> None:
        self._engines = engines or Engines(config, isolated=config.server.isolated)
        self._config = config
        self._speakers: int | None = None
        self._archive = Archive(config.transcripts)

    @property
    def model(self) -> str:
        """Name of the recognition model."""
        return self._engines.recognition_name

    def capacity(self) -> int:
        """Speakers at once that this machine was measured to hold; the first call may take some seconds."""
        if self._speakers is None:
            self._speakers = self._engines.capacity().speakers
        return self._speakers

    def restarts(self) -> Mapping[str, int]:
        """How often a process of the engines was started again."""
        process = self._engines.process
        return {"engines": process.restarts} if process is not None else {}

    def sources(self) -> Sequence[str]:
        """Languages that recognition knows."""
        return self._engines.sources

    def targets_for(self, source: str) -> Sequence[str]:
        """Languages that speech in ``source`` can be translated into."""
        return self._engines.targets(source)

    def open_session(
        self, source: AudioSource, *, spoken: str, targets: Sequence[str], allowed: Sequence[str], mode: str
    ) -> SessionLike:
        """Start a session on ``source``. Raises LanguageError for what the installed models cannot do.

        The session runs in fast mode whatever its speaker reads: the server leaves tails out for each client that is
        calm, and listeners of the same room may want them.
        """
        session = Session(
            source,
            spoken=spoken,
            targets=targets,
            engines=self._engines,
            config=self._config,
            allowed=allowed,
        )
        return cast("SessionLike", Recorded(session, self._archive)) if self._config.transcripts.folder else session

    async def translate_final(self, transcript: Transcript, target: str) -> str:
        """A finished segment in another language, when the models have a turn to spare for it.

        Raises:
            NoRouteError: no model does it from text (Whisper's own translation needs the sound, which is gone).
            LanguageError: the target is unknown.
        """
        route = self._engines.route(transcript.lang, target)
        if route.kind == "same":
            return transcript.committed
        if route.kind == "whisper":
            raise NoRouteError(f"text in {transcript.lang} cannot be translated to {target} after it was spoken")
        translator = IncrementalTranslator(
            route, route.source, route.target, self._config.mt, glossary=self._engines.glossary
        )
        alone = replace(transcript, segment=0)
        draft = await self._engines.turns(route).run(lambda: translator.step(alone))
        return draft.committed

    def reconfigure(self, config: Config) -> None:
        """Sessions that begin from now on have these settings, as far as the engines do not depend on them."""
        self._config = config
        self._archive.config = config.transcripts

    async def tend(self) -> None:
        """What has to be done beside serving: transcripts that are too old are deleted. Runs until cancelled."""
        await self._archive.tend()

    def close(self) -> None:
        """Stop the engines, and wait for transcripts that are being written."""
        self._engines.close()
        self._archive.close()
