"""A server on a real socket that sends what it is told, byte for byte, whatever it is asked."""

import contextlib
import socket
import threading

#: In the place of a piece: close in good order; close with a reset, as a killed process does whose
#: socket holds bytes that it has not read.
HANG_UP, RESET = b"", b"RST"
_RESETS = b"\1\0\0\0\0\0\0\0"


class Scripted:
    """Sends `pieces` whenever it is asked; the next time `first`, if that is set."""

    def __init__(self) -> None:
        self.pieces = []
        self.first = None
        self.asked = 0
        #: How much of a request is read before it counts as asked and is answered.
        self.reads = 65536
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self.url = f"http://127.0.0.1:{self.address[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection, contextlib.suppress(OSError):  # who asked may hang up
            while connection.recv(self.reads):
                self.asked += 1
                pieces, self.first = self.first or self.pieces, None
                for piece in pieces:
                    if piece == RESET:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)
                    if piece in (HANG_UP, RESET):
                        return
                    connection.sendall(piece)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
