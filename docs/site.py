"""The files of the site of the documents: those of the whole repository, each in its place, so that links hold."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
SHOWN = [
    "*.md",
    "LICENSE",
    "docs/**/*.md",
    "docs/**/*.png",
    "docs/**/*.svg",
    "examples/*.md",
    "examples/*.py",
    "kwsd/*/*.schema.json",
    "kwsd/tokenizer/models/*.md",
    "systemd/*.md",
]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put the files of the repository in the place of those in docs/; mkdocs calls it."""
    for file in [one for one in files if one.src_dir == config.docs_dir]:
        files.remove(file)
    for path in sorted(path for pattern in SHOWN for path in ROOT.glob(pattern)):
        files.append(File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    return files
