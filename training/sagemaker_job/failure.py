"""What went wrong, where SageMaker looks for it."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

from serving.scoring.errors import ScoringError

_log = logging.getLogger(__name__)


def reason_of(error: Exception) -> str:
    """Say what went wrong; the traceback only of what nobody foresaw, and last."""
    if isinstance(error, ScoringError):
        return str(error)
    if isinstance(error, OSError):
        where = error.filename2 or error.filename
        what = error.strerror or str(error)
        return f"{where}: {what}" if where else what
    if isinstance(error, MemoryError):
        return "there is not enough memory for this data: choose a larger instance"
    trace = "".join(traceback.format_exception(error))
    return f"unexpected {type(error).__name__}: {error}\n\n{trace}"


def write_failure(path: Path, reason: str) -> None:
    """Write the reason to where SageMaker takes it from, and to the log."""
    _log.error("%s", reason)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(reason, encoding="utf-8", errors="replace")
    except OSError as error:
        # The log has it; the exit code says the rest.
        _log.error("%s cannot be written: %s", path, error.strerror)
