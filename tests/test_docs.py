"""The commands in the documentation: all of them exist, and those that can run here do what the text says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from kwsd.cli import main

ROOT = Path(__file__).parent.parent
DOCS = [
    ROOT / "README.md",
    ROOT / "systemd" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "benchmarks").glob("*.md")),
]
RUN = ["quickstart.md", "choosing-a-phrase.md", "tuning.md"]

pytestmark = pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="the sources are not beside the tests")

INDENTED = re.compile(r"^ {4,}(?P<text>\S.*)$", re.M)
NUMBER = re.compile(r"\d+(?:\.\d+)?")
INLINE = re.compile(r"`(kwsd [^`]+)`")


def mentioned(path):
    """Each command `kwsd ...` in a text, as its words; alternatives and placeholders are left out."""
    text = path.read_text().replace("\\\n", " ")
    lines = [match["text"].removeprefix("$ ") for match in INDENTED.finditer(text)] + INLINE.findall(text)
    for line in lines:
        for part in re.split(r" [|;] | && ", line.partition("  #")[0]):
            words = re.sub(r"[^\w\s=./'\"*:-]", " ", part).split() if part.count('"') % 2 else split(part)
            if words and words[0] == "kwsd":
                yield words[1:]


def split(part):
    try:
        return shlex.split(part.partition(" # ")[0])
    except ValueError:
        return part.split()


def problem(words):
    """What in the words is no verb or option of kwsd, or nothing."""
    verb, context = main, click.Context(main)
    while words and isinstance(verb, click.Group) and words[0] in verb.commands:
        verb, words = verb.commands[words[0]], words[1:]
    if isinstance(verb, click.Group) and words and re.fullmatch(r"[a-z]+", words[0]):
        return words[0]
    known = {name for param in (*verb.get_params(context), *main.params) for name in param.opts}
    options = [word.partition("=")[0] for word in words[: words.index("--") if "--" in words else None]]
    return next((word for word in options if re.match(r"--[a-z]", word) and word not in known), "")


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_command_that_a_text_mentions_exists(path):
    unknown = [(problem(words), " ".join(words)) for words in mentioned(path) if problem(words)]

    assert unknown == []


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_page_that_a_text_links_to_is_there(path):
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())

    assert [target for target in targets if not (path.parent / target).exists()] == []


def examples(path):
    """Each command after "$" in a text, and the lines that the text says it prints."""
    found = []
    for line in path.read_text().splitlines():
        text = line.strip()
        if not line.startswith("    "):
            found.append(None)
        elif text.startswith("$ "):
            found.append((text.removeprefix("$ "), []))
        elif found and found[-1]:
            found[-1][1].append(text)
    return [one for one in found if one]


@pytest.fixture
def newcomer(tmp_path):
    """A shell in a folder with the examples, as a user who has no settings and no keywords."""
    if not (ROOT / "examples").exists():
        pytest.skip("the example recordings are not beside the tests")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "kwsd").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kwsd "$@"\n')
    (tmp_path / "kwsd").chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KWSD_", "XDG_"))}
    environ = kept | {"HOME": str(tmp_path), "PATH": f"{tmp_path}{os.pathsep}{kept['PATH']}"}
    environ["PYTHONPATH"] = str(ROOT)

    def shell(command):
        return subprocess.run(
            command, shell=True, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False
        )

    return shell


@pytest.mark.parametrize("name", RUN)
def test_the_commands_of_a_page_do_what_it_says(newcomer, name):
    commands = examples(ROOT / "docs" / name)
    for command, printed in commands:
        result = newcomer(command)
        lines = [line.strip() for line in result.stdout.splitlines()]

        assert result.returncode == 0, (command, result.stderr)
        for meant in (line for line in printed if line != "..."):
            assert any(alike(line, meant) for line in lines), (command, meant, lines)

    assert commands


def alike(line, meant):
    """Whether a line is the one that the text shows, with figures near those; it may break off with "..."."""
    if meant.endswith("..."):
        return line.startswith(meant.removesuffix("..."))
    if NUMBER.sub("#", line).split() != NUMBER.sub("#", meant).split():
        return False
    return [float(one) for one in NUMBER.findall(line)] == pytest.approx(
        [float(one) for one in NUMBER.findall(meant)], rel=0.25, abs=0.1
    )
