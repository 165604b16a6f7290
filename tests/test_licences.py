"""The licences of what kwsd depends on: each lets kwsd, under Apache-2.0, be used and passed on together with it."""

import re
from importlib.metadata import PackageNotFoundError, distribution

import pytest

packaging = pytest.importorskip("packaging.requirements", reason="packaging comes with pytest")

OF_DEVELOPERS = {"train", "dev", "docs", "bench"}
# Permissive ones, and those whose conditions end at the file or at the library (MPL, LGPL, EPL).
COMPATIBLE = re.compile(
    r"apache|bsd|\bmit\b|\bisc\b|\bpsf|python software foundation|zlib|\bmpl|mozilla|\blgpl|lesser general public|"
    r"\bepl|eclipse|cc0|unlicense|public domain|hpnd|boost",
    re.I,
)


def compatible(text):
    """Whether one of the licences between "OR" has only conditions that kwsd can fulfil."""
    choices = re.split(r"\bOR\b", text)
    return any(all(COMPATIBLE.search(one) for one in re.split(r"\bAND\b|,", choice)) for choice in choices)


def licence(name):
    """What the metadata of an installed distribution says: an expression, else classifiers, else the line of a text."""
    facts = distribution(name).metadata
    named = [one.rpartition(" :: ")[2] for one in facts.get_all("Classifier", []) if one.startswith("License")]
    first_line = (facts.get("License") or "").strip().partition("\n")[0]
    return facts.get("License-Expression") or ", ".join(named) or first_line


def needed(name, extras=frozenset(), seen=None):
    """The installed distributions that one needs, with these extras, and what these need."""
    seen = set() if seen is None else seen
    for text in distribution(name).requires or []:
        requirement = packaging.Requirement(text)
        wanted = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in extras or {""}
        )
        if wanted and (requirement.name, frozenset(requirement.extras)) not in seen:
            seen.add((requirement.name, frozenset(requirement.extras)))
            try:
                needed(requirement.name, requirement.extras, seen)
            except PackageNotFoundError:
                seen.discard((requirement.name, frozenset(requirement.extras)))
    return seen


def test_what_kwsd_depends_on_may_be_used_and_passed_on_with_it():
    try:
        extras = set(distribution("kwsd").metadata.get_all("Provides-Extra", [])) - OF_DEVELOPERS
    except PackageNotFoundError:
        pytest.skip("kwsd is not installed, so that its dependencies are not known")
    names = {name for name, _ in needed("kwsd", extras) | needed("kwsd")} - {"kwsd"}
    found = {name: licence(name) for name in names}

    assert len(found) > 5
    assert {name: text for name, text in found.items() if not compatible(text)} == {}


def test_a_licence_that_asks_for_the_source_of_the_whole_is_not_taken_for_compatible():
    assert not compatible("GPL-3.0-or-later")
    assert not compatible("BSD-3-Clause AND AGPL-3.0-only")
    assert compatible("GPL-2.0-only OR BSD-3-Clause")
    assert not compatible("")
