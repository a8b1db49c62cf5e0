"""Logs as one JSON object a line, on stdout, in UTC."""

from __future__ import annotations

import datetime as dt
import logging
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson


class JsonLines(logging.Formatter):
    """Formats a record as JSON; whatever a message holds, it stays one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write time, level, event and the record's own fields."""
        fields = getattr(record, "fields", {})
        if record.exc_info:
            fields = {**fields, "traceback": self.formatException(record.exc_info)}
        return _line(record.created, record.levelname.lower(), record.getMessage(), fields)


class LineHandler(logging.StreamHandler[Any]):
    """Writes lines, also without a record: making one takes longer than all else about a line."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self.setFormatter(JsonLines())

    def write(self, level: str, event: str, fields: Mapping[str, Any]) -> None:
        """Write a line; as with all handlers, one that cannot be written raises nothing."""
        try:
            line = _line(time.time(), level, event, fields)
            # One piece and one lock, so that lines of two threads do not mix.
            with self.lock:  # type: ignore[union-attr]
                self.stream.write(line + self.terminator)
                self.stream.flush()
        except Exception:  # noqa: BLE001 (as `emit` does)
            self.handleError(logging.makeLogRecord({"msg": event}))


def log_json_lines(level: int = logging.INFO) -> None:
    """Send every logger of this process to stdout as JSON lines."""
    # Which thread, process and line of code wrote it is not shown, and takes time to find out.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 (as its documentation has it)
    root = logging.getLogger()
    root.handlers[:] = [LineHandler()]
    root.setLevel(logging.WARNING)
    logging.getLogger("serving").setLevel(level)


def log_fields(log: logging.Logger, event: str, fields: Mapping[str, Any]) -> None:
    """Log what is of interest (INFO), straight to our handler where there is no other."""
    if not log.isEnabledFor(logging.INFO):
        return
    handlers = logging.root.handlers
    if len(handlers) == 1 and type(handlers[0]) is LineHandler:
        handlers[0].write("info", event, fields)
    else:
        log.info(event, extra={"fields": fields})


def _line(created: float, level: str, event: str, fields: Mapping[str, Any]) -> str:
    second = int(created)
    moment = f"{_second(second)}.{int((created - second) * 1000):03d}+00:00"
    line = {"time": moment, "level": level, "event": event, **fields}
    return orjson.dumps(line, default=str).decode()


@lru_cache(maxsize=2)
def _second(second: int) -> str:
    return dt.datetime.fromtimestamp(second, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
