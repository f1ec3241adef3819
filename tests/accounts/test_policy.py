"""For how long which change keeps limits low (requirement 29), and what a stop stops."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format

from accounts.models import CredentialChange, User
from accounts.policy import COOL_OFF, WITHOUT_COOL_OFF, cool_off, cool_offs
from tests.accounts.past import changed_before, opened_earlier
from tests.people import make_customer, signed_in_client
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)

HOURS = {
    "email_changed": 72, "phone_changed": 72, "notice_address_added": 72, "notice_address_changed": 72,
    "notice_address_removed": 72, "totp_added": 72, "totp_removed": 72, "totp_changed": 72,
    "passkey_added": 72, "passkey_removed": 72, "passkey_changed": 72,
    "recovery_codes_added": 72, "recovery_codes_removed": 72, "password_changed": 24, "api_device_added": 24,
}  # fmt: skip


@pytest.mark.requirement(29)
def test_every_kind_of_change_is_said_to_lower_limits_or_not() -> None:
    """A kind that somebody adds must be put in one of the two lists."""
    assert set(COOL_OFF) | WITHOUT_COOL_OFF == set(CredentialChange.Kind)
    assert not set(COOL_OFF) & WITHOUT_COOL_OFF
    assert {kind: COOL_OFF[CredentialChange.Kind(kind)].total_seconds() / 3600 for kind in HOURS} == HOURS


@pytest.mark.requirement(29)
@pytest.mark.parametrize("kind", sorted(HOURS))
def test_it_lasts_as_long_as_the_table_says_and_no_longer(
    kind: str, owner_connection: psycopg.Connection
) -> None:
    mio = make_customer("mio")
    opened_earlier(owner_connection, mio)
    assert cool_off(mio.user.pk) is None
    hours = timedelta(hours=HOURS[kind])
    changed_before(owner_connection, mio, kind, hours + timedelta(seconds=5))
    assert cool_off(mio.user.pk) is None
    changed_before(owner_connection, mio, kind, hours - timedelta(minutes=1))
    until = cool_off(mio.user.pk)
    assert until is not None
    assert timedelta(0) < until - timezone.now() <= timedelta(minutes=1)


@pytest.mark.requirement(29)
@pytest.mark.parametrize("kind", sorted(WITHOUT_COOL_OFF))
def test_what_helps_no_thief_lowers_nothing(kind: str, owner_connection: psycopg.Connection) -> None:
    mio = make_customer("mio")
    opened_earlier(owner_connection, mio)
    changed_before(owner_connection, mio, kind, timedelta(minutes=1))
    assert cool_off(mio.user.pk) is None


@pytest.mark.requirement(29)
def test_the_longest_counts_and_each_reason_is_named_once(owner_connection: psycopg.Connection) -> None:
    mio = make_customer("mio")
    opened_earlier(owner_connection, mio)
    changed_before(owner_connection, mio, "email_changed", timedelta(hours=71))
    changed_before(owner_connection, mio, "email_changed", timedelta(hours=50))
    changed_before(owner_connection, mio, "password_changed", timedelta(hours=1))
    reasons = cool_offs(mio.user.pk)
    assert [one.kind for one in reasons] == ["password_changed", "email_changed"]
    assert [round((one.until - one.at).total_seconds() / 3600) for one in reasons] == [24, 72]
    assert cool_off(mio.user.pk) == reasons[0].until


@pytest.mark.requirement(29)
@pytest.mark.parametrize(
    ("name", "title"), [("mio", "E-mail address changed"), ("aya", "メールアドレスの変更")]
)
def test_the_customer_is_shown_why_and_until_when(
    name: str, title: str, owner_connection: psycopg.Connection
) -> None:
    person = make_customer(name)
    opened_earlier(owner_connection, person)
    client = signed_in_client(person, language=person.user.language)
    page = reverse("accounts:security")
    assert 'id="cool-off"' not in client.get(page).content.decode()
    changed_before(owner_connection, person, "email_changed", timedelta(hours=2))
    shown = client.get(page).content.decode()
    panel = shown[shown.index('id="cool-off"') :].partition("</section>")[0]
    until = cool_off(person.user.pk)
    assert until is not None
    with translation.override(person.user.language):
        said = date_format(timezone.localtime(until), "SHORT_DATETIME_FORMAT")
    assert title in panel
    assert panel.count(said) == 2


@pytest.mark.requirement(29)
def test_opening_an_account_is_no_change_but_the_first_change_after_it_is(
    owner_connection: psycopg.Connection,
) -> None:
    mio = make_customer("mio")
    assert cool_off(mio.user.pk) is None
    opened_earlier(owner_connection, mio, days=1)
    assert cool_off(mio.user.pk) is None
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(phone="+819012345678")
    assert cool_off(mio.user.pk) is not None
