"""The compiled scorers; everything else about the package is in pyproject.toml.

`KWSD_CHECKED=1 pip install .` compiles them with bounds checks, for debugging.
"""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

CHECKED = bool(os.environ.get("KWSD_CHECKED"))
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": CHECKED,
    "wraparound": False,
    "initializedcheck": CHECKED,
    "cdivision": not CHECKED,
    "freethreading_compatible": True,
}
# A product fused with a sum is rounded once, and would not have the twin's bits.
ARGUMENTS = ["/O2", "/fp:precise"] if sys.platform == "win32" else ["-O3", "-ffp-contract=off"]
ELSEWHERE = {
    "archive": "kwsd.archive.search._kernels",
    "beam": "kwsd.archive.segments._beam",
    "discovery": "kwsd.archive.discovery._kernels",
    "elias_fano": "kwsd.archive.segments._elias_fano",
    "pairs": "kwsd.archive.segments._pairs",
}
KERNELS = [
    Extension(
        ELSEWHERE.get(name, f"kwsd.scorers._{name}"),
        [f"cython_ext/{name}.pyx"],
        # These go into the source distribution, and of a .pyx only what it compiles to would.
        depends=[f"cython_ext/{name}.pyx", *sorted(map(str, Path("cython_ext").glob("*.h")))],
        extra_compile_args=ARGUMENTS,
    )
    for name in (
        "costs",
        "edit_distance",
        "dtw",
        "windows",
        "smith_waterman",
        "archive",
        "beam",
        "discovery",
        "elias_fano",
        "pairs",
    )
]

setup(
    ext_modules=cythonize(KERNELS, compiler_directives=DIRECTIVES),
    options={"build_ext": {"parallel": os.cpu_count()}},
)
