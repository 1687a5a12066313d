"""Recipients that are real servers on this machine, each with its own bad habit."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Habit = Callable[[socket.socket, int], None]


class Recipient:
    """A listening socket; `habit` answers each connection. Keeps what it was sent."""

    def __init__(self, habit: Habit) -> None:
        self._habit = habit
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/referrals"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._habit(connection, self.connections)
            except OSError:
                return

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def recipient_with(habit: Habit) -> Iterator[Recipient]:
    recipient = Recipient(habit)
    try:
        yield recipient
    finally:
        recipient.stop()


def read_request(connection: socket.socket) -> tuple[str, dict[str, str], bytes]:
    """The request line, the headers in lower case, and the body."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65_536)
        if not part:
            raise OSError("closed")
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    line, *rest = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (row.partition(": ") for row in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65_536)
    return line, headers, body


def answering(head: str, body: bytes = b"", *, close: bool = True) -> Habit:
    """Reads a request whole and answers it with a status line and headers."""

    def habit(connection: socket.socket, _: int) -> None:
        while True:
            read_request(connection)
            ending = "Connection: close\r\n" if close else ""
            length = f"Content-Length: {len(body)}\r\n"
            connection.sendall(f"HTTP/1.1 {head}\r\n{length}{ending}\r\n".encode() + body)
            if close:
                return

    return habit
