"""The sandbox as a process: what it keeps, what it delivers, how it starts and ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from payments.processors.base import ChargeEvent, Succeeded
from payments.processors.sandbox.client import SandboxProcessor
from payments.processors.sandbox.server import catalogue
from payments.processors.sandbox.server.texts import TEXTS, choose_language
from payments.processors.sandbox.server.webhooks import pause_after
from tests.payments.processors import harness as cards
from tests.payments.processors.harness import SandboxHarness
from tests.processes import answers
from tests.servers import free_port
from wallet_site.local import places
from wallet_site.local.processes import wait_until

COMMAND = [sys.executable, "-m", "payments.processors.sandbox.server"]


@dataclass
class Receiver:
    """Somebody who is told events and at first does not take them."""

    refusals: int
    deliveries: list[tuple[bytes, str]] = field(default_factory=list)
    url: str = ""
    heard: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def listening(self) -> Iterator[Receiver]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.heard:
                    receiver.deliveries.append((body, self.headers["Stripe-Signature"]))
                    refused = len(receiver.deliveries) <= receiver.refusals
                    receiver.heard.notify_all()
                self.send_response(500 if refused else 204)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}/events/"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield self
        server.shutdown()
        server.server_close()

    def wait_for(self, deliveries: int) -> None:
        with self.heard:
            assert self.heard.wait_for(lambda: len(self.deliveries) >= deliveries, timeout=20)


@contextmanager
def sandbox(data: Path, webhook_url: str = "") -> Iterator[SandboxHarness]:
    port = free_port()
    arguments = ["--port", str(port), "--data", str(data), "--webhook-url", webhook_url]
    arguments += ["--public-url", f"http://localhost:{port}"]
    process = subprocess.Popen([*COMMAND, *arguments], cwd=places.ROOT)
    harness = SandboxHarness(f"http://localhost:{port}")
    try:
        wait_until(
            answers(f"http://localhost:{port}/healthz"),
            within_seconds=20,
            otherwise=lambda: "the sandbox does not listen",
            while_running=process,
        )
        yield harness
    finally:
        harness.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_events_are_signed_and_repeated_until_they_are_taken(tmp_path: Path) -> None:
    receiver = Receiver(refusals=2)
    with receiver.listening(), sandbox(tmp_path, receiver.url) as harness:
        request = harness.request()
        charged = harness.processor.charge(request)
        # The linking's and the charge's event; two of the deliveries were refused and came again.
        receiver.wait_for(4)
    reader = SandboxProcessor(
        url="http://127.0.0.1:9", api_key="k", webhook_secret=os.environ["SANDBOX_WEBHOOK_SECRET"]
    )
    read = [
        reader.verify_webhook(body, {"Stripe-Signature": signature}, now=datetime.now(UTC))
        for body, signature in receiver.deliveries
    ]
    assert len({event.event_id for event in read}) == 2
    assert isinstance(charged, Succeeded)
    assert ChargeEvent(request.top_up_id, charged) in [event.content for event in read]


def test_what_it_knows_outlives_it_and_holds_no_number(tmp_path: Path) -> None:
    with sandbox(tmp_path) as harness:
        request = harness.request()
        first = harness.processor.charge(request)
    with sandbox(tmp_path) as harness:
        assert harness.processor.charge(request) == first
        assert len(harness.charges_of(request)) == 1
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"4242" in kept, "the last four are kept"
    assert cards.SUCCEEDS.encode() not in kept
    assert b"4242 4242" not in kept


def test_it_says_why_it_does_not_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        started = subprocess.run(
            [*COMMAND, "--port", str(port), "--data", str(tmp_path)],
            cwd=places.ROOT,
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert started.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in started.stderr
    without_keys = subprocess.run(
        [*COMMAND, "--api-key", "", "--data", str(tmp_path)],
        cwd=places.ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert without_keys.returncode == 2
    assert "--api-key" in without_keys.stderr


def test_every_test_card_passes_its_check_digit_and_has_words() -> None:
    for card in catalogue.CARDS:
        assert catalogue.passes_luhn(card.number)
        for texts in TEXTS.values():
            assert texts[f"card_{card.behaviour.value}"]
    assert TEXTS["ja"].keys() == TEXTS["en"].keys()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ja", "ja"),
        ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ("en-GB,ja;q=0.9", "en"),
        ("fr,de;q=0.9", "en"),
        ("ja;q=nonsense", "en"),
    ],
)
def test_the_readers_language(header: str, language: str) -> None:
    assert choose_language(header) == language


def test_pauses_grow_and_end_at_an_hour() -> None:
    pauses = [pause_after(attempts) for attempts in range(30)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (1.0, 3600.0)
