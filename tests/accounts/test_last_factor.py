"""Nobody is left without a second factor or recovery codes, whoever takes them away and however (requirement 14)."""

from __future__ import annotations

import psycopg
import pytest

from accounts.actions.undo import undo_change
from accounts.models import Passkey, RecoveryCode, RecoveryCodeSet, TotpDevice
from accounts.two_factor.codes import new_seed
from accounts.two_factor.methods import list_factors
from tests.accounts.actions.test_races import at_once, stranger
from tests.accounts.mails import link_in, mails_to
from tests.authenticator import with_passkey
from tests.people import make_customer, make_staff
from wallet_site.actor import Actor
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement(14)]

GUARD = "KK906"
LOSSES = {
    "deleted": "DELETE FROM accounts_{table} WHERE user_id = %(user)s",
    "unconfirmed": "UPDATE accounts_{table} SET confirmed = false WHERE user_id = %(user)s",
    "given away": "UPDATE accounts_{table} SET user_id = %(other)s WHERE user_id = %(user)s",
}


@pytest.mark.parametrize("loss", LOSSES)
def test_the_last_app_stays_also_when_psql_takes_it(
    loss: str, application_connection: psycopg.Connection
) -> None:
    aya, other = make_customer("aya"), make_customer("nobody")
    values = {"user": aya.user.pk, "other": other.user.pk}
    with pytest.raises(psycopg.Error) as refused:
        application_connection.execute(LOSSES[loss].format(table="totpdevice"), values)
    assert refused.value.sqlstate == GUARD
    assert [one.name for one in list_factors(aya.user)] == ["Phone"]


@pytest.mark.parametrize("loss", LOSSES)
def test_so_do_the_recovery_codes(loss: str, application_connection: psycopg.Connection) -> None:
    aya, other = make_customer("aya"), make_customer("nobody")
    values = {"user": aya.user.pk, "other": other.user.pk}
    if loss == "deleted":
        RecoveryCode.objects.filter(code_set__user=aya.user).delete()
    with pytest.raises(psycopg.Error) as refused:
        application_connection.execute(LOSSES[loss].format(table="recoverycodeset"), values)
    assert refused.value.sqlstate == GUARD
    assert RecoveryCodeSet.objects.get(user=aya.user).confirmed


def test_a_passkey_stands_in_for_an_app_and_is_then_the_last(
    application_connection: psycopg.Connection,
) -> None:
    aya = make_customer("aya")
    with_passkey(aya)
    application_connection.execute("DELETE FROM accounts_totpdevice WHERE user_id = %s", [aya.user.pk])
    with pytest.raises(psycopg.Error) as refused:
        application_connection.execute("DELETE FROM accounts_passkey WHERE user_id = %s", [aya.user.pk])
    assert refused.value.sqlstate == GUARD
    assert Passkey.objects.filter(user=aya.user).count() == 1


def test_hands_that_take_one_each_at_the_same_time_leave_one() -> None:
    """Neither sees what the other takes, until the database makes one wait."""
    aya = make_customer("aya")
    with_passkey(aya)
    kinds = (TotpDevice, Passkey)

    def take(number: int) -> None:
        with recorded(Actor.system("tests")):
            kinds[number].objects.filter(user=aya.user).delete()

    with pytest.raises(Exception, match="the last second factor"):
        at_once(take, 2)
    assert len(list_factors(aya.user)) == 1


def test_staff_and_closed_accounts_are_not_held_to_it(application_connection: psycopg.Connection) -> None:
    rin, aya = make_staff("rin"), make_customer("aya")
    application_connection.execute("UPDATE accounts_user SET is_active = false WHERE id = %s", [aya.user.pk])
    for person in (rin, aya):
        application_connection.execute("DELETE FROM accounts_totpdevice WHERE user_id = %s", [person.user.pk])
        assert not list_factors(person.user)


@pytest.mark.requirement(28)
def test_an_undo_may_take_the_only_one_for_a_thief_put_it_there() -> None:
    mio = make_customer("mio")
    with recorded(Actor.system("tests")):
        TotpDevice.objects.create(user=mio.user, name="Thief", confirmed=True, seed=new_seed())
    link = [m for m in mails_to(mio.email) if "app was added" in m.subject][-1]
    with recorded(Actor.system("tests")):
        TotpDevice.objects.filter(user=mio.user, name="Phone").delete()
    undo_change(link_in(link, "/undo/").split("/")[2], actor=stranger())
    assert not list_factors(mio.user)


@pytest.mark.parametrize("table", ["webauthncredential", "webauthnattestation"])
def test_the_packages_own_tables_take_no_row(table: str, owner_connection: psycopg.Connection) -> None:
    """Not even the owner's: a factor in there would be told to nobody."""
    kept = owner_connection.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND conname = 'sealed' AND convalidated",
        [f"django_otp_webauthn_{table}"],
    ).fetchall()
    assert kept == [("sealed",)]
