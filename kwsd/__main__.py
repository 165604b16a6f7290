"""`python -m kwsd` is `kwsd`."""

from kwsd.cli import main

main(prog_name="kwsd")
