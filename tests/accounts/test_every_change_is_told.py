"""Promise 1: every kind of credential change, made in every way there is, is told at every address, in ja and en."""

from __future__ import annotations

import psycopg
import pytest
from django.apps import apps
from django.core import mail
from django.utils import translation

from accounts.models import CredentialChange
from accounts.notices.changes import SUBJECTS
from tests.accounts.by_hand import QUIET
from tests.accounts.ways_to_change import TABLE, Scene
from tests.people import make_customer, make_staff, signed_in_client
from wallet_site.local.phones import phone_messages
from wallet_site.outbox.models import Delivery, Event
from wallet_site.outbox.registry import Recipient, notice_for
from wallet_site.outbox.relay import relay

pytestmark = pytest.mark.django_db(transaction=True)

WAYS = ("page", "api", "admin", "shell", "sql")
# An app that signs in is nobody yet; a hand in a shell or in psql never is anybody.
ACTORS = {
    "page": {"customer"}, "api": {"customer", "anonymous"}, "admin": {"staff"},
    "shell": {"database"}, "sql": {"database"},
}  # fmt: skip
CASES = [(kind, way) for kind, ways in TABLE.items() for way in WAYS if callable(ways.get(way))]


@pytest.mark.requirement(25, 26)
def test_the_table_names_every_kind_and_every_way() -> None:
    """The kinds come from the code: a new one without a row, or a row without a way, fails here."""
    assert set(TABLE) | QUIET == set(CredentialChange.Kind.values)
    for kind, ways in TABLE.items():
        assert set(ways) == set(WAYS), kind
        # Whatever pages and apps offer, a shell and psql can do everything.
        assert callable(ways["shell"]), kind
        assert callable(ways["sql"]), kind
    assert {CredentialChange.Kind(kind) for kind in TABLE} == set(SUBJECTS)


@pytest.mark.requirement(25, 26, 27)
@pytest.mark.parametrize(("number", "kind", "way"), [(n, *case) for n, case in enumerate(CASES)])
def test_old_and_new_address_are_told(
    number: int, kind: str, way: str, application_connection: psycopg.Connection
) -> None:
    """By turns for somebody who reads English and somebody who reads Japanese; the other's words are read too."""
    scene = Scene(make_customer(("mio", "aya")[number % 2]), application_connection, kind)
    scene.set_up()
    # What only led up to it is told another day.
    Event.objects.filter(user_id=scene.person.user.pk).update(due_at="2099-01-01T00:00Z")
    change_it = TABLE[kind][way]
    assert callable(change_it)
    further = change_it(scene) or []
    relay("security")
    change = CredentialChange.objects.filter(user=scene.person.user, kind=kind).latest("pk")
    assert change.actor["kind"] in ACTORS[way]
    told = [owed_to(address, change) for address in (*scene.told, *further)]
    for delivery in told:
        assert delivery.state == "sent", (delivery, delivery.last_error)
        assert delivery.language == scene.person.user.language
        if delivery.channel == "email":
            (found,) = [one for one in mail.outbox if one.extra_headers["Message-ID"] == delivery.message_id]
            assert found.to == [delivery.address]
            assert_words(found.subject, str(found.body), change, delivery.language)
        else:
            (text,) = [
                one
                for one in phone_messages("sms", delivery.address)
                if one.message_id == delivery.message_id
            ]
            assert said(change, delivery.language) in text.text
    for language in ("en", "ja"):
        to = Recipient(told[0].address, language, name=told[0].name)
        message = notice_for(told[0].event.topic).message(told[0].event, to)
        assert_words(message.subject, message.text, change, language)


def owed_to(address: str, change: CredentialChange) -> Delivery:
    """The one message to `address` about this very change."""
    owed = Delivery.objects.select_related("event").filter(event__key=f"credential-change:{change.pk}")
    return owed.get(address=address)


def said(change: CredentialChange, language: str) -> str:
    with translation.override(language):
        return str(SUBJECTS[CredentialChange.Kind(change.kind)])


def assert_words(subject: str, body: str, change: CredentialChange, language: str) -> None:
    assert subject == said(change, language)
    assert ("Japan time, JST" in body) == (language == "en")
    assert ("日本時間" in body) == (language == "ja")
    assert "/undo/" in body


@pytest.mark.requirement(23, 38)
def test_staff_have_no_form_for_anybodys_credentials() -> None:
    """Not even a superuser: the stock pages of accounts' tables do not exist, by any method."""
    desk = signed_in_client(make_staff("sota", superuser=True))
    mio = make_customer("mio")
    before = CredentialChange.objects.filter(user=mio.user).count()
    for model in apps.get_app_config("accounts").get_models():
        for page in ("", "add/", f"{mio.user.pk}/change/", f"{mio.user.pk}/delete/"):
            path = f"/admin/accounts/{model._meta.model_name}/{page}"
            for method in (desk.get, desk.post):
                assert method(path, {"email": "thief@example.com"}).status_code == 404, path
    assert CredentialChange.objects.filter(user=mio.user).count() == before
