"""Logs as one JSON object a line, on stdout, in UTC."""

from __future__ import annotations

import datetime as dt
import logging
import sys

import orjson


class JsonLines(logging.Formatter):
    """Formats a record as JSON; whatever a message holds, it stays one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write time, level, event and the record's own fields."""
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def log_json_lines(level: int = logging.INFO) -> None:
    """Send every logger of this process to stdout as JSON lines."""
    # Which thread, process and line of code wrote it is not shown, and takes time to find out.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 (as its documentation has it)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("serving").setLevel(level)
