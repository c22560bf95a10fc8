"""``sottovoce doctor``: what this machine has, what is missing and how to get it, and what speed to expect."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from translate.cli import machine
from translate.config import AsrConfig
from translate.config.load import default_files, read_config
from translate.errors import ConfigError, DeviceError, MissingModel, SottovoceError
from translate.paths import expanded
from translate.registry import Registry, default_registry
from translate.registry.store import cache_folder
from translate.speech.threads import Lanes, lanes_of

if TYPE_CHECKING:
    from translate.inference import Capacity

__all__ = ["doctor"]

_MARKS = {"ok": "ok     ", "note": "note   ", "missing": "missing", "slow": "slow   "}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    topic: str
    state: str
    """``ok``, ``note``, ``slow`` or ``missing``."""
    text: str
    data: dict[str, Any] = dataclasses.field(default_factory=dict)


@click.command(short_help="Say what is missing here, and what speed to expect.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def doctor(as_json: bool) -> None:
    """Say what is missing on this machine, how to get it, and what speed to expect.

    Exit status 0 when speech can be recognized here, 3 when there is no speech model for it.
    """
    registry = default_registry()
    findings = [*_machine(), *_settings(), _reach(), _sound(), *_models(registry)]
    if not as_json:
        for finding in findings:
            _show(finding)
    speeds = _speeds(registry)
    if as_json:
        entries = [dataclasses.asdict(finding) for finding in [*findings, *speeds]]
        click.echo(json.dumps({"ready": _ready(speeds), "findings": entries}, indent=1))
    else:
        for finding in speeds:
            _show(finding)
    if not _ready(speeds):
        raise MissingModel("no speech model can be used here; get one with: pip install 'sottovoce[embedded]'")


def _show(finding: Finding) -> None:
    click.echo(f"{_MARKS[finding.state]}  {finding.topic}: {finding.text}")


def _ready(speeds: list[Finding]) -> bool:
    return any(finding.state in ("ok", "slow") for finding in speeds)


def _machine() -> list[Finding]:
    here = machine.look()
    ram = f"{(here.ram_bytes or 0) / 1e9:.1f} GB" if here.ram_bytes else "unknown"
    low = here.free_ram_bytes is not None and here.free_ram_bytes < 1e9
    free = f", {here.free_ram_bytes / 1e9:.1f} GB free" if here.free_ram_bytes is not None else ""
    flags = " ".join(here.flags) or "none known"
    facts = dataclasses.asdict(here)
    return [
        Finding("python", "ok", f"{here.python} on {here.system}", {"python": here.python}),
        Finding("processor", "ok", f"{here.processor}, {here.cores} cores, {flags} ({here.verdict})", facts),
        Finding("memory", "note" if low else "ok", ram + free + ("; one session needs about 0.7 GB" if low else "")),
    ]


def _settings() -> list[Finding]:
    files = default_files()
    reading = read_config(files)
    where = ", ".join(map(str, files)) or "no file, defaults"
    if reading.problems:
        text = f"{where}: {len(reading.problems)} wrong; see: sottovoce config check"
        return [Finding("settings", "missing", text, {"problems": list(reading.problems)})]
    findings = [Finding("settings", "ok", where, {"files": list(map(str, files))})]
    if folder := reading.config.transcripts.folder:
        try:
            findings.append(_transcripts(expanded(folder)))
        except ConfigError as error:
            findings.append(Finding("transcripts", "missing", str(error)))
    return findings


def _transcripts(folder: Path) -> Finding:
    place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        return Finding("transcripts", "missing", f"{folder} cannot be written")
    free = shutil.disk_usage(place).free
    return Finding("transcripts", "ok", f"kept in {folder}, {free / 1e9:.1f} GB free", {"free_bytes": free})


def _reach() -> Finding:
    from translate.cli.reach import reach  # brings the server's modules, too much for --help

    found = reach()
    return Finding("reach", "note" if found.is_open else "ok", str(found), dataclasses.asdict(found))


def _sound() -> Finding:
    try:
        from translate.audio import list_devices

        devices = list_devices()
    except (DeviceError, ImportError) as error:
        return Finding("microphone", "missing", f"{error}; files, pipes and browsers work without", {"devices": []})
    names = [device.name for device in devices]
    if not names:
        return Finding("microphone", "note", "no input device found; files, pipes and browsers work", {"devices": []})
    return Finding("microphone", "ok", ", ".join(names), {"devices": names})


def _models(registry: Registry) -> list[Finding]:
    findings = []
    for spec in registry.catalog.models.values():
        place = registry.place(spec)
        if place is not None:
            where = str(place.folder or "in packages, joined at first use")
            findings.append(Finding(f"model {spec.name}", "ok", where, {"kind": spec.kind}))
        elif spec.packages:
            findings.append(Finding(f"model {spec.name}", "missing", f"get it: {spec.command}", {"kind": spec.kind}))
    for model in registry.translations():
        if model.origin in ("student", "added"):
            pair = " → ".join(model.pairs[0]) if model.pairs else ""
            findings.append(Finding(f"model {model.name}", "ok", f"{pair} {model.path}", {"kind": model.kind}))
    if not registry.translations():
        text = "none here; speech can be put into English by Whisper itself; others: sottovoce models list"
        findings.append(Finding("translation", "note", text))
    return findings


def _speeds(registry: Registry) -> list[Finding]:
    from translate.inference import remembered_capacity  # brings NumPy, too much for --help

    settings = AsrConfig()
    found = []
    for name in _to_measure(registry, settings.model):
        try:
            model = registry.resolve(name, kind="whisper")
            lanes = lanes_of(model.path, settings.threads)
            speed = machine.measure(model.path, settings.compute_type, lanes.threads)
        except SottovoceError as error:
            found.append(Finding(f"speed of {name}", "missing", str(error)))
        except (
            ImportError,
            RuntimeError,
            ValueError,
        ) as error:  # CTranslate2 puts bytes of a bad file into its message
            reason = ascii(str(error).partition("\n")[0][:100])
            found.append(Finding(f"speed of {name}", "missing", f"cannot be loaded: {reason}"))
        else:
            admission = remembered_capacity(model.name, settings, cache_folder(), lanes)
            found.append(_speed(name, speed, lanes.threads, settings.cadence_ms, admission))
    return found


def _to_measure(registry: Registry, default: str) -> list[str]:
    specs = registry.catalog.models.values()
    here = [spec.name for spec in specs if spec.kind == "whisper" and registry.place(spec) is not None]
    usual = [name for name in here if name in (default, "whisper-tiny.en")]
    return usual or here[:1]  # large ones would take minutes, and nobody asked


def _speed(
    name: str, speed: machine.Speed, threads: int, cadence_ms: int, admission: Capacity | None = None
) -> Finding:
    """What was measured of one lane, and what sessions that keep their cadence can do with it.

    Args:
        admission: what the service has measured, if it ever ran: it lets more speakers in, with longer cadences.
    """
    from translate.inference import Capacity

    one_lane = Capacity(speed.update_ms, Lanes(1, threads, cores=threads))
    factor = speed.real_time_factor(cadence_ms)
    measured = f"3 s of sound encoded in {speed.encode_3s_ms:.0f} ms, {speed.decode_token_ms:.1f} ms a token"
    sessions = one_lane.speakers_at(cadence_ms)
    if sessions:
        fits = "one live session fits" if sessions == 1 else f"about {sessions} live sessions fit"
        state = "ok"
    else:
        fits = f"a live session falls behind: raise asr.cadence_ms to {round(one_lane.cadence_ms, -2):.0f}"
        fits += "" if name == "whisper-tiny.en" else ", or use whisper-tiny.en for English"
        state = "slow"
    text = f"{measured}; real-time factor about {factor:.2f}: {fits}"
    if admission is not None:
        text += f"; the service lets up to {admission.speakers} speak at once"
    return Finding(
        f"speed of {name}",
        state,
        text,
        {
            **dataclasses.asdict(speed),
            "real_time_factor": round(factor, 3),
            "sessions": sessions,
            "admitted": admission.speakers if admission is not None else None,
        },
    )
