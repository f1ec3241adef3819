"""No credential change goes untold, whoever makes it and however (requirements 25 to 27)."""

from __future__ import annotations

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.mail import EmailMultiAlternatives

from accounts.actions.suspensions import lift, suspend
from accounts.models import CredentialChange, FormerAddress, User
from accounts.two_factor.codes import new_seed
from tests.accounts.mails import last_mail_to, mails_to
from tests.people import Person, fresh_email, make_customer, signed_in_client
from wallet_site.actor import Actor
from wallet_site.crypto import encrypt
from wallet_site.outbox.models import Delivery, Event
from wallet_site.outbox.relay import relay
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.requirement(26)
def test_an_address_changed_by_hand_is_told_at_both_and_at_the_old_one_for_thirty_days(
    application_connection: psycopg.Connection,
) -> None:
    mio, new, newer = make_customer("mio"), fresh_email("new"), fresh_email("newer")
    for address in (new, newer):
        application_connection.execute(
            "UPDATE accounts_user SET email = %s WHERE id = %s", [address, mio.user.pk]
        )
    subjects = {address: [m.subject for m in mails_to(address)] for address in (mio.email, new, newer)}
    assert subjects[mio.email].count("Your e-mail address was changed") == 2
    assert subjects[new].count("Your e-mail address was changed") == 2
    assert subjects[newer].count("Your e-mail address was changed") == 1
    assert FormerAddress.objects.filter(user=mio.user).count() == 2


@pytest.mark.requirement(25)
def test_what_was_told_cannot_be_rewritten(application_connection: psycopg.Connection) -> None:
    mio = make_customer("mio")
    for text in (
        "UPDATE accounts_credentialchange SET kind = 'x' WHERE user_id = %s",
        "DELETE FROM accounts_credentialchange WHERE user_id = %s",
        "INSERT INTO accounts_credentialchange (user_id, kind, old_value, new_value, actor)"
        " VALUES (%s, 'email_changed', '', '', '{}')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application_connection.execute(text, [mio.user.pk])


def change_email(person: Person, to: str) -> None:
    actor = Actor(kind="customer", user_id=person.user.pk, network="203.0.113.5", device="Safari on iPhone")
    with recorded(actor):
        User.objects.filter(pk=person.user.pk).update(email=to)


@pytest.mark.requirement(27)
@pytest.mark.parametrize(("name", "zone"), [("mio", "Japan time, JST"), ("aya", "日本時間")])
def test_the_text_says_what_when_from_where_and_how_to_undo(name: str, zone: str) -> None:
    person, new = make_customer(name), fresh_email("thief")
    change_email(person, new)
    message = last_mail_to(person.email)
    assert isinstance(message, EmailMultiAlternatives)
    html = str(message.alternatives[0][0])
    for text in (str(message.body), html):
        assert "Safari on iPhone" in text
        assert "203.0.113.5" in text
        assert zone in text
        assert f"{settings.PUBLIC_URL}/undo/" in text
        assert settings.SUPPORT_PHONE in text
        assert person.user.full_name in text
        assert new not in text
        assert "th•" in text
        assert "/sign-in" not in text
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"


@pytest.mark.requirement(27)
def test_each_language_is_spoken_whole() -> None:
    aya, mio = make_customer("aya"), make_customer("mio")
    for person in (aya, mio):
        change_email(person, fresh_email("thief"))
    japanese, english = last_mail_to(aya.email), last_mail_to(mio.email)
    assert any("\u3040" <= sign <= "\u30ff" for sign in japanese.subject)
    assert "Hello" not in str(japanese.body)
    assert english.subject.isascii()
    assert not any("\u3040" <= sign <= "\u9fff" for sign in str(english.body))


@pytest.mark.requirement(45)
def test_a_name_with_line_breaks_begins_no_header() -> None:
    mio = make_customer("mio")
    User.objects.filter(pk=mio.user.pk).update(full_name="Mio\nBcc: thief@example.com")
    change_email(mio, fresh_email("thief"))
    message = last_mail_to(mio.email)
    assert message.recipients() == [mio.email]
    assert "Bcc" not in message.message()


def test_a_phone_is_told_in_a_short_text_without_a_link() -> None:
    mio = make_customer("mio")
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(phone="+819012345678")
    change_email(mio, fresh_email("thief"))
    relay("security")
    sent = Delivery.objects.filter(event__user_id=mio.user.pk, channel="sms", address="+819012345678")
    assert sent.count() == 2
    assert set(sent.values_list("state", flat=True)) == {"sent"}


def test_an_upgraded_hash_is_written_down_and_not_told() -> None:
    mio = make_customer("mio")
    User.objects.filter(pk=mio.user.pk).update(password=make_password(mio.password, hasher="scrypt"))
    mails_to(mio.email)
    user = User.objects.get(pk=mio.user.pk)
    told = Event.objects.filter(user_id=user.pk).count()
    assert user.check_password(mio.password)
    assert user.password.startswith("argon2")
    assert Event.objects.filter(user_id=user.pk).count() == told
    assert CredentialChange.objects.filter(user=user, kind="password_rehashed").count() == 1


@pytest.mark.parametrize("name", ["mio", "aya"])
def test_a_stop_and_its_lifting_are_told_in_plain_words(name: str) -> None:
    person = make_customer(name)
    agent = Actor(kind="staff", name="rin")
    suspension = suspend(
        person.user,
        scope="all",
        reason_code="fraud",
        reason="internal words",
        channel="customer",
        actor=agent,
    )
    made = last_mail_to(person.email)
    assert "internal words" not in str(made.body)
    assert settings.SUPPORT_PHONE in str(made.body)
    lift(suspension, reason="internal too", actor=agent)
    lifted = last_mail_to(person.email)
    assert lifted.subject != made.subject
    assert "internal too" not in str(lifted.body)


@pytest.mark.requirement(31)
def test_a_change_by_hand_ends_the_sessions_of_whoever_is_in(
    application_connection: psycopg.Connection,
) -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    application_connection.execute(
        "UPDATE accounts_totpdevice SET name = 'x', seed = %s WHERE user_id = %s",
        [encrypt(new_seed()), mio.user.pk],
    )
    assert not mio.user.sign_ins.filter(ended_at=None).exists()
    assert client.session.session_key
