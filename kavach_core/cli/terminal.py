"""How the command line looks: steps, labelled lines and tables, in colour on a terminal and plain in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from textwrap import wrap
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH: Final = 80
"""Columns of a pipe or a file, which has no width of its own."""

WIDEST: Final = 100
"""Columns beyond which lines are hard to read, however wide the terminal is."""

_INDENT: Final = "   "
_LABEL: Final = 12
_STYLES: Final = {
    "allowed": "green",
    "denied": "red",
    "refused": "red",
    "reached": "green",
    "failed": "red",
    "error": "red",
    "missed": "red",
    "skipped": "yellow",
    "expected": "yellow",
}


def harmless(text: str) -> str:
    """Spell out what a terminal would obey: agents choose what they ask for."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class _Console(Console):
    """A console that leaves it to the command what to do when the reader of a pipe leaves."""

    def on_broken_pipe(self) -> None:
        """Raise the error, where rich would end the process."""
        raise  # rich calls this while it handles the error


class Terminal:
    """Write a story in numbered steps to standard output.

    rich leaves out all codes where output is no terminal, and colours where `NO_COLOR` is set. Nothing that is passed
    in is taken for markup: resources are full of colons, and might be taken for emoji.
    """

    def __init__(self) -> None:
        """Find out what standard output is."""
        self._console = _Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
        width = min(self._console.width, WIDEST) if self._console.is_terminal else PLAIN_WIDTH
        self._console.width = width
        self._steps = 0

    def title(self, text: str) -> None:
        """Write what all that follows is."""
        self._print(Text(text, style="bold"))

    def step(self, text: str, call: str) -> None:
        """Begin the next step; `call` is the method that it shows."""
        self._steps += 1
        self._console.print()
        self._print(Text.assemble((f"{self._steps}. {text}", "bold"), "  ", (call, "cyan")))

    def line(self, label: str, text: str, aside: str = "") -> None:
        """Write a label and what it stands for; `aside` is what is said about it, below."""
        room = self._console.width - len(_INDENT) - _LABEL
        lines = [(line, "") for line in wrap(text, room)] + [(line, "dim") for line in wrap(aside, room)]
        for line, style in lines:
            head = (label.ljust(_LABEL), _STYLES.get(label, "dim"))
            self._print(Text.assemble(_INDENT, head, (line, style)))
            label = ""

    def field(self, label: str, text: str) -> None:
        """Write a label and a text that stays in one piece, to be copied."""
        self._print(Text.assemble(_INDENT, (label.ljust(_LABEL), _STYLES.get(label, "dim")), text))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write a table; cells too long for the width go on below, but for ids and tokens."""
        table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        for name in columns:
            table.add_column(name, overflow="fold", no_wrap=name in ("id", "hold", "token"))
        for row in rows:
            table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
        self._console.print(Padding(table, (0, 0, 0, len(_INDENT))))

    def excerpt(self, lines: Iterable[str]) -> None:
        """Write the beginning of each line of a longer text."""
        room = self._console.width - len(_INDENT)
        for line in lines:
            shown = line if len(line) <= room else line[: room - 3] + "..."
            self._print(Text(_INDENT + shown, style="dim"))

    def last(self, text: str) -> None:
        """Write what sums up all that went before."""
        self._console.print()
        self._print(Text(text, style="bold"))

    @contextmanager
    def progress(self) -> Iterator[Progress | None]:
        """Show bars that disappear after the block; yield None where output is no terminal.

        Nothing is drawn but when a bar is refreshed: output may be captured in between, by pytest for example.
        """
        if not self._console.is_terminal:
            yield None
            return
        columns = (TextColumn("   {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(
            *columns,
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        ) as progress:
            yield progress

    def _print(self, line: Text) -> None:
        """Write a line that fits, without filling it up."""
        self._console.print(line, soft_wrap=True)
