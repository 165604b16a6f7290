import importlib
import sys

import pytest

from kwsd.errors import KwsdError


@pytest.mark.parametrize("kernel", ["_costs", "_dtw", "_edit_distance", "_smith_waterman", "_windows"])
def test_without_a_compiled_kernel_the_scorers_say_how_to_build_it(kernel, monkeypatch):
    for name in [n for n in sys.modules if n.startswith("kwsd.scorers")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, f"kwsd.scorers.{kernel}", None)

    with pytest.raises(KwsdError, match=r"python setup\.py build_ext --inplace"):
        importlib.import_module("kwsd.scorers")
