"""The first page of a kiosk's screen, in real Chromium: it waits for its service, and keeps its token to itself."""

from __future__ import annotations

import http.server
import threading
from pathlib import Path
from typing import Any

import pytest

from translate.service.screen import start_page, write_start_page
from translate.service.units import ServiceError


@pytest.fixture(scope="module")
def microphone_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The browser of the tests wants one; a screen never listens."""
    return tmp_path_factory.mktemp("microphone") / "none.wav"


class Captions(http.server.BaseHTTPRequestHandler):
    """Says the same to every visitor; like the service, it lets pages from elsewhere see that it lives, and no more."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Cross-Origin-Resource-Policy", "cross-origin" if self.path == "/healthz" else "same-origin")
        self.end_headers()
        self.wfile.write(b"<title>captions</title>")

    def log_message(self, *_: Any) -> None:
        """Not in the tests' output."""


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_it_goes_on_as_soon_as_there_is_a_service(browser: Any, tmp_path: Path) -> None:
    reserved = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Captions)
    port = reserved.server_address[1]
    reserved.server_close()
    path = write_start_page(f"http://127.0.0.1:{port}/kiosk#t=secret", tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    context = browser.new_context()
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_timeout(2500)  # it has asked twice by now
    assert page.title() == "Sottovoce"
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Captions) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        page.wait_for_url("**/kiosk#t=secret", timeout=15_000)
        assert page.title() == "captions"
        service.shutdown()
    context.close()


def test_it_is_written_anew_each_time(tmp_path: Path) -> None:
    write_start_page("http://127.0.0.1:8765/kiosk?to=de", tmp_path)
    write_start_page("http://127.0.0.1:8765/kiosk?to=fr", tmp_path)
    assert "to=fr" in (tmp_path / "start.html").read_text()


def test_nothing_in_an_address_becomes_part_of_the_page() -> None:
    nasty = start_page("http://h/</script><script>alert(1)</script>")
    assert nasty.count("</script>") == 1


@pytest.mark.parametrize("page", ["", "kiosk", "file:///etc/passwd", "javascript:alert(1)", "http://"])
def test_what_is_no_address_is_refused(page: str, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="no address of a page"):
        write_start_page(page, tmp_path)
    assert list(tmp_path.iterdir()) == []
