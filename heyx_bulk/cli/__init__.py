"""The command line: arguments, printing, exit codes."""

from heyx_bulk.cli.app import main

__all__ = ["main"]
