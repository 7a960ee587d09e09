"""Columns that line up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def format_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """The rows under their headers, each column as wide as its widest cell; no blanks at the ends of lines."""
    cells = [list(headers), *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headers))]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def format_pairs(pairs: Sequence[tuple[str, object]], *, indent: str = "  ") -> Iterator[str]:
    """`label  value` lines with the values below each other."""
    width = max((len(label) for label, _ in pairs), default=0)
    for label, value in pairs:
        yield f"{indent}{label.ljust(width)}  {value}"
