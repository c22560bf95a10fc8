"""What ``import translate`` gives."""

from __future__ import annotations

import inspect
import subprocess
import sys

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
print(light, Session.__name__, load_config.__name__, "ctranslate2" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-W", "error::ImportWarning", "-c", code], capture_output=True, text=True,
                         check=True, timeout=60)  # fmt: skip
    assert ran.stdout.split() == ["True", "Session", "load_config", "True"]
