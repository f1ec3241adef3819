"""Factors from an app: a passkey in the sign-in challenge, in step-up, made, named and removed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from accounts import step_up
from accounts.models import (
    ApiDevice,
    CredentialChange,
    FactorGuesses,
    Passkey,
    SignInAttempt,
    StepUpChallenge,
    TotpDevice,
)
from tests.accounts.mails import mails_to
from tests.api_client import Answer, Phone
from tests.authenticator import Authenticator, with_passkey
from tests.people import make_customer, make_staff
from tests.support.desk import stop
from wallet_site.actor import Actor

pytestmark = pytest.mark.django_db(transaction=True)

PAY = step_up.ActionKind("tests:app_passkeys:pay", "Pay %(amount)s to %(payee)s")
SIGN_IN, FACTORS = "/api/v1/sign-in", "/api/v1/me/factors"


def post(phone: Phone, path: str, body: Any = None, **options: Any) -> Answer:
    return phone.post(f"/api/v1/{path}", body if body is not None else {}, idempotency_key=None, **options)


def answer(asked: Answer, key: Authenticator, **bent: Any) -> dict[str, str]:
    assert asked.status == 200, asked.content
    options = asked.json()["options"]
    made = key.create(options, **bent) if "rp" in options else key.get(options, **bent)
    return {"ceremony": asked.json()["ceremony"], "credential": made}


def age(phone: Phone) -> None:
    ApiDevice.objects.filter(public_id=phone.device_id).update(
        verified_at=F("verified_at") - timedelta(minutes=6)
    )


@pytest.mark.requirement(8, 35)
def test_a_passkey_is_the_second_factor_of_an_app_that_signs_in() -> None:
    aya = make_customer("aya")
    _passkey, key = with_passkey(aya)
    phone, thief = Phone(), Phone()
    challenge = phone.prove_password(aya.email, aya.password).json()
    assert challenge["factors"] == ["passkey", "totp", "recovery_code"]
    session = {"auth_session": challenge["auth_session"]}
    assert post(thief, "sign-in/passkey", session, token="").code == "invalid-session"
    asked = post(phone, "sign-in/passkey", session, token="")
    wrong = post(phone, "sign-in/factor", session | answer(asked, key, uv=False), token="")
    assert (wrong.status, wrong.code) == (422, "wrong-passkey")
    session = {"auth_session": wrong.json()["auth_session"]}
    asked = post(phone, "sign-in/passkey", session, token="")
    proof = session | answer(asked, key)
    both = post(phone, "sign-in/factor", proof | {"code": "123456"}, token="")
    assert both.json()["errors"][0]["pointer"] == "/code"
    tokens = post(phone, "sign-in/factor", proof, token="")
    assert tokens.status == 200, tokens.content
    assert post(phone, "sign-in/factor", proof, token="").code == "invalid-session"


@pytest.mark.requirement(8, 16, 35)
def test_a_passkey_alone_signs_an_app_in_and_each_answer_counts_once() -> None:
    aya = make_customer("aya")
    _passkey, key = with_passkey(aya)
    # Whoever has used up the codes' tries has not locked the passkey.
    FactorGuesses.objects.create(user=aya.user, in_a_row=100)
    phone, thief = Phone(), Phone()
    ask, path = "sign-in/passkey-alone/options", "sign-in/passkey-alone"
    asked = post(phone, ask, token="")
    assert asked.json()["options"].get("allowCredentials", []) == [], "it tells nobody's passkeys"
    named = {"device_name": "Aya's phone"}
    unverified = post(phone, path, named | answer(asked, key, uv=False), token="")
    assert (unverified.code, unverified.json()["errors"][0]["pointer"]) == ("wrong-passkey", "/credential")
    proof = named | answer(post(phone, ask, token=""), key)
    assert post(thief, path, proof, token="").code == "passkey-over", "asked for by another key"
    proof = named | answer(post(phone, ask, token=""), key)
    tokens = post(phone, path, proof, token="")
    assert tokens.status == 200, tokens.content
    assert post(phone, path, proof, token="").code == "passkey-over"
    assert phone.get("/api/v1/me", token=tokens.json()["access_token"]).json()["email"] == aya.email
    change = CredentialChange.objects.get(user=aya.user, kind="api_device_added")
    assert change.new_value == "Aya's phone"


@pytest.mark.requirement(34, 38)
def test_staff_and_stopped_customers_get_no_tokens_by_a_passkey() -> None:
    rin, ken, phone = make_staff("rin"), make_customer("ken"), Phone()
    stop(ken)
    for person, code in ((rin, "wrong-passkey"), (ken, "suspended")):
        _passkey, key = with_passkey(person)
        asked = post(phone, "sign-in/passkey-alone/options", token="")
        refused = post(phone, "sign-in/passkey-alone", {"device_name": "x"} | answer(asked, key), token="")
        assert refused.code == code
        assert not ApiDevice.objects.filter(user=person.user).exists()
    kept = SignInAttempt.objects.get(user=ken.user)
    assert (kept.result, kept.channel, kept.factor, kept.device) == ("stopped", "app", "passkey", "x")


@pytest.mark.requirement(12, 14, 36)
def test_an_app_makes_names_and_removes_a_passkey_after_a_fresh_proof_only() -> None:
    mio, key = make_customer("mio"), Authenticator()
    phone, other = Phone.signed_in(mio), Phone.signed_in(mio)
    age(phone)
    for path in ("me/factors/passkeys/options", "me/factors/passkeys"):
        refused = post(
            phone, path, {"ceremony": "x", "credential": "x"} if path.endswith("s/passkeys") else None
        )
        assert (refused.status, refused.code) == (401, "step-up-required"), path
    assert phone.step_up(mio).status == 200
    made = post(phone, "me/factors/passkeys", answer(post(phone, "me/factors/passkeys/options"), key))
    assert made.status == 201, made.content
    path = f"{FACTORS}/{made.json()['id']}"
    assert phone.patch(path, {"name": "a/b"}).status == 422
    assert phone.patch(path, {"name": "Ring"}).json()["name"] == "Ring"
    listed = phone.get(FACTORS).json()
    assert [(one["method"], one["name"]) for one in listed] == [("passkey", "Ring"), ("totp", "Phone")]
    assert other.get(FACTORS).status == 401, "everything else is signed out"
    assert mails_to(mio.email)[-1].subject == "A passkey was added to your account"
    age(phone)
    assert phone.delete(path).code == "step-up-required"
    assert phone.step_up(mio).status == 200
    assert phone.delete(path).status == 204
    assert phone.delete(path).status == 404
    last = f"{FACTORS}/{TotpDevice.objects.get(user=mio.user).public_id}"
    assert phone.delete(last).code == "last-factor"


@pytest.mark.requirement(44)
def test_somebody_elses_factor_is_not_found() -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    passkey, _key = with_passkey(ken)
    phone = Phone.signed_in(aya)
    path = f"{FACTORS}/{passkey.public_id}"
    assert phone.delete(path).status == 404
    assert phone.patch(path, {"name": "Mine"}).status == 404
    assert Passkey.objects.get(pk=passkey.pk).name == "Laptop"


@pytest.mark.requirement(36)
def test_a_passkey_confirms_one_payment_on_one_device() -> None:
    aya = make_customer("aya")
    _passkey, key = with_passkey(aya)
    phone, other = Phone.signed_in(aya), Phone.signed_in(aya)
    actor = Actor(kind="customer", user_id=aya.user.pk, token_id=phone.device_id)
    questions = []
    for amount in (5000, 900_000):
        with pytest.raises(step_up.StepUpRequired) as refused:
            step_up.require_for(actor, PAY.of(amount_minor=amount, payee="shop:h", payee_shown="H"))
        questions.append({"challenge": refused.value.extra["step_up"]["challenge"]})
    small, large = questions
    assert post(other, "step-up/passkey", small).code == "step-up-over"
    proof = answer(post(phone, "step-up/passkey", small), key)
    assert post(phone, "step-up", proof | large).code == "passkey-over", "signed for another amount"
    assert post(other, "step-up", proof).code == "passkey-over"
    assert post(phone, "step-up", proof | small).json() == {"max_age": 300}
    proven = StepUpChallenge.objects.filter(user=aya.user, proven_by="passkey")
    assert [str(one.public_id) for one in proven] == [small["challenge"]]
    age(phone)
    assert post(phone, "step-up", answer(post(phone, "step-up/passkey"), key)).status == 200
