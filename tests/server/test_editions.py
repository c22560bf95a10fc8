"""Pages name their files under an address that changes with them, so that browsers keep what they have fetched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.test_site import fetch
from translate.resources import web_folder
from translate.server.http.static import Pages

HTML = (
    '<!doctype html><html><head><link rel="stylesheet" href="css/a.css"><link rel="manifest" href="m.webmanifest">'
    '<script type="module" src="js/pages/a.js"></script></head><body><a href="install">x</a></body></html>'
)
FILES = {
    "index.html": HTML,
    "css/a.css": "a {}",
    "m.webmanifest": "{}",
    "js/pages/a.js": "import { b } from '../b.js';\nimport {\n  c,\n} from '../c.js';\nimport '../../../outside.js';\n",
    "js/b.js": "export { d } from './d.js';\n/** @type {import('./types.js').T} */\n",
    "js/c.js": "import { b } from './b.js'; // a circle\nconst t = await import('./lazy.js');\n",
    "js/d.js": "export const d = \"import x from './no.js'\";\n",
    "js/types.js": "",
    "js/lazy.js": "",
    "js/no.js": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "outside.js").write_text("secret")
    root = tmp_path / "web"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def edition(html: bytes) -> str:
    return re.search(rb"v/([0-9a-f]{12})/", html)[1].decode()


def test_a_page_names_its_files_and_what_they_import(folder) -> None:
    html = Pages(folder).page("/").body.decode()
    base = f"v/{edition(html.encode())}/"
    assert f'href="{base}css/a.css"' in html
    assert f'src="{base}js/pages/a.js"' in html
    assert 'href="m.webmanifest"' in html, "what names the installed page stays"
    assert 'href="install"' in html
    assert re.findall('modulepreload" href="([^"]+)"', html) == [f"{base}js/{name}.js" for name in "bcd"]


def test_what_an_edition_names_is_kept_for_good_and_nothing_else(folder) -> None:
    pages = Pages(folder)
    now = edition(pages.page("/").body)
    for path, lasts in ((f"/v/{now}/js/b.js", True), ("/js/b.js", False), ("/v/0123456789ab/js/b.js", False)):
        page = pages.page(path)
        assert (page.body.decode(), page.is_lasting) == (FILES["js/b.js"], lasts)
    assert not pages.page(f"/v/{now}/index.html").is_lasting
    for path in ("/v/", "/v/x", f"/v/{now}", f"/v/{now}/", f"/v/{now}/../../outside.js", f"/v/{now}//js/b.js"):
        page = pages.page(path)
        assert page.status == 404 or path.endswith(f"{now}/"), path
        assert b"secret" not in page.body


@given(st.text(max_size=40), st.booleans(), st.sampled_from(["", "../", "%2e%2e/", "..%2f", "js/../../"]))
def test_no_edition_leads_out_of_the_folder(tmp_path_factory, text, is_present, up) -> None:
    base = tmp_path_factory.getbasetemp() / "editions"
    (base / "web").mkdir(parents=True, exist_ok=True)
    (base / "out.txt").write_text("outside")
    (base / "web" / "index.html").write_text("<head></head>")
    pages = Pages(base / "web")
    pages.page("/")
    name = pages._editions.newest().name if is_present else text[:12]
    for path in (f"/v/{name}/{up}{text}", f"/v/{name}/{up}out.txt"):
        page = pages.page(path)
        assert page.status == 404 or page.body == b"<head></head>"


def test_a_changed_file_makes_another_edition(folder) -> None:
    pages = Pages(folder)
    first = pages.page("/")
    before = edition(first.body)
    (folder / "js" / "d.js").write_text("export const d = 2;\n")
    assert not pages.page(f"/v/{before}/js/d.js").is_lasting, "before a page was asked for again"
    after = edition(pages.page("/", if_none_match=first.etag).body)
    assert after != before
    assert pages.page(f"/v/{after}/js/d.js").is_lasting
    assert not pages.page(f"/v/{before}/js/b.js").is_lasting
    (folder / "js" / "d.js").write_text(FILES["js/d.js"])
    assert edition(pages.page("/").body) == before


@pytest.mark.parametrize("name", ["index", "listen", "kiosk", "operate", "talk", "install"])
def test_all_that_the_pages_name_is_there(name) -> None:
    pages = Pages(web_folder())
    html = pages.page(f"/{name}.html").body.decode()
    named = re.findall(r'(?:href|src)="(v/[^"]+)"', html)
    assert len(named) > 5
    assert len(named) == len(set(named))
    assert all(pages.page(f"/{one}").is_lasting for one in named)


async def test_browsers_are_told_so(server) -> None:
    _, headers, html = await fetch(server.port, "/")
    assert headers["cache-control"] == "no-cache"
    (Path(server.server._site._pages._root) / "index.html").write_text(HTML)
    _, headers, html = await fetch(server.port, "/")
    _, headers, _ = await fetch(server.port, f"/v/{edition(html)}/js/app.js")
    assert headers["cache-control"] == "max-age=31536000, immutable"
    _, headers, _ = await fetch(server.port, "/js/app.js")
    assert headers["cache-control"] == "no-cache"
