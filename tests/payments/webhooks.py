"""A merchant's server for tests: real TLS on this machine, and an endpoint that leads there.

The guard against private addresses refuses this machine, as it must; a test says for which name it looks away.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db.models.functions import Now

from payments.merchant_webhooks.owing import owe_merchant
from payments.merchant_webhooks.signing import new_secret
from payments.models import Merchant, WebhookEndpoint
from tests.payments.books import TESTS
from wallet_site.local.processes import wait_until
from wallet_site.outbox.models import Delivery, Event, Priority
from wallet_site.outbox.relay import expand_due
from wallet_site.transactions import recorded

HOST = "hooks.merchant.example"


@dataclass
class MerchantServer:
    """Answers `status` to every POST and keeps what came."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}/wallet?from=kakehashi"


@contextmanager
def merchant_server(folder: Path) -> Iterator[tuple[MerchantServer, ssl.SSLContext]]:
    """The server, and what a client must trust to believe it."""
    server = MerchantServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(server.status)
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    certificate = _certificate(folder)
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.port = listening.server_port
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server, ssl.create_default_context(cafile=str(certificate))
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join(timeout=10)


def _certificate(folder: Path) -> Path:
    """For `HOST` by name, not by number: a client that pins the number must still ask for the name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "merchant.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def endpoint_for(merchant: Merchant, url: str = f"https://{HOST}/wallet") -> WebhookEndpoint:
    """A live endpoint, without asking where its name leads."""
    with recorded(TESTS):
        made = WebhookEndpoint.objects.create(merchant=merchant, url=url, secret=new_secret())
        Merchant.objects.filter(pk=merchant.pk).update(hears_webhooks=True)
    return made


def told(merchant: Merchant, kind: str = "settlement.made") -> list[Delivery]:
    """Owe the merchant a message; its deliveries, one for each live endpoint."""
    key = str(uuid4())
    with recorded(TESTS):
        owe_merchant(Merchant.objects.get(pk=merchant.pk), kind, key=key, data={"id": key, "payout": 842})
    expand_due(Priority.WEBHOOK)
    events = Event.objects.filter(key=f"webhook:{kind}:{key}")
    # A worker that another test has left running may be at it, and is passed over by our own turn.
    wait_until(
        lambda: events.filter(expanded_at__isnull=False).exists(),
        within_seconds=10,
        otherwise=lambda: "nobody expands it",
    )
    event = events.get()
    return list(Delivery.objects.filter(event=event).select_related("event").order_by("pk"))


def failed_webhook(merchant: Merchant) -> Delivery:
    """One that was given up, and its endpoint failing since then: what the desk looks at."""
    endpoint = endpoint_for(merchant)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=Now())
    (delivery,) = [one for one in told(merchant) if one.address == str(endpoint.public_id)]
    Delivery.objects.filter(pk=delivery.pk).update(state="failed", attempts=16, last_error="answered 503")
    return delivery
