"""A gate on the line between two processes: a request can be stopped on its way there, or its answer on the way back.

gate = Gate(sandbox.url)
stopped = gate.stop("POST", "/v1/payment_intents", before=True)     # the next such request
... somebody sends it ...
stopped.wait()      # it stands at the gate now: the moment to kill one end
stopped.let_go()    # it arrives late; or `drop()`: it never does
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

REACHED_WITHIN_SECONDS = 60.0
# Headers of one connection only, or made anew by whoever passes the message on.
HOP_BY_HOP = {
    "connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server", "host"
}  # fmt: skip


@dataclass
class Stop:
    """One place where one message stands still. `answered`: the status that the far side answered with."""

    method: str
    path: str
    before: bool
    arrived: threading.Event = field(default_factory=threading.Event)
    _go: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    dropped: bool = False
    answered: int = 0

    def wait(self) -> None:
        """Until the message stands here."""
        assert self.arrived.wait(REACHED_WITHIN_SECONDS), f"no {self.method} {self.path} came by"

    def let_go(self) -> None:
        """Lets it pass, and waits until it has."""
        self._go.set()
        assert self.done.wait(REACHED_WITHIN_SECONDS)

    def drop(self) -> None:
        """The message is lost."""
        self.dropped = True
        self._go.set()

    def hold(self) -> bool:
        """For the gate: stands here until it is decided; True when the message may pass."""
        self.arrived.set()
        self._go.wait()
        return not self.dropped


class Gate(ThreadingHTTPServer):
    """Passes HTTP on to `target`, one thread per request."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._stops: list[Stop] = []
        self._lock = threading.Lock()

    def stop(self, method: str, path: str, *, before: bool) -> Stop:
        """Stops the next such request (`path`: a pattern), before it is passed on or else its answer on the way."""
        stop = Stop(method, path, before)
        with self._lock:
            self._stops.append(stop)
        return stop

    def open_all(self) -> None:
        """Forgets the stops that nothing has run into."""
        with self._lock:
            self._stops.clear()

    def take(self, method: str, path: str) -> Stop | None:
        """The stop that this request runs into; each stops one request."""
        with self._lock:
            for stop in self._stops:
                if stop.method == method and re.fullmatch(stop.path, path.split("?")[0]):
                    self._stops.remove(stop)
                    return stop
        return None


class _Handler(BaseHTTPRequestHandler):
    server: Gate

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        stop = self.server.take(self.command, self.path)
        if stop and stop.before and not stop.hold():
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        answer = httpx.request(
            self.command,
            self.server.target + self.path,
            content=body,
            headers=headers,
            timeout=60,
            trust_env=False,
        )
        if stop:
            stop.answered = answer.status_code
            if not stop.before and not stop.hold():
                return
        # Whoever asked may be dead by now.
        with suppress(OSError):
            self._answer(answer)
        if stop:
            stop.done.set()

    def _answer(self, answer: httpx.Response) -> None:
        self.send_response(answer.status_code)
        for name, value in answer.headers.multi_items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it)
        """Nothing."""


@contextmanager
def opened(target: str) -> Iterator[Gate]:
    """A gate in front of `target` while the block runs."""
    gate = Gate(target)
    thread = threading.Thread(target=gate.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield gate
    finally:
        gate.shutdown()
        gate.server_close()
        thread.join()


def behind(gate: Gate) -> dict[str, str]:
    """What a portal or worker is told so that it talks to the card processor through this gate, with patience."""
    return {"SANDBOX_URL": gate.url, "PROCESSOR_TIMEOUT_SECONDS": "60"}
