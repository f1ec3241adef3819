"""Delivering events: signed, retried with growing pauses until the receiver answers 2xx, in no promised order."""

import hashlib
import hmac
import logging
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from .store import Store, Transaction

logger = logging.getLogger("sandbox.webhooks")

TICK_SECONDS = 0.2
BATCH = 20
TIMEOUT_SECONDS = 10
LONGEST_PAUSE_SECONDS = 3600.0


def signature(body: bytes, secret: str, timestamp: int) -> str:
    """The value of the Stripe-Signature header: HMAC-SHA256 over the time and the body."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def pause_after(attempts: int) -> float:
    """Seconds to wait after this many failed attempts: 1, 2, 4 ... up to an hour."""
    return float(min(LONGEST_PAUSE_SECONDS, 2.0 ** min(attempts, 20)))


class Courier(threading.Thread):
    """A background thread that sends owed events and lets scheduled things happen."""

    def __init__(
        self, store: Store, url: str, secret: str, run_due_jobs: Callable[[Transaction], None]
    ) -> None:
        super().__init__(name="courier", daemon=True)
        self._store = store
        self._url = url
        self._secret = secret
        self._run_due_jobs = run_due_jobs
        self._stopping = threading.Event()
        # A proxy that the environment names is not for events to a neighbour.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def stop(self) -> None:
        """End after the delivery that is under way."""
        self._stopping.set()

    def run(self) -> None:
        """Tick until stopped."""
        while not self._stopping.wait(TICK_SECONDS):
            with self._store.transaction() as tx:
                self._run_due_jobs(tx)
                owed = tx.owed_events(BATCH) if self._url else []
            random.shuffle(owed)
            for position, body, attempts in owed:
                if self._stopping.is_set():
                    return
                self._deliver(position, body, attempts)

    def _deliver(self, position: int, body: str, attempts: int) -> None:
        taken = self._send(body.encode())
        with self._store.transaction() as tx:
            if taken:
                tx.delivered(position)
            else:
                tx.delivery_failed(position, pause_after(attempts))

    def _send(self, body: bytes) -> bool:
        request = urllib.request.Request(  # noqa: S310 - the operator names the address
            self._url,
            data=body,
            headers={
                "Content-Type": "application/json",
                "Stripe-Signature": signature(body, self._secret, int(time.time())),
            },
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return 200 <= int(answer.status) < 300
        except (urllib.error.URLError, OSError, ValueError) as error:
            logger.info("event not taken: %s", error)
            return False
