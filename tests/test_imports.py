"""Imports point one way: from what people use down to values that know nobody. See ARCHITECTURE.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import translate

PACKAGE = Path(translate.__file__).parent

LAYERS: tuple[tuple[str, ...], ...] = (
    ("atomic", "errors", "language_tags", "names", "own_process", "resources", "tasks", "usage"),
    ("events", "languages", "modes", "notice_codes", "paths"),
    ("config", "cost", "latency", "manifest", "state"),
    ("logs",),
    ("audio", "protocol", "speech", "translation"),
    ("registry",),
    ("inference",),
    ("output", "pipeline"),
    ("remote", "server"),
    ("service",),
    ("bench",),
    ("cli",),
    ("__main__",),
)
"""From the bottom up. A room imports only what is further down, and itself."""

SERVER: tuple[tuple[str, ...], ...] = (
    ("errors", "backend"),
    ("access", "metrics"),
    ("tls",),
    ("http", "rooms"),
    ("network",),
    ("app", "local_backend"),
)
"""The same inside the server; whatever is not named stands at the top."""


def modules() -> dict[str, Path]:
    """Every module of the package, by its dotted name without ``translate.``."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(tree: ast.AST, known: dict[str, Path]) -> Iterator[str]:
    """Modules of the package that are imported when the code runs, those in functions too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith("translate."):
            module = node.module.removeprefix("translate.")
            yield from (f"{module}.{one.name}" if f"{module}.{one.name}" in known else module for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "translate":
            yield from (one.name for one in node.names if one.name in known)
        elif isinstance(node, ast.Import):
            yield from (one.name.removeprefix("translate.") for one in node.names if one.name.startswith("translate."))
        yield from imports(node, known)


def graph() -> dict[str, set[str]]:
    known = modules()
    return {name: {*imports(ast.parse(path.read_text("utf-8")), known)} - {name} for name, path in known.items()}


def rank(layers: tuple[tuple[str, ...], ...], room: str) -> int:
    return next((i for i, rooms in enumerate(layers) if room in rooms), len(layers))


def test_every_room_has_its_place() -> None:
    rooms = {name.split(".")[0] for name in modules() if name}
    assert rooms == {room for layer in LAYERS for room in layer}


def test_no_import_points_upwards_or_sideways() -> None:
    wrong = [
        f"{name} imports {other}"
        for name, others in graph().items()
        for other in others
        if name and other.split(".")[0] != name.split(".")[0]
        if rank(LAYERS, other.split(".")[0]) >= rank(LAYERS, name.split(".")[0])
    ]
    assert not wrong


def test_the_server_s_rooms_import_one_way() -> None:
    def room(name: str) -> str:
        return name.split(".")[1] if "." in name else ""

    wrong = [
        f"{name} imports {other}"
        for name, others in graph().items()
        for other in others
        if name.startswith("server.") and other.startswith("server.") and room(name) != room(other)
        if rank(SERVER, room(other)) >= rank(SERVER, room(name))
    ]
    assert not wrong


def test_no_module_imports_itself_by_way_of_others() -> None:
    everything = graph()
    finished: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in finished:
            for other in everything[name] & everything.keys():
                visit(other, (*path, name))
            finished.add(name)

    for name in everything:
        visit(name, ())
