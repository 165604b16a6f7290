"""The compiled scorers; everything else about the package is in pyproject.toml.

`KWSD_CHECKED=1 pip install .` compiles them with bounds checks, for debugging.
"""

import os

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
KERNELS = [
    Extension(
        f"kwsd.scorers._{name}",
        [f"cython_ext/{name}.pyx"],
        # These go into the source distribution, and of a .pyx only what it compiles to would.
        depends=[f"cython_ext/{name}.pyx", "cython_ext/costs.h", "cython_ext/columns.h"],
        extra_compile_args=["-O3"],
    )
    for name in ("edit_distance", "dtw", "windows")
]

setup(ext_modules=cythonize(KERNELS, compiler_directives=DIRECTIVES))
