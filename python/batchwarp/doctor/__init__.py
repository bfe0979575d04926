"""Scripts that augment with other libraries: what to expect of them, and how to swap.

Scripts are read, and never run.
"""

from __future__ import annotations

from batchwarp.doctor.documents import Document, DocumentError, read
from batchwarp.doctor.examining import Examined, examine
from batchwarp.doctor.findings import Finding

__all__ = ["Document", "DocumentError", "Examined", "Finding", "examine", "read"]
