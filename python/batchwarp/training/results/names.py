"""Names of the files in the folder of a run."""

from __future__ import annotations

RECORD_FILE = "run.json"
HISTORY_FILE = "history.json"
REPORT_FILE = "report.html"
MODEL_FILE = "model.keras"
LAST_MODEL_FILE = "last.keras"  # where model.keras is the best one
H5_FILE = "model.h5"
CHECKPOINT_FILE = "epoch.checkpoint"  # of the epoch under way
MISCLASSIFIED_FILE = "misclassified.csv"

WORST_FILE = "worst.png"

# Pictures with their headings in the report, which shows matrices and mistakes in its own way.
PICTURES = {
    "curves.png": "Learning curves",
    "before-after.png": "A batch before and after augmentation",
    "variants.png": "Variants of one picture",
    WORST_FILE: "The worst pictures, their masks, and what the model has found",
}
CONFUSION_FILE = "confusion.png"
MISTAKES_FILE = "misclassified.png"

# All that a run writes, in the order in which the user is told.
FILES = (
    RECORD_FILE,
    HISTORY_FILE,
    REPORT_FILE,
    MODEL_FILE,
    LAST_MODEL_FILE,
    H5_FILE,
    CHECKPOINT_FILE,
    MISCLASSIFIED_FILE,
    *PICTURES,
    CONFUSION_FILE,
    MISTAKES_FILE,
)
