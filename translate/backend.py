"""What the server runs sessions on: the engines of this process."""

from __future__ import annotations

from collections.abc import Sequence

from translate.audio import AudioSource
from translate.config import Config
from translate.engines import Engines
from translate.pipeline.session import Session

__all__ = ["LocalBackend"]


class LocalBackend:
    """Sessions on engines of this process, which are loaded once, here.

    Raises:
        MissingModel: the recognition model is not on this machine.
    """

    def __init__(self, config: Config) -> None:
        self._engines = Engines(config)
        self._config = config

    @property
    def model(self) -> str:
        """Name of the recognition model."""
        return self._engines.recognition_name

    def sources(self) -> Sequence[str]:
        """Languages that recognition knows."""
        return self._engines.sources

    def targets_for(self, source: str) -> Sequence[str]:
        """Languages that speech in ``source`` can be translated into."""
        return self._engines.targets(source)

    def open_session(
        self, source: AudioSource, *, spoken: str, targets: Sequence[str], allowed: Sequence[str], mode: str
    ) -> Session:
        """Start a session on ``source``. Raises LanguageError for what the installed models cannot do.

        The session runs in fast mode whatever its speaker reads: the server leaves tails out for each client that is
        calm, and listeners of the same room may want them.
        """
        return Session(
            source,
            spoken=spoken,
            targets=targets,
            engines=self._engines,
            config=self._config,
            allowed=allowed,
        )

    def close(self) -> None:
        """Stop the engines."""
        self._engines.close()
