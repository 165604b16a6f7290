"""`kwsd completion`: what the Tab key offers."""

import os
import shutil
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("shell", "place"),
    [
        ("bash", "bash-completion/completions/kwsd"),
        ("zsh", "zsh/site-functions/_kwsd"),
        ("fish", "fish/completions/kwsd.fish"),
    ],
)
def test_the_script_is_written_where_the_shell_looks_for_it(kwsd, strange_home, shell, place):
    result = kwsd("completion", shell)

    assert result.exit_code == 0
    assert str(strange_home / place) in result.stdout
    assert (strange_home / place).read_text() + "\n" == kwsd("completion", shell, "--print").stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.parametrize(("typed", "offered"), [("kwsd fee", "feedback"), ("kwsd scan --refr", "--refractory")])
def test_bash_completes_verbs_and_options(kwsd, strange_home, tmp_path, typed, offered):
    kwsd("completion", "bash")
    program = tmp_path / "bin" / "kwsd"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c "from kwsd.cli import main; main(prog_name=\'kwsd\')" "$@"\n'
    )
    program.chmod(0o755)
    words = typed.split()
    ask = (
        f'source "{strange_home}/bash-completion/completions/kwsd"; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; '
        '_kwsd_completion kwsd; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-c", ask], capture_output=True, text=True, env=os.environ | {"PATH": path}, check=False
    )

    assert result.stdout.split() == [offered], result.stderr
