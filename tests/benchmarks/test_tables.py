import pytest

tables = pytest.importorskip("benchmarks.tables", reason="the benchmarks are not beside the tests")
measures = pytest.importorskip("benchmarks.measures")


def test_a_table_is_markdown():
    assert tables.table(("a", "b"), [[1, measures.Average(2.0, 1.0, 3.0)]]).splitlines() == [
        "| a | b |",
        "|---|---|",
        "| 1 | 2.0 [1.0, 3.0] |",
    ]


def test_numbers_may_be_set_to_the_right():
    assert tables.header(("work", "µs", "times"), numbers=2) == "| work | µs | times |\n|---|---:|---:|"


def test_a_float_has_one_decimal():
    assert tables.row(("x", 12.345, 7, "0.123")) == "| x | 12.3 | 7 | 0.123 |"
