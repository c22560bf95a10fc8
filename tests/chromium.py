"""A real browser with a microphone of software, and with the fonts and pixels that a test asks for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FONTS = Path("/usr/share/fonts")


@dataclass(frozen=True, slots=True)
class Display:
    """What a page is drawn with. Fonts differ in how high and how wide letters of the same size are."""

    fonts: str
    """A family of fonts, the only one that the browser has."""
    scale: float = 1
    """Pixels of the screen per CSS pixel."""

    def __str__(self) -> str:
        return f"{self.fonts}-{self.scale:g}"


FILES = {"DejaVu": ("DejaVuSans.ttf", "fonts-dejavu-core"), "Noto": ("NotoSans-Regular.ttf", "fonts-noto-core")}
"""Of each family: a file that its folder holds, and the Debian package (see ``install-system-packages``)."""
SCALES = (1, 1.25, 2)


def shown_on(displays: list[Display]) -> pytest.MarkDecorator:
    """For tests that measure lines or boxes: each display is a browser of its own."""
    return pytest.mark.parametrize("display", displays, indirect=True, ids=str)


on_all_displays = shown_on([Display(fonts, scale) for fonts in FILES for scale in SCALES])
on_some_displays = shown_on([Display("DejaVu", 1), Display("Noto", 1.25), Display("DejaVu", 2)])
with_all_fonts = shown_on([Display(fonts) for fonts in FILES])


@pytest.fixture(scope="module")
def display(request: pytest.FixtureRequest) -> Display | None:
    """``None``: the fonts of this machine, one pixel per CSS pixel."""
    return getattr(request, "param", None)


@pytest.fixture(scope="module")
def browser(microphone_file: Path, display: Display | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium whose microphone plays ``microphone_file``, a fixture of the folder, once."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone_file}%noloop",
                "--disable-background-networking",
                # The scale of a context only enlarges the picture; with this one, too, the layout is in those pixels.
                *([f"--force-device-scale-factor={display.scale}"] if display else []),
            ],
            env=os.environ | (_only(display, tmp_path_factory.mktemp("fonts")) if display else {}),
        )
        yield browser
        browser.close()


def _only(display: Display, folder: Path) -> dict[str, str]:
    """The environment in which fontconfig knows no other fonts."""
    file, package = FILES[display.fonts]
    found = next(FONTS.rglob(file), None)
    if found is None:
        pytest.skip(f"{display.fonts} fonts are not installed (Debian: apt-get install {package})")
    (folder / "fonts.conf").write_text(
        f"""<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{found.parent}</dir>
  <cachedir>{folder}/cache</cachedir>
  <match><test name="family"><string>serif</string></test>
    <edit name="family" mode="assign" binding="strong"><string>{display.fonts} Serif</string></edit></match>
  <match><edit name="family" mode="append_last"><string>{display.fonts} Sans</string></edit></match>
</fontconfig>
""",
        encoding="utf-8",
    )
    return {"FONTCONFIG_FILE": str(folder / "fonts.conf")}
