"""Receipts go where their customer wants them: on the phone, and by mail from an amount of their own on."""

from __future__ import annotations

import pytest
from django.core import mail

from accounts.models import NoticePreference
from payments.models import Payment
from tests.accounts.test_notice_preferences import with_push
from tests.payments.actions.test_store_payments import sell, shown_code
from tests.payments.books import Counter, customer_with, open_counter
from tests.people import Person
from wallet_site.local.phones import phone_messages
from wallet_site.outbox.models import Event, Priority
from wallet_site.outbox.relay import relay

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker", "grown_up")]


def paid(person: Person, counter: Counter, amount: int) -> Payment:
    payment = sell(counter, shown_code(person), amount).payment
    relay(Priority.ORDINARY)
    assert Event.objects.get(key=f"payment:{payment.public_id}").expanded_at
    return payment


def mailed(person: Person) -> int:
    return sum(one.to == [person.email] and "¥" in one.subject for one in mail.outbox)


def test_a_small_payment_is_on_the_phone_alone_and_a_large_one_in_the_mail_too() -> None:
    mio, counter = customer_with(20_000, "mio"), open_counter()
    phone = with_push(mio)
    address = f"fcm:push-token-of:{phone.thumbprint}"
    payment = paid(mio, counter, 120)
    (push,) = [one for one in phone_messages("push", address) if "¥" in one.title]
    assert push.text == f"You paid ¥120 at {payment.store.full_name}"
    assert mailed(mio) == 0
    paid(mio, counter, 3_000)
    assert mailed(mio) == 1
    NoticePreference.objects.create(user=mio.user, receipts_by_push=False, email_from_minor=100)
    paid(mio, counter, 150)
    assert (mailed(mio), len([one for one in phone_messages("push", address) if "¥" in one.title])) == (2, 2)
    NoticePreference.objects.filter(user=mio.user).update(receipts_by_email=False)
    paid(mio, counter, 3_500)
    assert mailed(mio) == 2
