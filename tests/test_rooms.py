"""The rooms of the package: what is private to a room stays in it. The order of the rooms is checked by `make lint`."""

import ast
from pathlib import Path

import kwsd

PACKAGE = Path(kwsd.__file__).parent
OF_THE_ROOT = {"kwsd._version"}  # the root's own, for every room


def imported(path):
    """The dotted names that a module imports, lazily or not."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_room_reaches_into_what_is_private_to_another():
    reached = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in PACKAGE.rglob("*.py")
        for name in imported(path)
        if name.startswith("kwsd.") and "._" in name and not any(name.startswith(own) for own in OF_THE_ROOT)
        if "kwsd." + ".".join(path.parent.relative_to(PACKAGE).parts) != name.split("._")[0]
    ]

    assert reached == []


def test_every_test_module_has_a_name_of_its_own():
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]

    assert sorted(name for name in set(names) if names.count(name) > 1) == []
