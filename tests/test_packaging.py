"""What pyproject.toml promises: the extras that are named exist and hold what is imported."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import kwsd

ROOT = Path(__file__).parent.parent
PACKAGE = Path(kwsd.__file__).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
OF_DEVELOPERS = {"train", "dev", "docs", "bench"}
NOT_IN_ALL = {
    "cluster",  # Ray has no wheel for musl, and none for the newest Python for a while
    "say",  # 110 MB
    "second-look",  # as many
}
OF_OTHERS = {"kwsd", "ovos_plugin_manager"}  # OVOS imports kwsd.ovos, and is there then
NAMED = re.compile(r"(?:kwsd|\.|/src)\[([a-z,-]+)\]")


def named(path):
    """The extras that a text tells its reader to install."""
    return {extra for match in NAMED.finditer(path.read_text()) for extra in match[1].split(",")}


def distribution(requirement):
    """The name of what a requirement installs, in normal form."""
    return re.split(r"[\[<>=;]", requirement)[0].lower().replace("_", "-")


def imported(path):
    """The first names of the modules that a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", [PACKAGE, ROOT / "docs"], ids=["sentences of kwsd", "documentation"])
def test_every_extra_that_a_sentence_names_exists(path):
    texts = [one for one in path.rglob("*") if one.suffix in (".py", ".md")]

    assert {extra for text in texts for extra in named(text)} <= set(EXTRAS)


def test_all_is_every_extra_of_users_but_the_heavy_ones():
    (everything,) = EXTRAS["all"]

    assert set(NAMED.match(everything)[1].split(",")) == set(EXTRAS) - OF_DEVELOPERS - NOT_IN_ALL - {"all"}


def test_everything_that_is_imported_can_be_installed_by_name():
    declared = {distribution(one) for one in PROJECT["dependencies"]}
    declared |= {distribution(one) for extra, many in EXTRAS.items() if extra not in OF_DEVELOPERS for one in many}
    known = packages_distributions()
    modules = {module for path in PACKAGE.rglob("*.py") for module in imported(path)}
    others = modules - set(sys.stdlib_module_names) - OF_OTHERS
    missing = [one for one in others if not set(map(distribution, known.get(one, [one]))) & declared]

    assert missing == []
