"""What an authenticator answers is taken only if all of it is right (requirement 8), once, by whom it was asked."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from django_otp_webauthn.models import WebAuthnUserHandle
from pytest_django.fixtures import Settings
from webauthn.helpers import base64url_to_bytes

from accounts.errors import PasskeyOver, WrongPasskey
from accounts.models import FactorGuesses, Passkey
from accounts.two_factor.codes import GUESSES_AN_HOUR, GUESSES_IN_A_ROW
from accounts.two_factor.passkeys.ceremonies import (
    Asked,
    Question,
    ask_to_register,
    ask_to_sign,
    judge_new,
    take,
)
from accounts.two_factor.passkeys.proofs import check_passkey
from tests.accounts.actions.test_races import at_once, stranger
from tests.accounts.mails import mails_to
from tests.authenticator import Authenticator, with_passkey
from tests.people import Person, make_customer
from wallet_site.audit.models import AuditRow
from wallet_site.errors import TooManyTries, Unavailable
from wallet_site.local.valkey import Valkey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement(8)]

ALONE = Question("sign_in", "browser:aya")
SECOND = Question("second_factor", "browser:aya")


def prove(person: Person | None, asked: Asked, credential: str, question: Question = SECOND) -> Any:
    user = person.user if person else None
    return check_passkey(asked.ceremony, credential, question=question, user=user, actor=stranger())


def test_a_passkey_proves_a_second_factor_and_who_somebody_is() -> None:
    aya = make_customer("aya")
    passkey, phone = with_passkey(aya)
    asked = ask_to_sign(SECOND, user=aya.user)
    assert asked.options["userVerification"] == "required"
    assert len(asked.options["allowCredentials"]) == 1
    assert prove(aya, asked, phone.get(asked.options)).device == passkey
    asked = ask_to_sign(ALONE, user=None)
    assert asked.options["allowCredentials"] == [], "nothing tells who has a passkey"
    proof = prove(None, asked, phone.get(asked.options), ALONE)
    assert (proof.device.user, proof.method) == (aya.user, "passkey")
    passkey.refresh_from_db()
    assert passkey.last_used_at is not None
    assert passkey.backup_state


BENT: dict[str, dict[str, Any]] = {
    "no user verified": {"uv": False},
    "nobody present": {"up": False},
    "another site": {"origin": "https://evil.example"},
    "another port": {"origin": "http://localhost:1"},
    "another relying party": {"rp_id": "evil.example"},
    "another question": {"challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    "another key": {"key": generate_private_key(SECP256R1())},
    "made for registering": {"type": "webauthn.create"},
    "in a frame of another site": {"cross_origin": True},
    "another person's handle": {"user_handle": b"somebody else"},
    "an unknown credential": {"credential_id": b"x" * 32},
    "impossible flags": {"flags": 0x10},
}


@pytest.mark.parametrize("question", [ALONE, SECOND], ids=["alone", "second"])
def test_an_answer_that_is_not_quite_right_proves_nothing(question: Question) -> None:
    aya = make_customer("aya")
    passkey, phone = with_passkey(aya)
    who = aya if question is SECOND else None
    taken = []
    for name, bent in BENT.items():
        asked = ask_to_sign(question, user=who.user if who else None)
        with suppress(WrongPasskey):
            prove(who, asked, phone.get(asked.options, **bent), question)
            taken.append(name)
    passkey.refresh_from_db()
    assert (taken, passkey.last_used_at) == ([], None)


def test_alone_the_passkey_must_say_who_it_is() -> None:
    aya = make_customer("aya")
    _passkey, phone = with_passkey(aya)
    asked = ask_to_sign(ALONE, user=None)
    with pytest.raises(WrongPasskey):
        prove(None, asked, phone.get(asked.options, user_handle=None), ALONE)
    asked = ask_to_sign(SECOND, user=aya.user)
    assert prove(aya, asked, phone.get(asked.options, user_handle=None))


def test_somebody_elses_passkey_is_no_second_factor() -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    with_passkey(aya)
    _passkey, kens = with_passkey(ken)
    asked = ask_to_sign(SECOND, user=aya.user)
    with pytest.raises(WrongPasskey):
        prove(aya, asked, kens.get(asked.options))
    again = ask_to_sign(SECOND, user=aya.user)
    with pytest.raises(WrongPasskey):
        prove(aya, again, kens.get(again.options, user_handle=None))


def test_an_unconfirmed_passkey_and_one_of_a_closed_account_prove_nothing() -> None:
    for change in ({"confirmed": False}, {"user__is_active": False}):
        aya = make_customer("aya")
        passkey, phone = with_passkey(aya)
        if "confirmed" in change:
            Passkey.objects.filter(pk=passkey.pk).update(confirmed=False)
        else:
            aya.user.is_active = False
            aya.user.save(update_fields=["is_active"])
        asked = ask_to_sign(ALONE, user=None)
        with pytest.raises(WrongPasskey):
            prove(None, asked, phone.get(asked.options), ALONE)


GARBAGE = [
    "", "null", "[]", "{}", "{" * 10_000, '{"id": 1}', "x" * 30_000, '"text"',
    json.dumps({"id": "a", "rawId": "a", "type": "public-key", "response": {}}),
    json.dumps({"id": "é", "rawId": "\ud800", "type": "public-key", "response": {
        "clientDataJSON": "a", "authenticatorData": "a", "signature": "a", "userHandle": "a"}}),
    json.dumps({"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {
        "clientDataJSON": "bnVsbA", "attestationObject": "oA"}}),
]  # fmt: skip


def test_what_cannot_be_read_is_refused_and_breaks_nothing() -> None:
    aya = make_customer("aya")
    with_passkey(aya)
    question = Question("register", "browser:aya")
    for text in GARBAGE:
        asked = ask_to_sign(SECOND, user=aya.user)
        with pytest.raises(WrongPasskey):
            prove(aya, asked, text)
        asked = ask_to_register(question, user=aya.user)
        ceremony = take(asked.ceremony, question, user=aya.user)
        with pytest.raises(WrongPasskey):
            judge_new(ceremony, text)


@pytest.mark.requirement(9)
def test_one_answer_under_sixty_parallel_requests_is_judged_once() -> None:
    aya = make_customer("aya")
    _passkey, phone = with_passkey(aya)
    asked = ask_to_sign(SECOND, user=aya.user)
    credential = phone.get(asked.options)
    assert at_once(lambda _number: prove(aya, asked, credential), 60) == {"done": 1, "passkey-over": 59}


def test_a_question_is_answered_only_where_and_for_what_it_was_put(settings: Settings) -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    _passkey, phone = with_passkey(aya)

    def refused(asked: Asked, person: Person | None, question: Question) -> None:
        with pytest.raises(PasskeyOver):
            prove(person, asked, phone.get(asked.options), question)

    asked = ask_to_sign(SECOND, user=aya.user)
    refused(asked, aya, Question("second_factor", "browser:thief"))
    refused(asked, aya, Question("step_up", "browser:aya"))
    refused(asked, ken, SECOND)
    refused(asked, None, SECOND)
    refused(ask_to_sign(ALONE, user=None), aya, ALONE)
    refused(
        ask_to_sign(Question("step_up", "a", b"5000"), user=aya.user), aya, Question("step_up", "a", b"9")
    )
    refused(ask_to_sign(Question("step_up", "a", b"5000"), user=aya.user), aya, Question("step_up", "a"))
    for broken in ("", "nonsense", asked.ceremony[:-4]):
        refused(Asked(broken, asked.options), aya, SECOND)
    settings.PASSKEY_CEREMONY_LIFETIME = timedelta(seconds=-1)
    refused(ask_to_sign(SECOND, user=aya.user), aya, SECOND)
    assert prove(aya, asked, phone.get(asked.options)), "none of those used the question up"


@pytest.mark.requirement(36)
def test_what_is_confirmed_is_part_of_what_is_signed() -> None:
    aya = make_customer("aya")
    question = Question("step_up", "device:1", b"digest of a payment of 5000 to H")
    asked = ask_to_sign(question, user=aya.user)
    _passkey, phone = with_passkey(aya)
    signed = json.loads(phone.get(asked.options))["response"]["clientDataJSON"]
    challenge = base64url_to_bytes(json.loads(base64url_to_bytes(signed))["challenge"])
    assert challenge.endswith(b"digest of a payment of 5000 to H")
    assert len(challenge) == 64


def test_a_counter_that_goes_back_is_refused_and_told() -> None:
    mio = make_customer("mio")
    passkey, phone = with_passkey(mio, sign_count=7)
    for count in (7, 6, 0):
        asked = ask_to_sign(SECOND, user=mio.user)
        with pytest.raises(WrongPasskey):
            prove(mio, asked, phone.get(asked.options, sign_count=count))
    copied = [mail for mail in mails_to(mio.email) if "may have been copied" in mail.subject]
    assert len(copied) == 1, "told once for one count"
    assert "Laptop" in str(copied[0].body)
    assert (
        AuditRow.objects.filter(action="accounts:passkey:count_went_back", user_id=mio.user.pk).count() == 3
    )
    asked = ask_to_sign(SECOND, user=mio.user)
    # The counter has four bytes without a sign.
    assert prove(mio, asked, phone.get(asked.options, sign_count=2**32 - 1))
    passkey.refresh_from_db()
    assert passkey.sign_count == 2**32 - 1


@pytest.mark.requirement(16)
@pytest.mark.requirement(17)
def test_whoever_used_up_the_codes_has_not_locked_the_passkey() -> None:
    aya = make_customer("aya")
    _passkey, phone = with_passkey(aya)
    FactorGuesses.objects.create(
        user=aya.user,
        in_a_row=GUESSES_IN_A_ROW,
        in_window=GUESSES_AN_HOUR,
        window_started_at=aya.user.created_at,
    )
    asked = ask_to_sign(SECOND, user=aya.user)
    assert prove(aya, asked, phone.get(asked.options))
    assert FactorGuesses.objects.get(user=aya.user).in_a_row == GUESSES_IN_A_ROW, (
        "and has not freed the codes"
    )


@pytest.mark.requirement(16)
def test_a_network_with_many_wrong_answers_still_gets_its_right_one_in() -> None:
    aya = make_customer("aya")
    _passkey, phone = with_passkey(aya)
    actor = stranger()

    def answer(**bent: Any) -> Any:
        asked = ask_to_sign(ALONE, user=None)
        return check_passkey(
            asked.ceremony, phone.get(asked.options, **bent), question=ALONE, user=None, actor=actor
        )

    for _number in range(60):
        with pytest.raises(WrongPasskey):
            answer(uv=False)
    with pytest.raises(TooManyTries):
        answer(uv=False)
    assert answer()


@pytest.mark.requirement(18)
def test_a_wrong_passkey_after_the_right_password_is_told_once() -> None:
    mio = make_customer("mio")
    _passkey, phone = with_passkey(mio)
    for _number in range(3):
        asked = ask_to_sign(SECOND, user=mio.user)
        with pytest.raises(WrongPasskey):
            prove(mio, asked, phone.get(asked.options, uv=False))
    told = [mail for mail in mails_to(mio.email) if "wrong code" in mail.subject]
    assert len(told) in (1, 2), "two only where ten minutes end in between"


@pytest.mark.requirement(46)
def test_without_redis_no_passkey_is_taken(valkey: Valkey) -> None:
    aya = make_customer("aya")
    _passkey, phone = with_passkey(aya)
    asked = ask_to_sign(SECOND, user=aya.user)
    valkey.kill()
    with pytest.raises(Unavailable):
        prove(aya, asked, phone.get(asked.options))


def test_a_new_passkey_must_verify_its_user_too() -> None:
    aya = make_customer("aya")
    question = Question("register", "browser:aya")

    def made(**bent: Any) -> Any:
        asked = ask_to_register(question, user=aya.user)
        chosen = asked.options["authenticatorSelection"]
        assert (chosen["userVerification"], chosen["residentKey"]) == ("required", "required")
        assert asked.options["attestation"] == "none"
        return judge_new(
            take(asked.ceremony, question, user=aya.user), Authenticator().create(asked.options, **bent)
        )

    assert made().backup_eligible
    for name in ("no user verified", "nobody present", "another site", "another relying party",
                 "another question", "in a frame of another site", "impossible flags"):  # fmt: skip
        with pytest.raises(WrongPasskey):
            made(**BENT[name])
    with pytest.raises(WrongPasskey):
        made(type="webauthn.get")
    with pytest.raises(WrongPasskey):
        made(fmt="unheard-of")


def test_the_app_of_an_android_phone_signs_with_its_own_origin(settings: Settings) -> None:
    aya = make_customer("aya")
    _passkey, phone = with_passkey(aya)
    app = "android:apk-key-hash:7d1Jr5JkC8z0o1P3Z0Yt1u9VbN3kC7f2QmXw8RrJx5o"
    asked = ask_to_sign(SECOND, user=aya.user)
    with pytest.raises(WrongPasskey):
        prove(aya, asked, phone.get(asked.options, origin=app))
    settings.PASSKEY_APP_ORIGINS = [app]
    asked = ask_to_sign(SECOND, user=aya.user)
    assert prove(aya, asked, phone.get(asked.options, origin=app))


def test_the_handle_says_nothing_about_the_person_and_stays() -> None:
    aya = make_customer("aya")
    question = Question("register", "browser:aya")
    first, second = (ask_to_register(question, user=aya.user).options["user"] for _number in range(2))
    assert first["id"] == second["id"]
    assert len(WebAuthnUserHandle.get_handle_for_user(aya.user)) == 64
    assert first["name"] == aya.email
