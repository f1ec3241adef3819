"""What no hand can do to a recovery, or to how a customer signs in: by Python, by shell or by SQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from secrets import token_bytes
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.actions.recoveries import desk
from accounts.models import (
    ApiDevice,
    CredentialChange,
    Recovery,
    RecoveryCode,
    RecoveryCodeSet,
    RecoveryStep,
    TotpDevice,
    User,
)
from accounts.two_factor.codes import new_recovery_codes, new_seed, write_recovery_codes
from tests.accounts.mails import mails_to
from tests.accounts.recovering import by_the_desk, let_pass, wait_out, with_phone
from tests.people import Person, fresh_email, make_customer, make_staff
from wallet_site.actor import Actor
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


def refusal_of(work: Callable[[], Any], actor: Actor) -> str:
    """The SQLSTATE with which the database refuses; "" when it does not."""
    try:
        with recorded(actor):
            work()
    except DatabaseError as error:
        return str(getattr(error.__cause__, "sqlstate", None) or "")
    return ""


def move(recovery: Recovery, **values: Any) -> Callable[[], int]:
    return lambda: Recovery.objects.filter(pk=recovery.pk).update(**values)


CREDENTIALS: dict[str, Callable[[Person], Any]] = {
    "a password": lambda aya: User.objects.filter(pk=aya.user.pk).update(password="argon2$chosen"),
    "an address": lambda aya: User.objects.filter(pk=aya.user.pk).update(email=fresh_email("theirs")),
    "a phone": lambda aya: User.objects.filter(pk=aya.user.pk).update(phone="+819099998888"),
    "no phone": lambda aya: User.objects.filter(pk=aya.user.pk).update(phone=None),
    "an app": lambda aya: TotpDevice.objects.create(
        user=aya.user, name="Desk", confirmed=True, seed=new_seed()
    ),
    "another seed": lambda aya: TotpDevice.objects.filter(user=aya.user).update(seed=new_seed()),
    "no app": lambda aya: TotpDevice.objects.filter(user=aya.user).delete(),
    "recovery codes": lambda aya: write_recovery_codes(aya.user, new_recovery_codes()),
    "no recovery codes": lambda aya: RecoveryCodeSet.objects.filter(user=aya.user).delete(),
    "another recovery code": lambda aya: RecoveryCode.objects.filter(
        pk=RecoveryCode.objects.filter(code_set__user=aya.user).latest("pk").pk
    ).update(digest=token_bytes(32)),
    "an app's tokens": lambda aya: ApiDevice.objects.create(
        user=aya.user, name="Desk", key_thumbprint="d" * 43
    ),
    "an open account": lambda aya: User.objects.filter(pk=aya.user.pk, is_active=False).update(
        is_active=True
    ),
}


@pytest.mark.requirement(23)
@pytest.mark.parametrize("what", CREDENTIALS)
def test_staff_set_nothing_that_a_customer_signs_in_with(what: str) -> None:
    aya, rin = with_phone(make_customer("aya")), make_staff("rin", superuser=True)
    if what == "an open account":
        with recorded(Actor.system("tests")):
            User.objects.filter(pk=aya.user.pk).update(is_active=False)
    before = User.objects.values().get(pk=aya.user.pk)
    seeds = list(TotpDevice.objects.filter(user=aya.user).values_list("seed", flat=True))
    codes = set(RecoveryCode.objects.filter(code_set__user=aya.user).values_list("digest", flat=True))
    changes = CredentialChange.objects.filter(user=aya.user).count()
    as_themselves = rin.actor
    as_somebody = Actor(kind="customer", user_id=rin.user.pk, name="shell")
    for actor in (as_themselves, as_somebody, Actor(kind="staff")):
        assert refusal_of(lambda: CREDENTIALS[what](aya), actor) == "KK414"
    assert User.objects.values().get(pk=aya.user.pk) == before
    assert list(TotpDevice.objects.filter(user=aya.user).values_list("seed", flat=True)) == seeds
    assert set(RecoveryCode.objects.filter(code_set__user=aya.user).values_list("digest", flat=True)) == codes
    assert CredentialChange.objects.filter(user=aya.user).count() == changes
    assert not ApiDevice.objects.filter(user=aya.user).exists()


@pytest.mark.requirement(23)
def test_not_by_sql_either(application_connection: psycopg.Connection) -> None:
    aya, rin = make_customer("aya"), make_staff("rin")
    application_connection.execute(
        "SELECT set_config('kakehashi.actor', %s, false)",
        [json.dumps({"kind": "staff", "user_id": rin.user.pk})],
    )
    for statement in (
        "UPDATE accounts_user SET email = 'x' || email WHERE id = %s",
        "UPDATE accounts_user SET password = 'argon2$chosen' WHERE id = %s",
        "DELETE FROM accounts_totpdevice WHERE user_id = %s",
    ):
        with pytest.raises(psycopg.Error) as refused:
            application_connection.execute(statement, [aya.user.pk])
        assert refused.value.sqlstate == "KK414"
    assert User.objects.get(pk=aya.user.pk).email == aya.email
    # Their own, and what only takes away, they may.
    application_connection.execute(
        "UPDATE accounts_user SET phone = '+819000001111' WHERE id = %s", [rin.user.pk]
    )
    device = ApiDevice.objects.create(user=aya.user, name="Pixel", key_thumbprint="x" * 43)
    application_connection.execute(
        "UPDATE accounts_apidevice SET revoked_at = now() WHERE id = %s", [device.pk]
    )


@pytest.mark.requirement(23)
@pytest.mark.requirement(40)
def test_it_takes_two_members_of_staff_who_act() -> None:
    aya, rin, sota, gone = make_customer("aya"), make_staff("rin"), make_staff("sota"), make_staff("gone")
    User.objects.filter(pk=gone.user.pk).update(is_active=False)
    start = {"user": aya.user, "way": "desk", "state": "started", "reason": "called"}
    for who, actor in (
        (sota.user, rin.actor),  # in somebody else's name
        (rin.user, aya.actor),  # not staff who acts
        (aya.user, aya.actor),
        (gone.user, gone.actor),
        (None, rin.actor),
    ):
        made = refusal_of(lambda who=who: Recovery.objects.create(started_by=who, **start), actor)
        assert made == "KK413"
    with recorded(rin.actor):
        recovery = desk.write_start(aya.user, reason="called", actor=rin.actor)
    for who, actor in (
        (rin.user, rin.actor),  # one's own
        (sota.user, rin.actor),  # in another's name
        (sota.user, Actor.system("shell")),
        (aya.user, aya.actor),
        (None, sota.actor),
        (gone.user, gone.actor),
    ):
        assert refusal_of(move(recovery, state="waiting", approved_by=who), actor) == "KK413"
    recovery.refresh_from_db()
    assert (recovery.state, recovery.approved_by) == ("started", None)
    # Nor by another of the desk alone: without an approval that says so there is no wait.
    assert refusal_of(move(recovery, state="waiting", approved_by=sota.user), sota.actor) == "KK413"
    # And by a plain CHECK, whatever a trigger says.
    names = {one.name for one in Recovery._meta.constraints}
    assert {"recovery_takes_two", "recovery_goes_on_approved"} <= names


@pytest.mark.requirement(23)
def test_the_check_alone_keeps_the_two_apart(owner_connection: psycopg.Connection) -> None:
    aya = make_customer("aya")
    recovery = by_the_desk(aya)
    with owner_connection.transaction():
        owner_connection.execute("ALTER TABLE accounts_recovery DISABLE TRIGGER keeps_its_steps")
        try:
            with pytest.raises(psycopg.errors.CheckViolation), owner_connection.transaction():
                owner_connection.execute(
                    "UPDATE accounts_recovery SET approved_by_id = started_by_id WHERE id = %s", [recovery.pk]
                )
        finally:
            owner_connection.execute("ALTER TABLE accounts_recovery ENABLE TRIGGER keeps_its_steps")


STATES = [
    "proving", "requested", "started", "waiting", "ready", "enrolling", "completed", "stopped", "refused",
    "withdrawn", "overtaken", "expired",
]  # fmt: skip


@pytest.mark.requirement(23)
@pytest.mark.parametrize("state", STATES)
def test_no_step_is_skipped_while_it_waits(state: str) -> None:
    """From the wait there is only stopping, whoever asks and whatever they set beside it."""
    aya = with_phone(make_customer("aya"))
    recovery = by_the_desk(aya)
    beside = {
        "ready": {"link_digest": b"l" * 32},
        "enrolling": {"key_digest": b"k" * 32},
        "completed": {"key_digest": b"k" * 32},
    }.get(state, {})
    refused = refusal_of(move(recovery, state=state, **beside), Actor.system("shell"))
    allowed = state in ("waiting", "stopped", "withdrawn", "overtaken")
    assert (refused == "") is allowed, refused
    recovery.refresh_from_db()
    assert recovery.state == (state if allowed else "waiting")


@pytest.mark.requirement(23)
@pytest.mark.parametrize(
    "values",
    [
        {"waits_until": "2020-01-01T00:00:00Z"},
        {"changed_at": "2020-01-01T00:00:00Z"},
        {"rounds_told": 2},
        {"rounds_told": 3},
        {"way": "code"},
        {"address": "thief@example.com"},
        {"reason": "another"},
        {"password_lost": True},
        {"link_digest": b"l" * 32},
        {"key_digest": b"k" * 32},
        {"expires_at": "2099-01-01T00:00:00Z"},
        {"approved_at": "2020-01-01T00:00:00Z"},
    ],
    ids=lambda values: next(iter(values)),
)
def test_nothing_makes_the_wait_shorter_or_leads_elsewhere(values: dict[str, Any]) -> None:
    aya = make_customer("aya")
    recovery = by_the_desk(aya)
    before = Recovery.objects.values().get(pk=recovery.pk)
    refusal_of(move(recovery, **values), Actor.system("shell"))
    assert Recovery.objects.values().get(pk=recovery.pk) == before


@pytest.mark.requirement(23)
def test_the_link_is_not_made_before_its_time_and_not_used_after(
    owner_connection: psycopg.Connection,
) -> None:
    aya = with_phone(make_customer("aya"))
    recovery = by_the_desk(aya)
    mails_to(aya.email)
    ready = move(recovery, state="ready", link_digest=b"l" * 32)
    assert refusal_of(ready, Actor.system("shell")) == "KK412"
    # The time alone is not enough: everybody must have been told three times.
    let_pass(owner_connection, recovery, hours=73)
    assert refusal_of(ready, Actor.system("shell")) == "KK412"
    wait_out(owner_connection, aya, recovery)
    assert recovery.state == "ready"
    let_pass(owner_connection, recovery, hours=73)
    assert refusal_of(move(recovery, state="enrolling", key_digest=b"k" * 32), aya.actor) == "KK412"


@pytest.mark.requirement(23)
def test_staff_do_not_take_the_customers_part(owner_connection: psycopg.Connection) -> None:
    aya, rin = with_phone(make_customer("aya")), make_staff("rin")
    recovery = wait_out(owner_connection, aya, by_the_desk(aya))
    assert refusal_of(move(recovery, state="enrolling", key_digest=b"k" * 32), rin.actor) == "KK414"
    with recorded(aya.actor):
        move(recovery, state="enrolling", key_digest=b"k" * 32)()
    assert refusal_of(move(recovery, key_digest=b"z" * 32), rin.actor) == "KK414"
    assert refusal_of(move(recovery, state="completed"), rin.actor) == "KK414"


@pytest.mark.requirement(24)
def test_the_channel_that_recovers_is_never_the_only_one_told() -> None:
    """Even an action that forgot to ask is refused: with one address on file there is a day's wait."""
    aya = make_customer("aya")
    with recorded(aya.actor):
        recovery = Recovery.objects.create(user=aya.user, way="code", state="proving")
    enrol = move(recovery, state="enrolling", key_digest=b"k" * 32)
    assert refusal_of(enrol, aya.actor) == "KK412"
    assert refusal_of(move(recovery, state="waiting"), aya.actor) == ""


@pytest.mark.requirement(23)
@pytest.mark.parametrize("state", ["waiting", "ready", "enrolling", "completed", "requested"])
def test_a_recovery_begins_at_its_beginning(state: str) -> None:
    aya, rin = make_customer("aya"), make_staff("rin")
    way = "code" if state == "requested" else "desk"
    asked = {"user": aya.user, "way": way, "state": state, "key_digest": b"k" * 32, "link_digest": b"l" * 32}
    assert refusal_of(lambda: Recovery.objects.create(**asked), aya.actor) in ("KK411", "23514")
    staff = {**asked, "user": rin.user, "state": "proving", "way": "code"}
    assert refusal_of(lambda: Recovery.objects.create(**staff), rin.actor) == "KK411"


def test_one_is_open_at_a_time() -> None:
    aya = make_customer("aya")
    by_the_desk(aya)
    with pytest.raises(IntegrityError), recorded(aya.actor):
        Recovery.objects.create(user=aya.user, way="code", state="proving")


@pytest.mark.requirement(25)
def test_the_history_is_written_by_the_database_and_stays(owner_connection: psycopg.Connection) -> None:
    aya = make_customer("aya")
    recovery = by_the_desk(aya)
    steps = list(RecoveryStep.objects.filter(recovery=recovery).order_by("pk"))
    assert [(one.state, one.actor["kind"]) for one in steps] == [("started", "staff"), ("waiting", "staff")]
    assert steps[0].actor["user_id"] != steps[1].actor["user_id"]
    forgeries = (
        "INSERT INTO accounts_recoverystep (recovery_id, user_id, state, actor, at)"
        f" VALUES ({recovery.pk}, {aya.user.pk}, 'completed', '{{}}', now())",
        f"UPDATE accounts_recoverystep SET state = 'stopped' WHERE recovery_id = {recovery.pk}",
        f"DELETE FROM accounts_recoverystep WHERE recovery_id = {recovery.pk}",
        f"DELETE FROM accounts_recovery WHERE id = {recovery.pk}",
    )
    for forgery in forgeries:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(forgery)
    for forgery in (*forgeries[1:], "TRUNCATE accounts_recoverystep", "TRUNCATE accounts_recovery CASCADE"):
        with pytest.raises(psycopg.Error):
            owner_connection.execute(forgery)
    assert list(RecoveryStep.objects.filter(recovery=recovery).order_by("pk")) == steps


def test_every_step_of_every_hand_is_told(application_connection: psycopg.Connection) -> None:
    """Promise 1 for recoveries: a hand in psql that moves one cannot do it in silence."""
    aya = with_phone(make_customer("aya"))
    application_connection.execute(
        "INSERT INTO accounts_recovery (public_id, user_id, way, state, address, reason, password_lost, rounds_told,"
        " code_tries, password_hash)"
        " VALUES (gen_random_uuid(), %s, 'desk', 'requested', '', '', false, 0, 0, '')",
        [aya.user.pk],
    )
    newest = mails_to(aya.email)[-1]
    assert "/recovery/stop/" in str(newest.body)
    step = RecoveryStep.objects.get(user=aya.user)
    assert step.actor == {"kind": "database"}
