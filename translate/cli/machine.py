"""What a machine is and how fast it recognizes speech: the facts behind ``sottovoce doctor``."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Machine", "Speed", "best_ms", "look", "measure"]

_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd", "asimddp", "i8mm", "sve")

# What one update of the recognizer costs on average with the default settings: a window that grows to 8 s and is cut
# at pauses holds about 4.5 s of speech and 1 s of padding, at about 4 tokens a second.
_WINDOW_FRAMES = 550
_WINDOW_TOKENS = 18
_TIMED_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Machine:
    """The facts that decide how fast inference is."""

    python: str
    system: str
    processor: str
    cores: int
    """Those that this process may use."""
    flags: tuple[str, ...]
    """Vector instructions that matter to int8 inference."""
    ram_bytes: int | None
    free_ram_bytes: int | None

    @property
    def verdict(self) -> str:
        """What the instructions mean for the speed, in a few words."""
        if {"avx512_vnni", "avx_vnni", "amx_int8", "i8mm"} & set(self.flags):
            return "fast: int8 dot products in hardware"
        if {"avx512f", "asimddp"} & set(self.flags):
            return "good: wide vectors"
        if {"avx2", "asimd"} & set(self.flags):
            return "usual: vectors without int8 dot products"
        return "slow: no vector instructions that CTranslate2 uses were found"


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a Whisper model is here."""

    encode_3s_ms: float
    """The encoder on 3 s of sound."""
    decode_token_ms: float
    """The decoder, for one token."""
    update_ms: float
    """One update of the recognizer on an average window, as estimated from measured parts."""
    load_ms: float

    def real_time_factor(self, cadence_ms: int) -> float:
        """Seconds of work for a second of speech when there is an update every ``cadence_ms``."""
        return self.update_ms / cadence_ms


def look() -> Machine:
    """The facts of this machine; what the system does not tell is ``None`` or empty."""
    words = _processor_words()
    return Machine(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        processor=words[0],
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        flags=tuple(flag for flag in _FLAGS if flag in words[1]),
        ram_bytes=_memory("MemTotal"),
        free_ram_bytes=_memory("MemAvailable"),
    )


def measure(folder: Path, compute_type: str, threads: int) -> Speed:
    """Load a Whisper folder and time it on noise (what the sound is does not change the work).

    Args:
        folder: a CTranslate2 Whisper folder.
        compute_type: of CTranslate2, e.g. ``int8``.
        threads: of one inference.

    Raises:
        RuntimeError: the model cannot be loaded.
    """
    import ctranslate2
    import numpy as np

    start = time.perf_counter()
    model = ctranslate2.models.Whisper(str(folder), compute_type=compute_type, intra_threads=threads)
    load_ms = (time.perf_counter() - start) * 1000
    noise = np.random.default_rng(0).standard_normal((1, model.n_mels, _WINDOW_FRAMES)).astype(np.float32)

    def features(frames: int) -> ctranslate2.StorageView:
        return ctranslate2.StorageView.from_array(np.ascontiguousarray(noise[:, :, :frames]))

    encoded = model.encode(features(300))
    prompt = _prompt(model.is_multilingual)
    end_of_text = prompt[0] - 1

    def decode(tokens: int) -> None:
        # The end of the text is forbidden, so that exactly this many come: CTranslate2 decodes half of max_length.
        model.generate(encoded, [prompt], beam_size=1, max_length=2 * tokens, suppress_tokens=[end_of_text])

    encode_3s_ms = best_ms(lambda: model.encode(features(300)))
    encode_window_ms = best_ms(lambda: model.encode(features(_WINDOW_FRAMES)))
    # The prompt costs about as much as decoded tokens do. (Not the difference between a long text and a short one:
    # on a busy machine that is as likely nothing as twice the truth.)
    decode_token_ms = best_ms(lambda: decode(_TIMED_TOKENS)) / (_TIMED_TOKENS + len(prompt))
    update_ms = encode_window_ms + (_WINDOW_TOKENS + len(prompt)) * decode_token_ms
    return Speed(encode_3s_ms, decode_token_ms, update_ms, load_ms)


def _prompt(multilingual: bool) -> list[int]:
    # startoftranscript, language, task; the English-only vocabulary is one shorter and has neither language nor task.
    return [50258, 50259, 50359] if multilingual else [50257]


def best_ms(run: Callable[[], object], times: int = 9, now_s: Callable[[], float] = time.perf_counter) -> float:
    """The shortest of some durations of ``run``, in milliseconds: what else the machine does can only add to one."""
    run()  # the first one allocates
    taken = []
    for _ in range(times):
        began_s = now_s()
        run()
        taken.append((now_s() - began_s) * 1000)
    return min(taken)


def _processor_words() -> tuple[str, frozenset[str]]:
    name, flags = platform.processor() or platform.machine(), ""
    if sys.platform == "linux":
        for line in _lines(Path("/proc/cpuinfo")):
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip().lower() in ("flags", "features"):
                flags = value
    elif sys.platform == "darwin" and platform.machine() == "arm64":
        flags = "asimd asimddp"  # every Apple processor since the M1
    return name, frozenset(flags.split())


def _memory(key: str) -> int | None:
    for line in _lines(Path("/proc/meminfo")):
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    if key == "MemTotal" and "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
