"""The manual pages: those that ship are what the commands say, and `man` can show them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from kwsd.cli import main
from kwsd.cli.manual import escaped, pages

SHIPPED = Path(__file__).parents[2] / "docs" / "man"


def test_the_pages_that_ship_are_those_of_the_commands():
    shipped = {path.name: path.read_text() for path in SHIPPED.glob("*.1")}
    if not shipped:
        pytest.skip("the documents are not beside the tests")

    assert [name for name, page in pages().items() if shipped.get(name) != page] == [], "run `make man`"
    assert set(shipped) == set(pages())


def test_there_is_a_page_for_every_verb():
    assert set(pages()) == {"kwsd.1", *(f"kwsd-{verb}.1" for verb in main.commands)}


def test_the_commands_of_a_verb_are_on_its_page():
    page = pages()["kwsd-keywords.1"]

    assert "KWSD KEYWORDS CALIBRATE" in page
    assert r"\-\-background WAV|FOLDER|INDEX" in page


def test_a_page_has_defaults_variables_and_examples_as_they_are():
    page = pages()["kwsd-scan.1"]

    assert "default: 1.0" in page
    assert "KWSD_STORE" in page
    assert "\n  kwsd scan meeting.ogg\n" in page


def test_nothing_in_a_help_text_is_a_command_of_roff():
    assert escaped(".so /etc/passwd\n'x' a\\b --c") == "\\&.so /etc/passwd\n\\&'x' a\\eb \\-\\-c"


@pytest.mark.parametrize("name", list(pages()))
def test_mandoc_has_no_complaint(tmp_path, name):
    if not shutil.which("mandoc"):
        pytest.skip("needs mandoc")
    (tmp_path / name).write_text(pages()[name])
    found = subprocess.run(
        ["mandoc", "-Tlint", "-Wwarning", name], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    complaints = [line for line in found.stdout.splitlines() if "missing date" not in line]  # a page is of a version

    assert complaints == []


def test_man_shows_a_page(tmp_path):
    if not shutil.which("man"):
        pytest.skip("needs man")
    (tmp_path / "kwsd.1").write_text(pages()["kwsd.1"])
    shown = subprocess.run(
        ["man", "-P", "cat", "-l", tmp_path / "kwsd.1"],
        env={"PATH": "/usr/bin:/bin", "MANWIDTH": "100", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert shown.stderr == ""
    assert "kwsd scan meeting.ogg" in shown.stdout
