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

from serving.web.line_writer import LineWriter


class JsonLines(logging.Formatter):
    """Formats a record as JSON; whatever a message holds, it stays one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write time, level, event and the record's own fields."""
        fields = getattr(record, "fields", {})
        if record.exc_info:
            fields = {**fields, "traceback": self.formatException(record.exc_info)}
        level = record.levelname.lower()
        return _line(record.created, level, record.getMessage(), fields).decode()


class LineHandler(logging.StreamHandler[Any]):
    """Writes lines, also without a record: making one takes longer than all else about a line.

    Nobody waits for who reads them; see `LineWriter`.
    """

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self.setFormatter(JsonLines())
        self._writer = _writer_to(self.stream)

    @property
    def dropped(self) -> int:
        """How many lines of this process nobody took."""
        return self._writer.dropped if self._writer else 0

    def write(self, level: str, event: str, fields: Mapping[str, Any]) -> None:
        """Write a line; as with all handlers, one that cannot be written raises nothing."""
        try:
            self._send(_line(time.time(), level, event, fields))
        except Exception:  # noqa: BLE001 (as `emit` does)
            self.handleError(logging.makeLogRecord({"msg": event}))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record's line."""
        try:
            self._send(self.format(record).encode())
        except Exception:  # noqa: BLE001 (as its parent does)
            self.handleError(record)

    def flush(self) -> None:
        """Wait for who reads, two seconds at most."""
        if self._writer:
            self._writer.flush()

    def _send(self, line: bytes) -> None:
        if self._writer:
            self._writer.write(line + b"\n")
        else:
            self.stream.write(line.decode() + "\n")
            self.stream.flush()


def _writer_to(stream: Any) -> LineWriter | None:
    try:
        return LineWriter(stream.fileno(), _dropped_line)
    except (AttributeError, OSError, ValueError):
        return None  # It is no file, or closed.


def _dropped_line(count: int) -> bytes:
    event = "lines of this log were dropped, because nobody took them"
    return _line(time.time(), "warning", event, {"count": count}) + b"\n"


def dropped_lines() -> int:
    """Give how many lines of this process nobody took."""
    return sum(each.dropped for each in logging.root.handlers if isinstance(each, LineHandler))


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


def _line(created: float, level: str, event: str, fields: Mapping[str, Any]) -> bytes:
    second = int(created)
    moment = f"{_second(second)}.{int((created - second) * 1000):03d}+00:00"
    line = {"time": moment, "level": level, "event": event, **fields}
    return orjson.dumps(line, default=str)


@lru_cache(maxsize=2)
def _second(second: int) -> str:
    return dt.datetime.fromtimestamp(second, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
