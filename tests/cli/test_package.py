"""What ``import translate`` gives."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import translate


def test_every_public_name_is_there_and_documented() -> None:
    assert sorted(translate.__all__) == translate.__all__
    for name in translate.__all__:
        value = getattr(translate, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), name
            assert value.__module__.startswith("translate.")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Sesion'"):
        _ = translate.Sesion


def test_importing_loads_no_engine_and_a_star_brings_all_names() -> None:
    code = """
import sys, translate
light = not {"ctranslate2", "numpy", "onnxruntime", "av"} & set(sys.modules)
from translate import *
print(light, Session.__name__, load_config.__name__, "numpy" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-W", "error::ImportWarning", "-c", code], capture_output=True, text=True,
                         check=True, timeout=60)  # fmt: skip
    assert ran.stdout.split() == ["True", "Session", "load_config", "True"]


HOST = """
import asyncio, json, logging, os, signal, sys
import translate

def settings():
    return {
        "environment": dict(os.environ),
        "path": list(sys.path),
        "signals": [repr(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)],
        "logging": [logging.getLogger().handlers, logging.getLogger("huggingface_hub").level],
        "hook": repr(sys.excepthook),
    }

async def heard(clip):
    config = translate.load_config(flags={"asr": {"model": "whisper-tiny.en"}})
    session = translate.Session(translate.FileSource(clip), spoken="en", targets=["es"], config=config)
    return [event.committed async for event in session if isinstance(event, translate.Translation) and event.final]

before = settings()
texts = asyncio.run(heard(sys.argv[1]))
from huggingface_hub import constants
loaded = [name for name in ("onnxruntime", "hf_xet") if name in sys.modules]
print(json.dumps([texts, before == settings(), constants.HF_HUB_OFFLINE, loaded]))
"""
"""A program that embeds a session; what it had set is compared after its talk."""


@pytest.mark.models
def test_a_program_that_embeds_a_session_keeps_its_own_settings(clips: dict[str, Any]) -> None:
    ours = ("HF_HUB_OFFLINE", "OPENBLAS_NUM_THREADS", "ONEDNN_PRIMITIVE_CACHE_CAPACITY", "ORT_DISABLE_TELEMETRY")
    plain = {name: value for name, value in os.environ.items() if name not in ours}
    ran = subprocess.run([sys.executable, "-c", HOST, str(clips["fleurs_en_007"].path)], env=plain, capture_output=True,
                         text=True, check=True, timeout=120)  # fmt: skip
    texts, is_unchanged, is_offline, loaded = json.loads(ran.stdout.splitlines()[-1])
    assert texts
    assert is_unchanged
    assert not is_offline, "the program could still download from its hub"
    assert loaded == []


def test_a_process_of_our_own_is_told_to_stay_offline_and_cannot_load_what_has_telemetry() -> None:
    code = """
import os, translate
os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = "7"
translate.prepare_process()
from huggingface_hub import constants
from importlib import import_module
refused = []
for name in ("onnxruntime", "hf_xet"):
    try:
        import_module(name)
    except ImportError:
        refused.append(name)
if len(refused) == 2:
    print(constants.HF_HUB_OFFLINE, *(os.environ[name] for name in (
        "OPENBLAS_NUM_THREADS", "ORT_DISABLE_TELEMETRY", "ONEDNN_PRIMITIVE_CACHE_CAPACITY")))
"""
    plain = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    ran = subprocess.run([sys.executable, "-c", code], env=plain, capture_output=True, text=True, check=True,
                         timeout=60)  # fmt: skip
    assert ran.stdout.split() == ["True", "1", "1", "7"], "what a user has set stays"


@pytest.mark.slow
def test_programs_are_checked_against_our_types(tmp_path: Path) -> None:
    """Without ``py.typed`` a type checker takes every name of the package for anything at all."""
    (tmp_path / "wrong.py").write_text("from translate import FileSource\nFileSource(1)\n")
    example = Path(translate.__file__).parent.parent / "docs" / "examples" / "captions.py"
    ran = subprocess.run([sys.executable, "-m", "mypy", "--strict", example, "wrong.py"], cwd=tmp_path,
                         capture_output=True, text=True, check=False, timeout=200)  # fmt: skip
    complaint, total = ran.stdout.splitlines()
    assert complaint.startswith('wrong.py:2: error: Argument 1 to "FileSource" has incompatible type "int"')
    assert total.startswith("Found 1 error in 1 file"), "the example is right"
