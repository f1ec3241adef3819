"""A proof that is bound to one action, amount and payee, on pages and by the API (requirement 36)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from pytest_django.fixtures import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import step_up
from accounts.models import SignIn, StepUpChallenge
from accounts.views.pages import signed_in_user
from tests.accounts.actions.test_races import at_once
from tests.api_client import Phone
from tests.people import Person, make_customer, signed_in_client, totp_now, wrong_code
from wallet_site.actor import Actor
from wallet_site.audit.models import AuditRow
from wallet_site.errors import NotSignedIn, StepUpRequired
from wallet_site.transactions import recorded
from wallet_site.urls import urlpatterns as portal_urls
from wallet_site.web import actor_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement(36)]

SEND = step_up.ActionKind("tests:money:send", _("Send %(amount)s to %(payee)s"))
MOVED: list[tuple[int, str]] = []


def sending(amount: int = 5_000, payee: str = "user:hana", shown: str = "H*** K.") -> step_up.Action:
    return SEND.of(amount_minor=amount, payee=payee, payee_shown=shown)


def send(actor: Actor, action: step_up.Action, then: Callable[[], object] = bool) -> None:
    """What an action of payments does."""
    step_up.require_for(actor, action)
    with recorded(actor):
        step_up.consume(actor, action)
        then()
        MOVED.append((action.amount_minor or 0, action.payee))


def page(request: HttpRequest) -> HttpResponse:
    """A page of payments, as far as it matters here."""
    signed_in_user(request)
    if request.method == "POST":
        send(actor_of(request), sending(int(request.POST["amount"]), request.POST["payee"]))
        return HttpResponse("sent", status=201)
    return HttpResponse("form")


class Door(APIView):
    schema = None

    def post(self, request: Request) -> Response:
        send(actor_of(request._request), sending(request.data["amount"]))
        return Response(status=201)


urlpatterns = [
    path("tests/send/", page),
    path("api/v1/tests/send", Door.as_view()),
    *portal_urls,
]
handler404 = "wallet_site.api.failures.not_found"


@pytest.fixture(autouse=True)
def _doors(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    MOVED.clear()


def session_of(person: Person) -> tuple[Client, Actor]:
    client = signed_in_client(person)
    sign_in = SignIn.objects.filter(user=person.user).latest("pk")
    actor = replace(person.actor, session_id=str(sign_in.public_id), verified_at=sign_in.verified_at)
    return client, actor


def asked(actor: Actor, action: step_up.Action) -> StepUpChallenge:
    with pytest.raises(StepUpRequired) as refusal:
        step_up.require_for(actor, action)
    return StepUpChallenge.objects.get(public_id=refusal.value.extra["step_up"]["challenge"])


def confirm(client: Client, person: Person, challenge: StepUpChallenge, code: str = "") -> Any:
    url = f"{reverse('accounts:step_up')}?challenge={challenge.public_id}"
    return client.post(url, {"code": code or totp_now(person)})


def test_a_fresh_factor_alone_confirms_no_payment_and_a_bound_one_exactly_one() -> None:
    aya = make_customer("aya")
    client, actor = session_of(aya)
    challenge = asked(actor, sending())
    assert asked(actor, sending()) == challenge, "the same question is put once"
    confirm(client, aya, challenge)
    send(actor, sending())
    assert MOVED == [(5_000, "user:hana")]
    assert asked(actor, sending()) != challenge
    assert len(MOVED) == 1


@pytest.mark.parametrize(
    "other",
    [
        sending(5_001),
        sending(payee="user:thief"),
        sending(shown="T*** F."),
        SEND.of(amount_minor=5_000, currency="USD", payee="user:hana", payee_shown="H*** K."),
    ],
    ids=["amount", "payee", "name of the payee", "currency"],
)
def test_a_proof_dies_with_the_amount_and_with_the_payee(other: step_up.Action) -> None:
    aya = make_customer("aya")
    client, actor = session_of(aya)
    confirm(client, aya, asked(actor, sending()))
    with pytest.raises(StepUpRequired):
        send(actor, other)
    with pytest.raises(StepUpRequired), recorded(actor):
        step_up.consume(actor, other)
    assert MOVED == []


def test_a_proof_is_worth_nothing_in_another_session_or_for_another_person() -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    client, actor = session_of(aya)
    thiefs_client, thief = session_of(aya)
    challenge = asked(actor, sending())
    assert confirm(thiefs_client, aya, challenge).status_code == 302, "not found there: back to the page"
    challenge.refresh_from_db()
    assert challenge.proven_at is None
    confirm(client, aya, challenge)
    for stranger in (thief, session_of(ken)[1], replace(actor, session_id=None, token_id=actor.session_id)):
        with pytest.raises(StepUpRequired):
            send(stranger, sending())
    with pytest.raises(NotSignedIn):
        send(aya.actor, sending())
    assert MOVED == []


def test_one_proof_under_sixty_parallel_payments_pays_one() -> None:
    aya = make_customer("aya")
    client, actor = session_of(aya)
    confirm(client, aya, asked(actor, sending()))
    outcomes = at_once(lambda _number: send(actor, sending()), 60)
    assert outcomes == {"done": 1, "step-up-required": 59}
    assert len(MOVED) == 1


def test_one_code_for_one_question_at_once_is_one_proof() -> None:
    aya = make_customer("aya")
    phone = Phone.signed_in(aya)
    question = phone.post("/api/v1/tests/send", {"amount": 70}).json()["step_up"]
    code = totp_now(aya)
    answers: list[int] = []
    at_once(
        lambda _number: answers.append(
            phone.post("/api/v1/step-up", {"code": code, "challenge": question["challenge"]}).status
        ),
        10,
    )
    assert sorted(answers)[:2] == [200, 409] or sorted(answers)[:2] == [200, 422]
    assert AuditRow.objects.filter(action="accounts:step_up:proven", user_id=aya.user.pk).count() == 1


def test_a_payment_that_fails_keeps_its_proof() -> None:
    aya = make_customer("aya")
    client, actor = session_of(aya)
    confirm(client, aya, asked(actor, sending()))
    with pytest.raises(ZeroDivisionError):
        send(actor, sending(), then=lambda: 1 // 0)
    send(actor, sending())
    assert len(MOVED) == 1


def test_a_proof_is_used_only_inside_a_transaction() -> None:
    aya = make_customer("aya")
    client, actor = session_of(aya)
    confirm(client, aya, asked(actor, sending()))
    with pytest.raises(RuntimeError):
        step_up.consume(actor, sending())


def test_a_question_and_a_proof_end_after_five_minutes(settings: Settings) -> None:
    aya = make_customer("aya")
    client, actor = session_of(aya)
    settings.STEP_UP_FRESH = timedelta(seconds=-1)
    late = asked(actor, sending())
    confirm(client, aya, late)
    late.refresh_from_db()
    assert late.proven_at is None
    settings.STEP_UP_FRESH = timedelta(minutes=5)
    confirm(client, aya, asked(actor, sending()))
    settings.STEP_UP_FRESH = timedelta(0)
    with pytest.raises(StepUpRequired), recorded(actor):
        step_up.consume(actor, sending())


def test_neither_a_wrong_code_nor_a_recovery_code_confirms_a_payment() -> None:
    aya = make_customer("aya")
    client, actor = session_of(aya)
    challenge = asked(actor, sending())
    for code in (wrong_code(aya), aya.recovery_codes[0]):
        answer = confirm(client, aya, challenge, code)
        assert answer.status_code == 200 and b'role="alert"' in answer.content
    challenge.refresh_from_db()
    assert challenge.proven_at is None
    assert aya.user.recovery_codes.codes.filter(used_at=None).count() == 10, "it is not used up either"


def test_an_unknown_kind_of_action_and_a_second_one_of_a_name_are_bugs() -> None:
    _client, actor = session_of(make_customer("aya"))
    with pytest.raises(LookupError):
        step_up.require_for(actor, step_up.Action("tests:money:unknown", 1, "JPY", "x", "X"))
    with pytest.raises(ValueError, match="already"):
        step_up.ActionKind("tests:money:send", "Send")


# --- The page ---


def test_the_page_says_what_is_confirmed_and_comes_back_with_everything_that_was_typed() -> None:
    mio = make_customer("mio")
    client, _actor = session_of(mio)
    typed = {"amount": "5000", "payee": "user:hana", "note": "お昼 & <tea>", "password": "not kept"}
    refused = client.post("/tests/send/?from=home", typed)
    assert refused["Location"].startswith(reverse("accounts:step_up") + "?next=/tests/send/")
    shown = client.get(refused["Location"]).content.decode()
    assert "Send ¥5,000 to H*** K." in shown
    assert "¥5,000" in re.sub(r".*class=\"figure\">", "", shown, flags=re.DOTALL)
    assert "recovery" not in shown.lower()
    before = client.session.session_key
    assert b'role="alert"' in client.post(refused["Location"], {"code": wrong_code(mio)}).content
    proven = client.post(refused["Location"], {"code": totp_now(mio)})
    assert client.session.session_key != before
    onward = client.get(proven["Location"]).content.decode()
    assert 'action="/tests/send/?from=home"' in onward
    assert 'name="note" value="お昼 &amp; &lt;tea&gt;"' in onward
    assert "not kept" not in onward
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', onward))
    assert MOVED == []
    assert client.post("/tests/send/?from=home", fields).status_code == 201
    assert MOVED == [(5_000, "user:hana")]


def test_another_amount_on_the_way_back_is_asked_about_anew() -> None:
    mio = make_customer("mio")
    client, _actor = session_of(mio)
    refused = client.post("/tests/send/", {"amount": "5000", "payee": "user:hana"})
    client.post(refused["Location"], {"code": totp_now(mio)})
    again = client.post("/tests/send/", {"amount": "50000", "payee": "user:hana"})
    assert "¥50,000" in client.get(again["Location"]).content.decode()
    assert MOVED == []


def test_a_question_that_is_over_leads_back_to_the_form_and_to_the_next_question() -> None:
    mio = make_customer("mio")
    client, _actor = session_of(mio)
    refused = client.post("/tests/send/", {"amount": "5000", "payee": "user:hana"})
    StepUpChallenge.objects.filter(user=mio.user).delete()
    onward = client.get(refused["Location"])
    assert onward["Location"].startswith(reverse("accounts:go_on"))
    assert b'name="amount" value="5000"' in client.get(onward["Location"]).content


def test_what_waits_is_found_by_nobody_else_and_leads_nowhere_foreign() -> None:
    mio, ken = make_customer("mio"), make_customer("ken")
    client, _actor = session_of(mio)
    refused = client.post("/tests/send/", {"amount": "5000", "payee": "user:hana"})
    name = re.search(r"parked=([\w-]+)", refused["Location"])
    assert name
    url = f"{reverse('accounts:go_on')}?parked={name.group(1)}&next=https://evil.example/"
    assert session_of(ken)[0].get(url)["Location"] == "/"
    raw = client.session["parked_posts"][name.group(1)]
    assert "hana" not in raw, "encrypted in the table of sessions"


def test_a_form_that_is_too_long_to_be_kept_leads_back_to_its_page() -> None:
    mio = make_customer("mio")
    client, _actor = session_of(mio)
    refused = client.post("/tests/send/", {"amount": "5000", "payee": "user:hana", "note": "x" * 30_000})
    assert "parked" not in refused["Location"]
    assert client.post(refused["Location"], {"code": totp_now(mio)})["Location"] == "/tests/send/"


def test_a_part_of_a_page_moves_the_whole_page() -> None:
    client, _actor = session_of(make_customer("mio"))
    answer = client.post(
        "/tests/send/", {"amount": "5", "payee": "user:hana"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith(reverse("accounts:step_up"))


# --- The API ---


def test_an_app_is_told_what_to_ask_proves_it_and_repeats_its_request() -> None:
    mio = make_customer("mio")
    phone = Phone.signed_in(mio)
    refused = phone.post("/api/v1/tests/send", {"amount": 5_000})
    assert refused.status == 401 and refused.code == "step-up-required"
    assert refused.headers["www-authenticate"] == (
        'DPoP error="insufficient_user_authentication", acr_values="urn:kakehashi:acr:second-factor-bound", max_age=300'
    )
    question = refused.json()["step_up"]
    assert question["words"] == "Send ¥5,000 to H*** K."
    assert question["factors"] == ["totp"]
    assert (
        phone.get(f"/api/v1/step-up/challenges/{question['challenge']}").json()
        | {"expires_in": question["expires_in"]}
        == question
    )
    body = {"code": totp_now(mio), "challenge": question["challenge"]}
    assert phone.post(question["endpoint"], body).json() == {"max_age": 300}
    assert phone.post("/api/v1/tests/send", {"amount": 5_000}).status == 201
    assert phone.post("/api/v1/tests/send", {"amount": 5_000}).code == "step-up-required"
    assert phone.get(f"/api/v1/step-up/challenges/{question['challenge']}").status == 404
    assert phone.post(question["endpoint"], body | {"code": totp_now(mio)}).code == "step-up-over"
    assert MOVED == [(5_000, "user:hana")]


def test_an_app_confirms_no_payment_by_a_general_proof_nor_anybody_elses() -> None:
    mio = make_customer("mio")
    phone, other = Phone.signed_in(mio), Phone.signed_in(mio)
    question = phone.post("/api/v1/tests/send", {"amount": 5_000}).json()["step_up"]
    assert phone.step_up(mio).status == 200
    assert phone.post("/api/v1/tests/send", {"amount": 5_000}).code == "step-up-required"
    body = {"code": totp_now(mio), "challenge": question["challenge"]}
    assert other.post("/api/v1/step-up", body).code == "step-up-over"
    assert other.get(f"/api/v1/step-up/challenges/{question['challenge']}").status == 404
    recovery = body | {"code": mio.recovery_codes[0]}
    assert phone.post("/api/v1/step-up", recovery).code == "wrong-code"
    assert MOVED == []


# --- The database ---


@pytest.mark.parametrize(
    "change",
    [
        "amount_minor = 999999",
        "payee = 'user:thief'",
        "digest = '\\x00'",
        "bearer = 'session:thief'",
        "expires_at = now() + interval '1 day'",
        "used_at = now()",
        "proven_at = now(), used_at = now(), user_id = user_id + 1",
    ],
)
def test_the_database_refuses_another_question(change: str) -> None:
    _client, actor = session_of(make_customer("aya"))
    challenge = asked(actor, sending())
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(f"UPDATE accounts_stepupchallenge SET {change} WHERE id = %s", [challenge.pk])


def test_the_database_refuses_a_second_use_a_second_proof_and_a_late_one(settings: Settings) -> None:
    aya = make_customer("aya")
    client, actor = session_of(aya)
    confirm(client, aya, challenge := asked(actor, sending()))
    send(actor, sending())
    settings.STEP_UP_FRESH = timedelta(seconds=-1)
    late = asked(actor, sending(9))
    for change, row in (
        ("used_at = NULL", challenge),
        ("proven_at = now()", challenge),
        ("proven_by = 'guess'", challenge),
        ("proven_at = now()", late),
    ):
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(f"UPDATE accounts_stepupchallenge SET {change} WHERE id = %s", [row.pk])


def test_the_database_refuses_a_question_that_is_answered_from_the_start(
    application_connection: psycopg.Connection,
) -> None:
    aya = make_customer("aya")
    with pytest.raises(psycopg.Error, match="begins unproven"):
        application_connection.execute(
            "INSERT INTO accounts_stepupchallenge (public_id, user_id, bearer, action, currency, payee, payee_shown,"
            " digest, expires_at, proven_at, proven_by) VALUES (%s, %s, 'session:x', 'a:b:c', '', '', '', '', now(),"
            " now(), 'totp')",
            [uuid.uuid4(), aya.user.pk],
        )
