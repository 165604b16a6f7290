"""The site that `make docs` makes of the documents."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(not (ROOT / "mkdocs.yml").exists(), reason="the sources are not beside the tests")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site, made once."""
    pytest.importorskip("material", reason="needs mkdocs-material: pip install 'kwsd[docs]'")
    made = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(made)]
    result = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return made


def test_every_document_is_a_page_that_can_be_searched(site):
    documents = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    pages = [site / path.relative_to(ROOT).with_suffix(".html") for path in documents]
    pages[0] = site / "index.html"
    searched = (site / "search" / "search_index.json").read_text()

    assert [page for page in pages if not page.exists()] == []
    assert [page for page in pages[1:] if f'"{page.relative_to(site).as_posix()}"' not in searched] == []


def test_a_page_loads_nothing_from_elsewhere(site):
    loaded = re.compile(r"""<(?:script|img|iframe|source)[^>]+(?:src|srcset)=["']?(https?:[^"' >]+)""")
    styled = re.compile(r"""<link[^>]+rel=["']?(?:stylesheet|preconnect|preload)[^>]+href=["']?(https?:[^"' >]+)""")
    texts = [page.read_text() for page in site.rglob("*.html")]

    assert texts
    assert [found for text in texts for found in (*loaded.findall(text), *styled.findall(text))] == []
