"""Log messages on a terminal and in a file."""

import io
import json

import structlog

from kwsd.cli.logs import configure


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_logs_are_json_lines_where_no_one_watches():
    out = io.StringIO()
    configure("info", out)
    structlog.get_logger().warning("too hot", degrees=80)
    line = json.loads(out.getvalue())

    assert (line["event"], line["level"], line["degrees"]) == ("too hot", "warning", 80)


def test_logs_are_for_people_on_a_terminal():
    out = Terminal()
    configure("info", out)
    structlog.get_logger().warning("too hot", degrees=80)

    assert "too hot" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_messages_below_the_level_are_left_out():
    out = io.StringIO()
    configure("error", out)
    structlog.get_logger().warning("too hot")

    assert out.getvalue() == ""
