"""The first page of a kiosk's screen: it waits for the service, and goes on to its captions."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlsplit

from translate.service.secret import write_secret
from translate.service.units import ServiceError

__all__ = ["start_page", "write_start_page"]

_NAME: Final = "start.html"
_PAGE: Final = Template("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Sottovoce</title>
<style>
  body { background: #000; color: #888; display: grid; font: 4vh system-ui, sans-serif; height: 100vh; margin: 0; place-items: center }
</style>
<p>Sottovoce …</p>
<script>
  const page = $page;
  const look = () => fetch(new URL('healthz', page), { mode: 'no-cors', cache: 'no-store' }).then(
    () => location.replace(page),
    () => setTimeout(look, 2000),
  );
  look();
</script>
</html>
""")  # noqa: E501


def start_page(page: str) -> str:
    """HTML that leads to ``page`` as soon as it answers: a browser that meets no service shows an error for good.

    Raises:
        ServiceError: ``page`` is no address of a page.
    """
    parts = urlsplit(page)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ServiceError(f"PAGE in /etc/sottovoce/display.env is no address of a page: {page!r:.60}")
    return _PAGE.substitute(page=json.dumps(page).replace("<", "\\u003c"))


def write_start_page(page: str, folder: Path) -> Path:
    """Writes it into ``folder``, for its owner alone: the address may hold a token, which a command line would show.

    Raises:
        ServiceError: see :func:`start_page`, or it cannot be written.
    """
    return write_secret(folder / _NAME, start_page(page))
