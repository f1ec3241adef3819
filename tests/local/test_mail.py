"""Demo mail: stored whole, per address, newest first; shown without running any of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client

from wallet_site.local.mail import find_message, mailboxes, messages_of


@pytest.fixture(autouse=True)
def mailbox(settings, tmp_path: Path) -> Path:
    settings.DEMO_MAIL_DIR = tmp_path / "mail"
    return settings.DEMO_MAIL_DIR


def send(
    to: str, subject: str = "こんにちは", html: str = "<html><head></head><body><p>Hi</p></body></html>"
) -> None:
    message = EmailMultiAlternatives(subject=subject, body="Open https://localhost/undo/x/ now", to=[to])
    message.attach_alternative(html, "text/html")
    message.connection = get_connection("wallet_site.local.mail.MailboxBackend")
    message.send()


def test_mails_are_read_newest_first_by_address() -> None:
    send("aya@example.com", "first")
    send("Aya@Example.com", "second")
    send("ken@example.com", "other")
    assert [mail.subject for mail in messages_of("aya@example.com")] == ["second", "first"]
    assert [(box.address, box.count) for box in mailboxes()] == [
        ("ken@example.com", 1),
        ("aya@example.com", 2),
    ]
    newest = messages_of("aya@example.com")[0]
    assert "Open https://localhost/undo/x/ now" in newest.text
    assert "<p>Hi</p>" in newest.html
    assert find_message("aya@example.com", newest.name) == newest


@pytest.mark.parametrize(
    "address", ["../../etc/passwd", "..", ".", "a/b@example.com", ".hidden@example.com", ""]
)
def test_an_address_is_never_a_path(mailbox: Path, address: str) -> None:
    assert messages_of(address) == []
    send("aya@example.com")
    assert messages_of(address) == []
    assert find_message("aya@example.com", "../aya@example.com/x") is None
    if "@" in address:
        send(address)
        inside = {path.resolve() for path in mailbox.rglob("*.eml")}
        assert all(path.is_relative_to(mailbox.resolve()) for path in inside)
        assert len(messages_of(address)) == 1


def test_half_a_mail_is_never_seen(mailbox: Path) -> None:
    send("aya@example.com")
    (mailbox / "aya@example.com" / ".00000000000000000001-00000000.eml").write_bytes(b"Subject: ha")
    assert len(messages_of("aya@example.com")) == 1


def test_the_pages_show_it_and_run_nothing(client: Client) -> None:
    send(
        "aya@example.com",
        "<b>Subject</b>",
        "<html><head></head><body><script>alert(1)</script></body></html>",
    )
    mail = messages_of("aya@example.com")[0]
    for path in ("/demo/mail/", "/demo/mail/aya@example.com/", f"/demo/mail/aya@example.com/{mail.name}/"):
        text = client.get(path).content.decode()
        assert "aya@example.com" in text
        assert "<b>Subject</b>" not in text
        assert "<script>alert" not in text
    assert 'href="https://localhost/undo/x/"' in text
    framed = client.get(f"/demo/mail/aya@example.com/{mail.name}/html/")
    policy = framed.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert framed.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_what_is_not_there_is_not_found(client: Client) -> None:
    assert client.get("/demo/mail/nobody@example.com/").status_code == 200
    assert client.get("/demo/mail/nobody@example.com/00000000000000000001-00000000/").status_code == 404
    assert client.get("/demo/mail/nobody@example.com/00000000000000000001-00000000/html/").status_code == 404
