"""`python -m payments.processors.sandbox.server`: serve until SIGINT or SIGTERM."""

import logging
import signal
import socketserver
import sys
import threading
from collections.abc import Sequence
from functools import partial
from types import FrameType
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from .config import read_options
from .store import Store
from .webhooks import Courier
from .wsgi import Application, run_due_jobs

logger = logging.getLogger("sandbox")


class ThreadedServer(socketserver.ThreadingMixIn, WSGIServer):
    """One thread per request: a held answer holds nobody else up."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the host name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])
        self.setup_environ()


class QuietHandler(WSGIRequestHandler):
    """Writes no access log: paths hold the secrets of intents."""

    timeout = 60

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Log nothing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="sandbox: %(message)s", stream=sys.stderr)
    options = read_options(arguments)
    store = Store(options.database)
    application = Application(store, options)
    try:
        server = ThreadedServer((options.host, options.port), QuietHandler)
    except OSError as error:
        logger.error("cannot listen on %s:%d: %s", options.host, options.port, error.strerror)
        return 1
    server.set_app(application)
    run_jobs = partial(run_due_jobs, options=options)
    courier = Courier(store, options.webhook_url, options.webhook_secret, run_jobs)
    courier.start()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        application.stopping.set()
        courier.stop()
        # shutdown() waits for serve_forever, which this very thread runs.
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    logger.info("listening on http://%s:%d", options.host, server.server_port)
    server.serve_forever(poll_interval=0.2)
    server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
