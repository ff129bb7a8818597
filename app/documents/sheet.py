"""Papers that go on for as many pages as they need: head, lines, columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.documents.paper import Paper, clean, width, wrapped
from app.shared.language import _


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its word, where it begins and how wide it is, in shares of a line.

    Numbers end at its right.
    """

    word: str
    start: float
    share: float
    is_number: bool = False


class Sheet:
    """A paper of one title on pages of one size; every page says what it is of."""

    def __init__(self, paper: Paper, size: str, title: str, about: str) -> None:
        """Begin on a page of its own; `about` stands beside the title on each."""
        self.paper, self.size = paper, size
        self.title, self.about = clean(title), clean(about, 80)
        # A printer of labels has little room, and prints small letters well.
        is_small = size == "label"
        self.edge, self.letters = (12.0, 7.5) if is_small else (48.0, 9.5)
        self.number = 0
        self.top = 0.0
        self._turn()

    @property
    def room(self) -> float:
        """Return how wide a line may be."""
        return self.paper.width - 2 * self.edge

    def _turn(self) -> None:
        self.paper.page(self.size)
        self.number += 1
        right, size = self.paper.width - self.edge, self.letters
        self.top = self.edge + size * 1.6
        self.paper.text(self.edge, self.top, self.title, size * 1.6, bold=True)
        told = f"{self.about} · {_('page {n}', n=self.number)}" if self.number > 1 else self.about
        fits = width(self.title, size * 1.6, bold=True) + width(told, size) < self.room - size
        if not fits:
            self.top += size * 1.4
        self.paper.right(right, self.top, told, size)
        self.top += size * 0.8
        self.paper.rule(self.edge, self.top, right)
        self.top += size * 1.8

    def need(self, high: float) -> bool:
        """Turn the page where there is no room left; return whether it was turned."""
        if self.top + high <= self.paper.height - self.edge:
            return False
        self._turn()
        return True

    def gap(self, lines: float = 1) -> None:
        """Leave lines empty."""
        self.top += lines * self.letters * 1.3

    def write(self, words: str, scale: float = 1.0, *, bold: bool = False) -> None:
        """Write words in as many lines as they need."""
        size = self.letters * scale
        for line in wrapped(words, size, self.room, bold=bold):
            self.need(size * 1.3)
            self.paper.text(self.edge, self.top, line, size, bold=bold)
            self.top += size * 1.3

    def beside(self, blocks: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Write blocks of lines beside each other, each under its word."""
        share = self.room / len(blocks)
        size, top = self.letters, self.top
        ends = []
        for n, (word, lines) in enumerate(blocks):
            left = self.edge + n * share
            self.paper.text(left, top, word, size * 0.85)
            told = [
                line
                for words in lines
                for line in wrapped(clean(words), size, share - size, most=3)
            ]
            ends.append(self.paper.lines(left, top + size * 1.4, told, size))
        self.top = max(ends)
        self.gap(0.5)

    def head(self, columns: Sequence[Column]) -> None:
        """Write what columns are called."""
        size = self.letters * 0.85
        for column in columns:
            self._cell(column, column.word, size, bold=True)
        self.top += size * 0.7
        self.paper.rule(self.edge, self.top, self.paper.width - self.edge, 0.5)
        self.top += size * 1.7

    def row(self, columns: Sequence[Column], cells: Sequence[str]) -> None:
        """Write one row, its longest cell in up to four lines; the head again on a new page."""
        size = self.letters
        told = [
            [clean(cell)]
            if c.is_number
            else wrapped(clean(cell), size, c.share * self.room - 4, most=4)
            for c, cell in zip(columns, cells, strict=True)
        ]
        many = max(len(lines) for lines in told)
        if self.need(many * size * 1.25 + size):
            self.head(columns)
        start = self.top
        for column, lines in zip(columns, told, strict=True):
            self.top = start
            for line in lines:
                self._cell(column, line, size)
                self.top += size * 1.25
        self.top = start + many * size * 1.25 + size * 0.35

    def _cell(self, column: Column, words: str, size: float, *, bold: bool = False) -> None:
        left = self.edge + column.start * self.room
        if column.is_number:
            self.paper.right(left + column.share * self.room, self.top, words, size, bold=bold)
        else:
            self.paper.text(left, self.top, words, size, bold=bold)
