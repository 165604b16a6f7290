"""The settings of each verb, checked, and the TOML file that may hold them.

Every setting is one field of a class: its annotation says the type, the range and the help text, and its default is the
default of the option. `kwsd/cli/options.py` makes the options of the command line from these fields.

The modules with such classes do without `from __future__ import annotations`: every start of kwsd reads the
annotations, and as text each of them would have to be compiled first.
"""
