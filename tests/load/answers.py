"""Find the end of an HTTP answer as its bytes come in."""

from __future__ import annotations

import re

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"


class AnswerReader:
    """Reads one answer after another; an answer must say how long it is.

    An answer that ends with its connection counts as cut: nobody could tell it from one that is.
    """

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Forget the last answer."""
        self._data = bytearray()
        self.status = 0
        #: Whether the server has announced that it closes the connection.
        self.closes = False
        self._body_at = 0
        self._end = -1  # of the whole answer, once it is known
        self._chunk_at = 0  # start of the chunk that is coming in; 0 if there are no chunks
        self._chunks: list[bytes] = []

    @property
    def begun(self) -> bool:
        """Whether a byte of the answer has come."""
        return bool(self._data)

    def feed(self, data: bytes) -> bool:
        """Take bytes; say whether the answer is whole.

        Raises
        ------
        ValueError
            If this is no HTTP answer, or more than one.
        """
        self._data += data
        if not self._body_at and not self._read_head():
            return False
        if self._chunk_at:
            self._read_chunks()
        if len(self._data) > self._end >= 0:
            raise ValueError("more came than one answer")
        return len(self._data) == self._end

    def body(self) -> bytes:
        """Give the body of a whole answer."""
        if self._chunk_at:
            return b"".join(self._chunks)
        return bytes(self._data[self._body_at :])

    def _read_head(self) -> bool:
        end = self._data.find(_HEAD_END)
        if end < 0:
            return False
        head = bytes(self._data[:end])
        if not head.startswith(b"HTTP/1.1 "):
            raise ValueError("this is no HTTP/1.1 answer")
        self.status = int(head[9:12])
        self.closes = _CLOSE.search(head) is not None
        self._body_at = end + len(_HEAD_END)
        if length := _LENGTH.search(head):
            self._end = self._body_at + int(length[1])
        elif _CHUNKED.search(head):
            self._chunk_at = self._body_at
        return True

    def _read_chunks(self) -> None:
        while self._end < 0 and (line_end := self._data.find(b"\r\n", self._chunk_at)) >= 0:
            size = int(self._data[self._chunk_at : line_end], 16)
            after = line_end + 2 + size + 2
            if len(self._data) < after:
                return
            self._chunks.append(bytes(self._data[line_end + 2 : after - 2]))
            self._chunk_at = after
            if size == 0:
                self._end = after
