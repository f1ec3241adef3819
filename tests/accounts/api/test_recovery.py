"""A lost second factor from an app: the same proofs as by pages, each step bound to the device's key."""

from __future__ import annotations

import psycopg
import pytest

from accounts.models import FactorGuesses, Recovery, RecoveryAsk, RecoveryCode, Suspension, TotpDevice
from tests.accounts.recovering import (
    deliveries_of,
    mailed_code,
    mailed_link,
    opens_with,
    wait_out,
    with_phone,
)
from tests.api_client import Answer, Phone
from tests.people import Person, fresh_email, make_customer, totp_code, totp_now

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


def post(phone: Phone, path: str, **body: str) -> Answer:
    return phone.post(f"/api/v1/{path}", body, token="", idempotency_key=None)


def proven(phone: Phone, person: Person) -> str:
    session: str = phone.prove_password(person.email, person.password).json()["auth_session"]
    return session


def begun(phone: Phone, person: Person) -> str:
    answer = post(phone, "recovery", auth_session=proven(phone, person), code=person.recovery_codes.pop(0))
    assert answer.status == 202, answer.content
    session: str = answer.json()["recovery_session"]
    return session


def set_up(phone: Phone, person: Person, answer: Answer) -> str:
    """The last two steps; returns the new seed."""
    assert answer.status == 200, answer.content
    asked = answer.json()
    assert asked["state"] == "enrolling"
    seed, session = asked["seed"], asked["recovery_session"]
    assert post(phone, "recovery/finish", recovery_session=session).code == "recovery-over", "nothing proven"
    assert post(phone, "recovery/app", recovery_session=session, code="000000").code == "wrong-code"
    shown = post(phone, "recovery/app", recovery_session=session, code=totp_code(seed))
    codes = shown.json()["recovery_codes"]
    assert post(phone, "recovery/app", recovery_session=session, code=totp_code(seed)).json() == shown.json()
    assert opens_with(person, totp_code(person.seed)), "nothing counts before the end"
    assert post(Phone(), "recovery/finish", recovery_session=session).code == "recovery-over"
    assert post(phone, "recovery/finish", recovery_session=session).status == 204
    assert post(phone, "recovery/finish", recovery_session=session).code == "recovery-over"
    assert opens_with(person, codes[0])
    return str(seed)


@pytest.mark.requirement(23, 26, 31)
def test_password_recovery_code_and_mailed_code_bring_a_new_factor() -> None:
    aya = with_phone(make_customer("aya"))
    elsewhere, phone = Phone.signed_in(aya), Phone()
    session = begun(phone, aya)
    right = mailed_code(aya)
    wrong = f"{(int(right) + 1) % 10**8:08d}"
    assert post(phone, "recovery/mail-code", recovery_session=session, code=wrong).code == "wrong-mail-code"
    assert post(Phone(), "recovery/mail-code", recovery_session=session, code=right).code == "recovery-over"
    assert post(phone, "recovery/mail-code/again", recovery_session=session).status == 202
    assert post(phone, "recovery/mail-code", recovery_session=session, code=right).code == "wrong-mail-code"
    answer = post(phone, "recovery/mail-code", recovery_session=session, code=mailed_code(aya))
    seed = set_up(phone, aya, answer)
    assert [one.seed for one in TotpDevice.objects.filter(user=aya.user)] == [seed]
    assert not opens_with(aya, totp_code(aya.seed))
    assert elsewhere.get("/api/v1/me").status == 401
    recovery = Recovery.objects.get(user=aya.user)
    told = {(one.event.payload["state"], one.channel) for one in deliveries_of(recovery)}
    mailed_code(aya)
    assert {("proving", "email"), ("proving", "sms")} <= told
    # Nobody was signed in by it: the new factor is asked for as ever.
    challenge = proven(phone, aya)
    assert phone.prove_factor(challenge, totp_code(seed)).status == 200


@pytest.mark.requirement(9, 23)
@pytest.mark.parametrize("proof", ["the app's code", "another's recovery code", "a used recovery code"])
def test_the_first_proof_is_a_recovery_code_of_ones_own(proof: str) -> None:
    aya, ken = with_phone(make_customer("aya")), make_customer("ken")
    opens_with(aya, aya.recovery_codes[9])
    given = {
        "the app's code": totp_now(aya),
        "another's recovery code": ken.recovery_codes[0],
        "a used recovery code": aya.recovery_codes[9],
    }[proof]
    phone = Phone()
    first = proven(phone, aya)
    refused = post(phone, "recovery", auth_session=first, code=given)
    assert (refused.status, refused.code) == (422, "wrong-code")
    assert FactorGuesses.objects.get(user=aya.user).in_a_row == 1
    assert not Recovery.objects.filter(user=aya.user).exists()
    assert RecoveryCode.objects.filter(code_set__user=ken.user, used_at=None).count() == 10
    again = refused.json()["auth_session"]
    assert post(phone, "recovery", auth_session=first, code=aya.recovery_codes[0]).code == "invalid-session"
    assert post(Phone(), "recovery", auth_session=again, code=aya.recovery_codes[0]).code == "invalid-session"
    assert post(phone, "recovery", auth_session=again, code=aya.recovery_codes[0]).status == 202


@pytest.mark.requirement(24)
def test_who_can_be_told_nowhere_else_waits_a_day(owner_connection: psycopg.Connection) -> None:
    aya, phone = make_customer("aya"), Phone()
    answer = post(phone, "recovery/mail-code", recovery_session=begun(phone, aya), code=mailed_code(aya))
    asked = answer.json()
    assert (asked["state"], asked["recovery_session"], asked["seed"]) == ("waiting", None, None)
    assert asked["waits_until"]
    recovery = wait_out(owner_connection, aya, Recovery.objects.get(user=aya.user))
    assert recovery.state == "ready"
    token, later = mailed_link(aya).split("/")[-2], Phone()
    assert post(later, "recovery/link", token=token, password="not the password").status == 422
    assert post(later, "recovery/link", token=token[:-1], password=aya.password).code == "recovery-over"
    seed = set_up(later, aya, post(later, "recovery/link", token=token, password=aya.password))
    assert opens_with(aya, totp_code(seed))


@pytest.mark.requirement(23)
@pytest.mark.parametrize("session", ["x", "é" * 9, "an auth session", "a step before"])
def test_no_step_opens_without_what_comes_before_it(session: str) -> None:
    aya, phone = with_phone(make_customer("aya")), Phone()
    given = {"an auth session": lambda: proven(phone, aya), "a step before": lambda: begun(phone, aya)}
    text = given.get(session, lambda: session)()
    steps = (
        ["app", "finish"] if session == "a step before" else ["mail-code", "mail-code/again", "app", "finish"]
    )
    for step in steps:
        body = {"recovery_session": text} | (
            {} if step in ("finish", "mail-code/again") else {"code": "123456"}
        )
        assert post(phone, f"recovery/{step}", **body).code == "recovery-over", step
    assert opens_with(aya, totp_code(aya.seed))


@pytest.mark.requirement(5, 20)
def test_asking_the_desk_is_answered_alike_for_every_address() -> None:
    aya, thief = make_customer("aya"), fresh_email("thief")
    answers = [post(Phone(), "recovery/ask", email=email) for email in (aya.email, thief)]
    assert {(one.status, one.content) for one in answers} == {(202, b"")}
    assert RecoveryAsk.objects.filter(email__in=[aya.email, thief]).count() == 2
    extra = Phone().post(
        "/api/v1/recovery/ask", {"email": aya.email, "to": thief}, token="", idempotency_key=None
    )
    assert extra.status == 422


@pytest.mark.requirement(24, 34)
def test_who_is_signed_in_sees_it_takes_it_back_or_stops_it() -> None:
    aya, ken = with_phone(make_customer("aya")), with_phone(make_customer("ken"), "+819011112233")
    app, other = Phone.signed_in(aya), Phone.signed_in(ken)
    assert app.get("/api/v1/me/recovery").status == 404
    assert app.delete("/api/v1/me/recovery").code == "recovery-over"
    begun(Phone(), aya)
    begun(Phone(), ken)
    assert app.get("/api/v1/me/recovery").json()["state"] == "proving"
    assert app.delete("/api/v1/me/recovery").status == 204
    assert Recovery.objects.get(user=aya.user).state == "withdrawn"
    assert not Suspension.objects.filter(user=aya.user).exists()
    assert other.post("/api/v1/me/recovery/stop", idempotency_key=None).status == 204
    assert Recovery.objects.get(user=ken.user).state == "stopped"
    assert Suspension.objects.filter(user=ken.user).count() == 1
    assert other.get("/api/v1/me").status == 401
