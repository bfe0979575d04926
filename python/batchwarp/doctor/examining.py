"""All that there is to say of a script."""

from __future__ import annotations

from dataclasses import dataclass

from batchwarp.doctor import albumentations_rules, generator_rules, layer_rules
from batchwarp.doctor.code import Code
from batchwarp.doctor.documents import Document
from batchwarp.doctor.findings import Finding
from batchwarp.doctor.swapping import swapped

__all__ = ["Examined", "examine"]


@dataclass(frozen=True)
class Examined:
    """What was found in a script.

    Attributes:
        document: The script.
        findings: List of `Finding`, in order of lines.
        changed: Dictionary from numbers of cells, 0 for a script, to their new text.

    Example:
        >>> result = examine(read(Path("train.py")))
        >>> print(result.changed[0].splitlines()[0])
        from batchwarp import ImageDataGenerator
    """

    document: Document
    findings: list[Finding]
    changed: dict[int, str]


def examine(document: Document) -> Examined:
    """Reads a script's code for what batchwarp has to say of it.

    Args:
        document: The script.

    Example:
        >>> [finding.kind for finding in examine(read(Path("train.py"))).findings]
        ['import']
    """
    code = Code(document.tree)
    swap = swapped(document, code)
    found = [
        *swap.findings,
        *generator_rules.findings(document, code),
        *layer_rules.findings(document, code),
        *albumentations_rules.findings(document, code),
    ]
    return Examined(document, sorted(set(found)), document.edited(swap.edits))
