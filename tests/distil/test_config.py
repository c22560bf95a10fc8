"""Recipes: every mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.distil.config import load_recipe
from models.distil.errors import DistilError

SHIPPED = sorted((Path(__file__).parents[2] / "models" / "distil" / "recipes").glob("??-??.toml"))
HEAD = 'name = "x"\nlanguages = ["en", "es"]\ndirections = [["en", "es"]]\n'


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_recipes_load(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    assert recipe.data.files


def test_changes_go_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(HEAD, encoding="utf-8")
    recipe = load_recipe(path, ["train.hours=0.15", "data.files=['a.tsv']", "licence=CC0"])
    assert (recipe.train.hours, recipe.data.files, recipe.licence) == (0.15, ("a.tsv",), "CC0")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "colour = 1\n", "unknown key 'colour'"),
        (HEAD + "[train]\nhours = 'two'\n", r"\[train\]: 'hours' must be float"),
        (HEAD + "train = 3\n", "'train' must be a table"),
        ('name = "x"\n', "languages"),
        (HEAD.replace("]]", '], ["es", "en"]]'), "need tags"),
        (HEAD.replace('[["en", "es"]]', '[["en", "de"]]'), "is not between"),
        ("name = \n", "line 1"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DistilError, match=message):
        load_recipe(path)


def test_missing_recipe(tmp_path: Path) -> None:
    with pytest.raises(DistilError, match="no such recipe"):
        load_recipe(tmp_path / "y.toml")
