"""A small mail server that takes and refuses whom a test tells it to, and remembers what it was given."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class FakeMailServer:
    """`refusals`: what is answered to RCPT of an address ("550 no such user"). `taken`: (address, message)."""

    port: int
    refusals: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def fake_mail_server() -> Iterator[FakeMailServer]:
    """A server (RFC 5321, as much as smtplib needs) on a free port of this machine, gone at the end of the block."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 fake")
            to: list[str] = []
            for raw in self.rfile:
                line = raw.decode().strip()
                verb = line[:4].upper()
                if verb == "RCPT":
                    address = re.sub(r".*<(.*)>.*", r"\1", line)
                    refusal = fake.refusals.get(address)
                    to += [] if refusal else [address]
                    self._say(refusal or "250 ok")
                elif verb == "DATA":
                    self._say("354 go on")
                    message = "".join(iter(lambda: self.rfile.readline().decode(), ".\r\n"))
                    fake.taken += [(address, message) for address in to]
                    self._say("250 taken")
                elif verb == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    to = [] if verb == "MAIL" else to
                    self._say("250 ok")

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        fake = FakeMailServer(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield fake
        server.shutdown()
        thread.join()
