"""Tokens are worth nothing without the key, work for minutes, rotate once, and end the moment somebody says so."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from django.db import connections
from django.db.models.functions import Now

from accounts.actions.api_devices import access_digest
from accounts.actions.suspensions import suspend
from accounts.models import AccessToken, ApiDevice, CredentialChange, RefreshToken
from tests.api_client import Phone
from tests.people import Person, make_customer, signed_in_client
from wallet_site.actor import Actor
from wallet_site.outbox.models import Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement(35)]


@pytest.fixture
def aya() -> Person:
    return make_customer("aya")


@pytest.fixture
def phone(aya: Person) -> Phone:
    return Phone.signed_in(aya)


def device_of(phone: Phone) -> ApiDevice:
    return ApiDevice.objects.get(public_id=phone.device_id)


def test_what_is_wrong_is_said_as_rfc_9449_does(phone: Phone) -> None:
    thief = Phone(access_token=phone.access_token)
    assert 'error="invalid_token"' in thief.get("/api/v1/me").headers["www-authenticate"]
    assert 'error="invalid_dpop_proof"' in phone.get("/api/v1/me", proof="").headers["www-authenticate"]
    assert phone.get("/api/v1/me", token="").headers["www-authenticate"] == 'DPoP algs="ES256 EdDSA"'


def test_a_proof_that_was_seen_is_refused(phone: Phone) -> None:
    proof = phone.proof("GET", "/api/v1/me", token=phone.access_token)
    assert phone.get("/api/v1/me", proof=proof).status == 200
    assert phone.get("/api/v1/me", proof=proof).code == "invalid-dpop-proof"


@pytest.mark.requirement(22)
def test_the_host_header_makes_no_proof_right(phone: Phone) -> None:
    proof = phone.proof("GET", "/api/v1/me", token=phone.access_token, htu="http://evil.example/api/v1/me")
    for header in ("X-Forwarded-Host", "Forwarded", "X-Original-URL"):
        assert phone.get("/api/v1/me", proof=proof, headers={header: "evil.example"}).status == 401
    assert phone.get("/api/v1/me", proof=proof, headers={"Host": "evil.example"}).status == 400


def test_a_cookie_opens_no_api_and_a_token_opens_no_page(aya: Person, phone: Phone) -> None:
    assert signed_in_client(aya).get("/api/v1/me").status_code == 401
    headers = phone.headers_for("GET", "/")
    assert (
        signed_in_client(aya).get("/api/v1/me", headers=phone.headers_for("GET", "/api/v1/me")).status_code
        == 200
    )
    assert phone.request("GET", "/", headers=headers).status in (302, 401)


def expire(owner: psycopg.Connection, table: str, phone: Phone) -> None:
    owner.execute(
        f"UPDATE accounts_{table} SET expires_at = clock_timestamp() WHERE device_id = %s",
        [device_of(phone).pk],
    )


def test_an_expired_access_token_is_refused_by_the_databases_clock(
    phone: Phone, owner_connection: psycopg.Connection
) -> None:
    expire(owner_connection, "accesstoken", phone)
    assert phone.get("/api/v1/me").code == "invalid-token"
    assert phone.refresh().status == 200
    assert phone.get("/api/v1/me").status == 200
    assert AccessToken.objects.filter(device=device_of(phone)).count() == 1


def test_an_expired_refresh_token_is_refused(phone: Phone, owner_connection: psycopg.Connection) -> None:
    expire(owner_connection, "refreshtoken", phone)
    assert phone.refresh().code == "invalid-refresh-token"
    assert device_of(phone).revoked_at is None


def test_a_refresh_token_used_twice_ends_the_family_and_tells_the_owner(aya: Person, phone: Phone) -> None:
    first = phone.refresh_token
    assert phone.refresh().status == 200
    assert phone.refresh(first).code == "invalid-refresh-token"
    assert device_of(phone).revoked_why == "refresh_reused"
    assert phone.get("/api/v1/me").code == "invalid-token"
    assert phone.refresh().code == "invalid-refresh-token"
    change = CredentialChange.objects.get(user=aya.user, kind="api_device_removed")
    assert Event.objects.filter(key=f"credential-change:{change.pk}").exists()


def test_a_stolen_refresh_token_gives_nothing_and_ends_the_family(aya: Person, phone: Phone) -> None:
    thief = Phone()
    assert thief.refresh(phone.refresh_token).code == "invalid-refresh-token"
    assert thief.access_token == ""
    assert device_of(phone).revoked_why == "refresh_under_other_key"
    assert phone.refresh().status == 401
    assert CredentialChange.objects.filter(user=aya.user, kind="api_device_removed").count() == 1


def test_a_refresh_token_is_no_access_token_nor_the_other_way_round(phone: Phone) -> None:
    assert phone.get("/api/v1/me", token=phone.refresh_token).code == "invalid-token"
    assert Phone(key=phone.key).refresh(phone.access_token).code == "invalid-refresh-token"
    assert phone.get("/api/v1/me").status == 200


@pytest.mark.parametrize("token", ["x", "kkr_", "é" * 10, "kkr_" + "A" * 43])
def test_a_refresh_token_that_was_never_given_is_refused(token: str) -> None:
    assert Phone().refresh(token).code == "invalid-refresh-token"


def test_ten_refresh_tokens_raced_sixty_ways_make_ten_successors_at_most(aya: Person) -> None:
    phones = [Phone.signed_in(aya) for _n in range(10)]
    tokens = [phone.refresh_token for phone in phones]
    start = threading.Barrier(60)

    def race(n: int) -> tuple[int, int]:
        runner = Phone(key=phones[n % 10].key)
        start.wait()
        try:
            return n % 10, runner.refresh(tokens[n % 10]).status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(60) as pool:
        outcomes = list(pool.map(race, range(60)))
    won = [which for which, status in outcomes if status == 200]
    assert sorted(won) == sorted(set(won)), "a token had two successors"
    assert sorted(won) == list(range(10))
    assert {status for _which, status in outcomes} == {200, 401}
    # Every family had a loser: all of them are revoked, and the owner was told of each.
    devices = ApiDevice.objects.filter(user=aya.user)
    assert {device.revoked_why for device in devices} == {"refresh_reused"}
    assert CredentialChange.objects.filter(user=aya.user, kind="api_device_removed").count() == 10
    assert AccessToken.objects.filter(device__user=aya.user).count() == 0
    assert RefreshToken.objects.filter(device__user=aya.user, used_at=None).count() == 0


@pytest.mark.requirement(34)
def test_signing_out_holds_from_the_next_request(phone: Phone) -> None:
    assert phone.post("/api/v1/sign-out", idempotency_key=None).status == 204
    assert phone.get("/api/v1/me").code == "invalid-token"
    assert phone.refresh().code == "invalid-refresh-token"


@pytest.mark.requirement(33)
def test_a_customer_sees_devices_and_ends_one(aya: Person, phone: Phone) -> None:
    other = Phone.signed_in(aya, name="Old phone")
    listed = phone.get("/api/v1/devices").json()["results"]
    assert [(one["name"], one["is_current"]) for one in listed] == [
        ("Old phone", False),
        ("Test phone", True),
    ]
    assert phone.delete(f"/api/v1/devices/{other.device_id}").status == 204
    assert other.get("/api/v1/me").code == "invalid-token"
    assert phone.delete(f"/api/v1/devices/{other.device_id}").status == 404
    assert [one["name"] for one in phone.get("/api/v1/devices").json()["results"]] == ["Test phone"]


@pytest.mark.requirement(44)
def test_another_customers_device_is_not_found_and_goes_on(phone: Phone) -> None:
    other = Phone.signed_in(make_customer("ken"))
    answer = phone.delete(f"/api/v1/devices/{other.device_id}")
    assert (answer.status, answer.code) == (404, "not-found")
    assert other.get("/api/v1/me").status == 200


@pytest.mark.requirement(34)
@pytest.mark.parametrize("scope", ["sign_in", "all"])
def test_a_suspension_holds_from_the_next_request(aya: Person, phone: Phone, scope: str) -> None:
    suspend(
        aya.user, scope=scope, reason_code="fraud", reason="test", channel="agent", actor=Actor.system("test")
    )
    assert phone.get("/api/v1/me").status == 401
    refused = phone.refresh()
    assert (refused.status, refused.code) == (403, "suspended")


@pytest.mark.requirement(34)
def test_a_suspension_by_hand_in_sql_holds_from_the_next_request(
    aya: Person, phone: Phone, application_connection: psycopg.Connection
) -> None:
    application_connection.execute(
        "INSERT INTO accounts_suspension (public_id, user_id, scope, reason_code, reason, channel, starts_at, made_at,"
        " lift_reason) VALUES (gen_random_uuid(), %s, 'sign_in', 'fraud', 'psql', 'agent', now(), now(), '')",
        [aya.user.pk],
    )
    assert phone.get("/api/v1/me").code in ("suspended", "invalid-token")
    assert phone.refresh().code == "suspended"


@pytest.mark.requirement(31)
def test_a_credential_change_elsewhere_ends_the_device(aya: Person, phone: Phone) -> None:
    aya.user.set_password("another quiet harbour")
    aya.user.save(update_fields=["password"])
    assert phone.get("/api/v1/me").code == "invalid-token"
    assert phone.refresh().code == "invalid-refresh-token"


@pytest.mark.requirement(34)
def test_a_device_revoked_by_hand_in_sql_is_out_though_its_tokens_lie_there(phone: Phone) -> None:
    ApiDevice.objects.filter(public_id=phone.device_id).update(revoked_at=Now(), revoked_why="psql")
    assert AccessToken.objects.filter(device__public_id=phone.device_id).exists()
    assert phone.get("/api/v1/me").code == "invalid-token"
    assert phone.refresh().code == "invalid-refresh-token"


def test_a_closed_account_is_out_though_a_token_was_put_there(aya: Person, phone: Phone) -> None:
    aya.user.is_active = False
    aya.user.save(update_fields=["is_active"])
    ApiDevice.objects.filter(public_id=phone.device_id).update(revoked_at=None)
    ends_at = Now() + timedelta(minutes=5)
    AccessToken.objects.create(
        digest=access_digest(phone.access_token), device=device_of(phone), expires_at=ends_at
    )
    assert phone.get("/api/v1/me").code == "invalid-token"


def test_a_closed_account_has_no_tokens(aya: Person, phone: Phone) -> None:
    aya.user.is_active = False
    aya.user.save(update_fields=["is_active"])
    assert phone.get("/api/v1/me").code == "invalid-token"
    assert phone.refresh().code == "invalid-refresh-token"


@pytest.mark.requirement(36)
def test_step_up_makes_the_proof_fresh(
    aya: Person, phone: Phone, owner_connection: psycopg.Connection
) -> None:
    owner_connection.execute(
        "UPDATE accounts_apidevice SET verified_at = now() - interval '301 seconds' WHERE public_id = %s",
        [phone.device_id],
    )
    refused = phone.post("/api/v1/cards/linkings", idempotency_key=None)
    assert (refused.status, refused.code) == (401, "step-up-required")
    challenge = refused.headers["www-authenticate"]
    assert challenge.startswith("DPoP ")
    assert 'error="insufficient_user_authentication"' in challenge
    assert "max_age=300" in challenge
    assert phone.step_up(aya).json() == {"max_age": 300}
    assert phone.post("/api/v1/cards/linkings", idempotency_key=None).code != "step-up-required"


def test_a_wrong_code_steps_nothing_up(aya: Person, phone: Phone) -> None:
    before = device_of(phone).verified_at
    assert phone.post("/api/v1/step-up", {"code": "000000"}, idempotency_key=None).status == 422
    assert device_of(phone).verified_at == before
