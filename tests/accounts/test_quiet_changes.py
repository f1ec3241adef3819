"""Ways to change a credential, or to silence its notice, with the application's own database role."""

from __future__ import annotations

from dataclasses import replace
from hashlib import md5

import psycopg
import pytest
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.actions.factors import renew_recovery_codes
from accounts.models import CredentialChange
from tests.accounts.mails import mails_to
from tests.people import Person, make_customer
from wallet_site.outbox.models import Delivery, Event

pytestmark = pytest.mark.django_db(transaction=True)

STRONGER = make_password("the thief's own long password")


def kinds(person: Person) -> list[str]:
    changes = CredentialChange.objects.filter(user=person.user).order_by("pk")
    return [change.kind for change in changes if change.actor == {"kind": "database"}]


def change_password(connection: psycopg.Connection, person: Person) -> Event:
    connection.execute("UPDATE accounts_user SET password = %s WHERE id = %s", [STRONGER, person.user.pk])
    change = CredentialChange.objects.filter(user=person.user).latest("pk")
    return Event.objects.get(key=f"credential-change:{change.pk}")


@pytest.mark.requirement(25)
@pytest.mark.requirement(26)
def test_another_password_that_says_it_is_an_upgrade_is_told(
    application_connection: psycopg.Connection,
) -> None:
    mio = make_customer("mio")
    old_hash = md5(mio.user.password.encode(), usedforsecurity=False).hexdigest()
    stamp = f"{mio.user.pk}:{old_hash}"
    application_connection.execute("SELECT set_config('kakehashi.password_rehash', %s, false)", [stamp])
    change_password(application_connection, mio)
    assert kinds(mio) == ["password_changed"]
    assert [m for m in mails_to(mio.email) if "password was changed" in m.subject]


@pytest.mark.requirement(25)
@pytest.mark.requirement(26)
def test_codes_taken_out_of_a_set_that_stays_are_told_once(
    application_connection: psycopg.Connection,
) -> None:
    mio = make_customer("mio")
    application_connection.execute(
        "DELETE FROM accounts_recoverycode c USING accounts_recoverycodeset s"
        " WHERE s.id = c.code_set_id AND s.user_id = %s",
        [mio.user.pk],
    )
    assert kinds(mio) == ["recovery_codes_removed"]
    assert [m for m in mails_to(mio.email) if "recovery codes" in m.subject]


def test_a_renewed_set_is_told_as_before() -> None:
    mio = make_customer("mio")
    before = CredentialChange.objects.filter(user=mio.user).count()
    renew_recovery_codes(mio.user, actor=replace(mio.actor, verified_at=timezone.now()))
    told = CredentialChange.objects.filter(user=mio.user).order_by("pk")[before:]
    assert [change.kind for change in told] == ["recovery_codes_removed", "recovery_codes_added"]


@pytest.mark.requirement(26)
@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE outbox_event SET payload = jsonb_set(payload, '{recipients,0,address}', '\"thief@example.com\"')"
        " WHERE id = %s",
        "UPDATE outbox_event SET payload = jsonb_set(payload, '{recipients}', '[]') WHERE id = %s",
        "UPDATE outbox_event SET expanded_at = now() WHERE id = %s",
        "UPDATE outbox_event SET topic = 'payments:payment:captured' WHERE id = %s",
        "UPDATE outbox_event SET key = key || 'x' WHERE id = %s",
        "UPDATE outbox_event SET user_id = NULL WHERE id = %s",
        "UPDATE outbox_event SET priority = 'never' WHERE id = %s",
        "DELETE FROM outbox_event WHERE id = %s",
        "INSERT INTO outbox_delivery (event_id, channel, address, language, name, priority, state, attempts,"
        " message_id, subject, last_error, sent_at) SELECT id, 'email', payload#>>'{recipients,0,address}', 'en', '',"
        " priority, 'sent', 1, '<forged@example.com>', '', '', now() FROM outbox_event WHERE id = %s",
    ],
)
def test_the_notice_of_a_change_cannot_be_silenced(
    forgery: str, application_connection: psycopg.Connection
) -> None:
    mio = make_customer("mio")
    event = change_password(application_connection, mio)
    with pytest.raises(psycopg.Error):
        application_connection.execute(forgery, [event.pk])
    assert [m for m in mails_to(mio.email) if "password was changed" in m.subject]


@pytest.mark.requirement(26)
@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE outbox_delivery SET address = 'thief@example.com' WHERE event_id = %s",
        "UPDATE outbox_delivery SET channel = 'push' WHERE event_id = %s",
        "UPDATE outbox_delivery SET priority = 'bulk' WHERE event_id = %s",
        "UPDATE outbox_event SET expanded_at = NULL WHERE id = %s",
        "DELETE FROM outbox_delivery WHERE event_id = %s",
    ],
)
def test_a_delivery_stays_addressed(forgery: str, application_connection: psycopg.Connection) -> None:
    mio = make_customer("mio")
    event = change_password(application_connection, mio)
    mails_to(mio.email)
    assert Delivery.objects.filter(event=event, address=mio.email, state="sent").exists()
    with pytest.raises(psycopg.Error):
        application_connection.execute(forgery, [event.pk])


@pytest.mark.parametrize(
    ("key", "topic"),
    [
        ("credential-change:{next}", "accounts:credential:changed"),
        ("credential-change:{next}", "payments:payment:captured"),
        ("account-opened:{next}", "payments:payment:captured"),
        ("my-own-key", "accounts:credential:changed"),
    ],
)
def test_nobody_takes_the_key_of_a_change_to_come(
    key: str, topic: str, application_connection: psycopg.Connection
) -> None:
    """Else the change would be refused by the unique key, and nobody could change a password any more."""
    forged = key.format(next=2**40)
    with pytest.raises(psycopg.Error):
        application_connection.execute(
            "INSERT INTO outbox_event (key, topic, payload, priority) VALUES (%s, %s, '{}', 'security')",
            [forged, topic],
        )
    assert not Event.objects.filter(key=forged).exists()
