"""The token that opens the page: made once for an account, and kept in a file that only its owner can read."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from kwsd.atomic_write import replacing
from kwsd.errors import ConfigError

_TOKEN = re.compile(r"[\w-]{32,64}")
_BYTES = 24


def default_token_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The file of this account's token: `$XDG_CONFIG_HOME/kwsd/monitor-token`, or `~/.config/kwsd/monitor-token`."""
    home = os.path.expanduser("~/.config")  # noqa: PTH111 - Path.expanduser raises where there is no home
    return Path(environ.get("XDG_CONFIG_HOME") or home) / "kwsd" / "monitor-token"


def read_token(path: Path) -> str:
    """The token in a file, which is made if it is missing.

    Raises:
        ConfigError: the file cannot be read, others can read it, or it holds no token.
        StoreError: it cannot be written.
    """
    if not path.exists():
        with replacing(path) as file:
            file.write(secrets.token_urlsafe(_BYTES).encode() + b"\n")
    try:
        open_to_others, text = path.stat().st_mode & 0o077, path.read_text(errors="replace").strip()
    except OSError as error:
        raise ConfigError(f"the token {path} cannot be read: {error.strerror}") from error
    if open_to_others:
        raise ConfigError(f"other accounts can read the token in {path}: delete the file, and a new one is made")
    if not _TOKEN.fullmatch(text):
        raise ConfigError(f"{path} holds no token: delete the file, and a new one is made")
    return text
