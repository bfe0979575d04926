"""Runs the command line for `python -m batchwarp`."""

import sys

from batchwarp.cli import main

if __name__ == "__main__":
    sys.exit(main())
