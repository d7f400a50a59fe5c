"""The command ``styleguard-edu``: check this installation, and say what helps."""

import argparse

from . import __version__
from .doctor import report


def main(arguments=None):
    """Carry out the command line and return the process' exit code."""
    parser = argparse.ArgumentParser(prog="styleguard-edu", description=__doc__.split(": ")[1])
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("doctor", help="check this installation, and say what helps")
    if parser.parse_args(arguments).command == "doctor":
        return int(not report())
    parser.print_help()
    return 0
