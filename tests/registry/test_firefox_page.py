"""The table of ``docs/FIREFOX.md`` is that of the catalog."""

import re
from pathlib import Path

from models.firefox.page import rows


def test_every_pair_of_the_catalog_is_in_the_page_with_its_numbers() -> None:
    page = (Path(__file__).parents[2] / "docs" / "FIREFOX.md").read_text("utf-8").splitlines()
    shown = [line for line in page if re.match(r"\| \w[\w ]* \| `\w+` \|", line)]
    assert shown == rows()
    assert len(shown) > 50
