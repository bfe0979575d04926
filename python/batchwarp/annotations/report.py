"""What is wrong with annotations: which file, which annotation, what."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from batchwarp._words import counted
from batchwarp.errors import AnnotationError

__all__ = ["BadAnnotation", "Finding", "Report"]

_FIRST = 10  # of each kind, in messages


class BadAnnotation(Exception):
    """Something is wrong with one annotation, which is to go into a report.

    Args:
        kind: String, in a few words, which others like it have, too.
        reason: String, what it is in this one.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(kind, reason)
        self.kind = kind
        self.reason = reason


class Finding(NamedTuple):
    """One thing that is wrong.

    Attributes:
        kind: String, what it has in common with others.
        path: String, the file that is to be put right.
        item: String, what it is about in this file: `"annotation 17 of cats/1.jpg"`; empty for the
            file itself.
        reason: String, what is wrong.
    """

    kind: str
    path: str
    item: str
    reason: str

    @property
    def is_of_a_file(self) -> bool:
        """Whether it is of a file as a whole, and of none of its annotations."""
        return not self.item

    def text(self) -> str:
        """Returns what is wrong with what, in one line without the path."""
        return f"{self.item}: {self.reason}" if self.item else self.reason


class Report:
    """All that is wrong with the annotations of a data set.

    Args:
        path: String, where the annotations are: a file or a folder.

    Attributes:
        path: As the argument.
        findings: List of `Finding`, in the order in which they were found.
        checked: Integer, how many annotations have been looked at, good and bad ones.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self.checked = 0

    def add(self, kind: str, item: str, reason: str, path: str | None = None) -> None:
        """Adds a finding; see there. Without a path it is one of the file of annotations."""
        self.findings.append(Finding(kind, self.path if path is None else path, item, reason))

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        return dict(Counter(finding.kind for finding in self.findings))

    def first(self) -> dict[str, list[Finding]]:
        """Returns the first ten findings of each kind."""
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            some = found.setdefault(finding.kind, [])
            if len(some) < _FIRST:
                some.append(finding)
        return found

    def raise_if_bad(self) -> None:
        """Raises an `AnnotationError` of the first findings of each kind, if there are any."""
        if not self.findings:
            return
        counts = self.counts
        found = len(self.findings)
        lines = [counted(found, "bad annotation or file", "bad annotations or files")]
        for kind, some in self.first().items():
            more = counts[kind] - len(some)
            lines.append(f"{kind}: {counts[kind]}{f', of which the first {_FIRST}' * (more > 0)}")
            lines += [
                "  " + (one.text() if one.path == self.path else f"{one.path}: {one.text()}")
                for one in some
            ]
        lines.append('`on_error="skip"` leaves them out, and lists them in the flow\'s `errors`.')
        raise AnnotationError(self.path, "\n".join(lines))

    def errors(self) -> list[AnnotationError]:
        """Returns an error for each finding, as flows list them."""
        return [AnnotationError(one.path, one.text()) for one in self.findings]
