"""How every script answers arguments that it cannot use."""

from __future__ import annotations

import argparse
from typing import NoReturn

from .text import one_line

BAD_INPUT = 2


class Parser(argparse.ArgumentParser):
    """One line, as for every other bad input; the parsers of sub-commands are of this class too."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {one_line(message)}; see {self.prog} --help\n")
