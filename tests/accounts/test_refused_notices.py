"""The mail server refuses one of two addresses: the other is told, the one is tried again, and the desk sees it."""

from __future__ import annotations

import psycopg
import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import NoticeAddress
from support.models import Case
from tests.accounts.by_hand import change_by_hand
from tests.fake_smtp import fake_mail_server
from tests.people import fresh_email, make_customer, make_staff, signed_in_client
from tests.support.desk import page_of
from wallet_site.outbox.models import Delivery, Event
from wallet_site.outbox.relay import relay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.requirement(26)
@pytest.mark.parametrize(("refusal", "state"), [("550 no such user", "failed"), ("451 try later", "queued")])
def test_one_address_refused_and_the_other_told(
    refusal: str, state: str, settings: Settings, application_connection: psycopg.Connection
) -> None:
    mio, second = make_customer("mio"), fresh_email("second")
    NoticeAddress.objects.create(user=mio.user, email=second)
    Event.objects.filter(user_id=mio.user.pk).update(due_at="2099-01-01T00:00Z")
    relay("security")
    with fake_mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
        server.refusals[mio.email] = refusal
        change = change_by_hand(application_connection, mio, "password_changed")
        relay("security")
        owed = Delivery.objects.filter(event__key=f"credential-change:{change.pk}")
        told, refused = owed.get(address=second), owed.get(address=mio.email)
        assert (told.state, [to for to, _message in server.taken]) == ("sent", [second])
        assert (refused.state, refused.attempts) == (state, 1)
        assert refusal.split(" ", 1)[1] in refused.last_error
        if state == "queued":
            server.refusals.clear()
            owed.update(due_at=timezone.now())
            relay("security")
            assert [to for to, _message in server.taken] == [second, mio.email]
            return
    assert Case.objects.get(customer=mio.user).queue == "bounced_notice"
    desk = signed_in_client(make_staff("rin", groups=["agent"]))
    page = desk.get(page_of(mio)).content.decode()
    assert "no such user" in page
