"""Another's id is not found: each address that names a thing, of pages and API, by every method (requirement 44).

The addresses come from the URL conf. A new one with an id fails here until it stands in `THINGS` with the thing that it
names, or in `NAMES_NO_THING` with the reason why its word belongs to nobody.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import step_up
from accounts.models import SignIn, TotpDevice
from payments.actions.own_limits import set_own_limit
from payments.actions.settlements import settle_merchants
from payments.models import (
    Card,
    CardLinking,
    Entry,
    OneTimeCode,
    OwnLimit,
    Payee,
    RequestBlock,
    Settlement,
    TopUp,
    Transfer,
    WebhookEndpoint,
)
from tests.api_client import Phone
from tests.authenticator import with_passkey
from tests.payments.actions.test_money_requests import ask
from tests.payments.actions.test_own_limits import pay
from tests.payments.actions.test_settlements import merchant_of, sell
from tests.payments.actions.test_transfers import ledger_send
from tests.payments.api.test_merchant_api import Desk, back_office
from tests.payments.books import TESTS, Counter, customer_with, open_counter, shown_code
from tests.payments.charged import disputed
from tests.payments.past import at_noon, days_ago, set_back
from tests.payments.sending import knows
from tests.people import Person, make_customer, session_key_for, signed_in_client
from tests.support.desk import agent
from tests.till import Till
from tests.wallet_site.test_access import addresses
from wallet_site.actor import Actor

pytestmark = [pytest.mark.django_db, pytest.mark.requirement(44)]

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
API = "api/v1/"
PAY = step_up.ActionKind("tests:owners:pay", "Pay %(amount)s to %(payee)s")

# What each address names, as `things_of` makes it for its owner.
THINGS = {
    "security/factors/<uuid:public_id>/name/": "app",
    "security/factors/<uuid:public_id>/remove/": "passkey",
    "security/devices/<uuid:public_id>/end/": "browser",
    "security/devices/app/<uuid:public_id>/end/": "phone",
    "activity/<int:journal_id>/": "journal",
    "activity/<int:journal_id>/report/": "journal",
    "activity/<int:journal_id>/receipt/": "journal",
    "disputes/<uuid:dispute_id>/": "dispute",
    "pay/<int:code_id>/state/": "code",
    "cards/link/<uuid:linking_id>/": "linking",
    "cards/<uuid:card_id>/remove/": "card",
    "top-up/<uuid:top_up_id>/": "top_up",
    "top-up/<uuid:top_up_id>/cancel/": "top_up",
    "pay/<uuid:payment_id>/confirm/": "asked payment",
    "send/to/<uuid:payee_id>/": "payee",
    "send/from/<uuid:payee_id>/": "payee",
    "send/done/<uuid:transfer_id>/": "transfer",
    "send/requests/<uuid:request_id>/": "request",
    "send/requests/<uuid:request_id>/close/": "request",
    "send/blocks/<int:block_id>/remove/": "block",
    "api/v1/activity/<int:line_id>/receipt": "journal",
    "api/v1/transfers/<uuid:transfer_id>": "transfer",
    "api/v1/money-requests/<uuid:request_id>": "request",
    "api/v1/money-requests/<uuid:request_id>/pay": "request",
    "api/v1/money-requests/<uuid:request_id>/decline": "request",
    "api/v1/payments/<uuid:payment_id>/confirmation": "asked payment",
    "api/v1/devices/<uuid:device_id>": "other phone",
    "api/v1/sessions/<uuid:session_id>": "other browser",
    "api/v1/me/factors/<uuid:factor_id>": "spare",
    "api/v1/step-up/challenges/<uuid:challenge_id>": "challenge",
    "api/v1/one-time-codes/<int:code_id>": "code",
    "api/v1/cards/linkings/<uuid:linking_id>": "linking",
    "api/v1/cards/<uuid:card_id>": "second card",
    "api/v1/top-ups/<uuid:top_up_id>": "top_up",
    "api/v1/disputes/<uuid:dispute_id>": "dispute",
    "api/v1/disputes/<uuid:dispute_id>/word": "dispute",
}
THINGS_OF_STAFF = {
    "admin/you/factors/<uuid:public_id>/name/": "app",
    "admin/you/factors/<uuid:public_id>/remove/": "passkey",
}
THINGS_OF_A_STORE = {
    f"api/v1/terminal/payments/<uuid:payment_id>{what}": "payment"
    for what in ("", "/capture", "/cancel", "/refunds")
}
THINGS_OF_A_MERCHANT = {
    "api/v1/merchant/settlements/<uuid:settlement_id>": "settlement",
    "api/v1/merchant/settlements/<uuid:settlement_id>/report": "settlement",
    "api/v1/merchant/webhooks/<uuid:endpoint_id>/secret": "endpoint",
    "api/v1/merchant/webhooks/<uuid:endpoint_id>": "endpoint",
}
# Where an address holds a word that is no thing's id.
NAMES_NO_THING = {
    # The word is itself the secret that proves who may.
    "reset/link/<str:token>/", "undo/<str:token>/", "undo/sign-in/<str:token>/", "recovery/link/<str:token>/",
    "recovery/stop/<str:token>/",
    # The word is one of a fixed list or a month, and one's own is meant.
    "statements/<int:year>-<int:month>/", "statements/<int:year>-<int:month>/pdf/",
    "statements/<int:year>-<int:month>/csv/", "api/v1/statements/<int:year>-<int:month>/pdf",
    "api/v1/statements/<int:year>-<int:month>/csv",
    "api/v1/me/contacts/<str:kind>", "api/v1/me/contacts/<str:kind>/confirm", "api/v1/me/contacts/<str:kind>/code",
    "api/v1/me/contacts/<str:kind>/pending", "processors/<slug:processor>/events/", "limits/<slug:kind>/",
    "api/v1/limits/<slug:kind>",
}  # fmt: skip
# The desk looks at customers by right, which tests/support/test_roles.py asks; the demo shows everybody everything.
NOT_BY_OWNER = ("admin/", "demo/")
# What a method needs beside the id before it looks the thing up.
BODIES: dict[str, dict[str, Any]] = {
    "api/v1/me/factors/<uuid:factor_id>": {"name": "Mine"},
    "api/v1/disputes/<uuid:dispute_id>/word": {"said": "me"},
    "api/v1/terminal/payments/<uuid:payment_id>/refunds": {"amount": 1},
    "api/v1/terminal/payments/<uuid:payment_id>/capture": {"amount": 1},
}
Send = Callable[[str, str, dict[str, Any] | None], tuple[int, bytes]]


def named_things() -> set[str]:
    """Every pattern with a placeholder."""
    return {route for route, _view in addresses() if re.search(r"<\w+:\w+>|\(\?P<", route)}


def test_every_address_with_an_id_is_in_a_table() -> None:
    listed = {*THINGS, *THINGS_OF_STAFF, *THINGS_OF_A_STORE, *THINGS_OF_A_MERCHANT}
    asked = {one for one in named_things() - listed - NAMES_NO_THING if not one.startswith(NOT_BY_OWNER)}
    assert asked == set(), "say whose thing it names, in one of the tables above"
    assert listed | NAMES_NO_THING <= named_things(), "no such address any more"


@dataclass(frozen=True)
class Owner:
    """Somebody with one thing of each kind, and the hands to reach them."""

    person: Person
    things: dict[str, object]
    page: Send
    app: Send


def by_page(client: Client) -> Send:
    def send(method: str, path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
        answer = client.generic(method, path)
        is_out = answer.headers.get("Location", "").startswith("/sign-in/")
        return 401 if is_out else answer.status_code, answer.content

    return send


def by_app(phone: Phone) -> Send:
    def send(method: str, path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        answer = phone.request(method, path, body if method in ("POST", "PATCH") else None, headers=key)
        return answer.status, answer.content

    return send


def by_till(counter: Counter) -> Send:
    till = Till(counter)

    def send(method: str, path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
        answer = till.request(method, path, body if method == "POST" else None)
        return answer.status, answer.content

    return send


def by_key(desk: Desk) -> Send:
    def send(method: str, path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
        answer = desk.get(path.removeprefix("/api/v1/merchant/"), method=method)
        return answer.status_code, answer.content

    return send


def an_owner() -> Owner:
    person = customer_with(5_000, "ken")
    passkey, _key = with_passkey(person)
    spare, _key = with_passkey(person, name="Spare")
    shown_code(person)
    card, second = (a_card(person) for _number in range(2))
    # What is begun last is still signed in: new factors end the sessions from before.
    client, phone = signed_in_client(person), Phone.signed_in(person)
    for _number in range(2):
        session_key_for(person)
    browsers = SignIn.objects.filter(user=person.user, ended_at=None).order_by("pk")
    things: dict[str, object] = {
        "app": TotpDevice.objects.get(user=person.user).public_id,
        "passkey": passkey.public_id,
        "spare": spare.public_id,
        "browser": browsers[1].public_id,
        "other browser": browsers[2].public_id,
        "phone": Phone.signed_in(person).device_id,
        "other phone": Phone.signed_in(person).device_id,
        "journal": Entry.objects.filter(account__owner=person.user).latest("pk").journal_id,
        "code": OneTimeCode.objects.get(customer=person.user).pk,
        "card": card.public_id,
        "second card": second.public_id,
        "linking": a_linking(person).public_id,
        "top_up": a_top_up(person, card).public_id,
        "dispute": disputed(person).public_id,
        "challenge": a_challenge(person, phone),
        **things_of_sending(person),
    }
    return Owner(person, things, by_page(client), by_app(phone))


def things_of_sending(person: Person) -> dict[str, object]:
    """Somebody has sent them money and asks for some; a till asks them to confirm."""
    friend = customer_with(900, "emi")
    transfer_id, _repeated = ledger_send(friend, person, 10)
    request = ask(friend, knows(friend, person), 20).request
    set_own_limit(person.user, kind=OwnLimit.Kind.CONFIRM, amount_minor=100, actor=person.actor)
    return {
        "payee": Payee.objects.get(owner=person.user).public_id,
        "transfer": Transfer.objects.get(pk=transfer_id).public_id,
        "request": request.public_id,
        "block": RequestBlock.objects.create(owner=person.user, blocked=friend.user).pk,
        "asked payment": pay(person, open_counter(), 101).payment.public_id,
    }


def a_card(person: Person) -> Card:
    made: Card = Card.objects.create(
        user=person.user, processor="sandbox", token=uuid.uuid4().hex, brand="visa", last_four="4242",
        expiry_month=12, expiry_year=2039, country="JP", fingerprint=uuid.uuid4().hex,
        three_d_secure="authenticated", owner_match="same",
    )  # fmt: skip
    return made


def a_linking(person: Person) -> CardLinking:
    made: CardLinking = CardLinking.objects.create(
        user=person.user, processor="sandbox", expires_at=timezone.now()
    )
    CardLinking.objects.filter(pk=made.pk).update(state="abandoned", ended_at=timezone.now())
    return made


def a_top_up(person: Person, card: Card) -> TopUp:
    made: TopUp = TopUp.objects.create(
        user=person.user, card=card, amount=3_000, currency="JPY", request_key=uuid.uuid4().hex,
        request_fingerprint=b"x",
    )  # fmt: skip
    TopUp.objects.filter(pk=made.pk).update(state="failed", failure_reason="declined")
    return made


def a_challenge(person: Person, phone: Phone) -> object:
    actor = Actor(kind="customer", user_id=person.user.pk, token_id=phone.device_id)
    with pytest.raises(step_up.StepUpRequired) as refused:
        step_up.require_for(actor, PAY.of(amount_minor=500, payee="shop:h", payee_shown="H"))
    return refused.value.extra["step_up"]["challenge"]


def state_of(person: Person) -> list[object]:
    """Every row of every table that points at the person."""
    found: list[object] = []
    for model in sorted(apps.get_models(), key=lambda one: one._meta.label):
        for field in model._meta.concrete_fields:
            if field.is_relation and field.related_model is type(person.user):
                rows = model._base_manager.filter(**{field.name: person.user}).order_by("pk")
                found += [(model._meta.label, field.name, *row) for row in rows.values_list()]
    return found


def filled(route: str, thing: object) -> str:
    return "/" + re.sub(r"<\w+:\w+>", str(thing), route)


def unlike(thing: object) -> object:
    """An id of the same kind that nobody has."""
    return 2**40 if isinstance(thing, int) else uuid.uuid4()


def plain(body: bytes, thing: object) -> str:
    """Without what differs between any two answers."""
    text = re.sub(rf"/{thing}\b", "/ID", body.decode())
    return re.sub(r'[0-9a-f]{32}|[0-9a-f-]{36}|[A-Za-z0-9]{64}|nonce-[^\'"]+', "", text)


def told_apart(stranger: Send, route: str, thing: object) -> Iterator[str]:
    """What tells a stranger that the thing is there, or does anything to it."""
    answered = set()
    for method in METHODS:
        body = BODIES.get(route, {}) if method in ("POST", "PATCH") else None
        nobodys = unlike(thing)
        theirs, none = (stranger(method, filled(route, one), body) for one in (thing, nobodys))
        answered.add(theirs[0])
        if theirs[0] not in (404, 405):
            yield f"{method} {route} answers {theirs[0]}"
        if (theirs[0], plain(theirs[1], thing)) != (none[0], plain(none[1], nobodys)):
            yield f"{method} {route} answers otherwise than for an id that nobody has: {theirs} {none}"
    if 404 not in answered:
        yield f"{route} never answers 404, so nothing was looked up"


def reached(owner: Send, route: str, thing: object) -> bool:
    """Whether the owner finds it by some method, so that the table names what the address really means."""
    for method in ("GET", "POST", "PATCH", "DELETE"):
        body = BODIES.get(route, {}) if method in ("POST", "PATCH") else None
        status, said = owner(method, filled(route, thing), body)
        # Asked for a bound proof is reached too: the question names the thing.
        if status not in (401, 404, 405) or b"step_up" in said:
            return True
    return False


def test_a_customer_finds_nothing_of_another_customer(settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    ken, aya = an_owner(), make_customer("aya")
    stranger = {False: by_page(signed_in_client(aya)), True: by_app(Phone.signed_in(aya))}
    before = state_of(ken.person)
    assert len(before) > 20
    faults = [
        fault
        for route, what in THINGS.items()
        for fault in told_apart(stranger[route.startswith(API)], route, ken.things[what])
    ]
    assert faults == []
    assert state_of(ken.person) == before
    hands = {False: ken.page, True: ken.app}
    assert [
        route
        for route, what in THINGS.items()
        if not reached(hands[route.startswith(API)], route, ken.things[what])
    ] == []


def test_staff_find_no_factor_of_a_colleague_nor_a_customer_any() -> None:
    rin = agent()
    passkey, _key = with_passkey(rin)
    things = {"app": TotpDevice.objects.get(user=rin.user).public_id, "passkey": passkey.public_id}
    owner = by_page(signed_in_client(rin))
    before = state_of(rin)
    for stranger in (agent("tsubasa"), make_customer("aya")):
        send = by_page(signed_in_client(stranger))
        faults = [
            fault
            for route, what in THINGS_OF_STAFF.items()
            for fault in told_apart(send, route, things[what])
        ]
        assert faults == []
    assert state_of(rin) == before
    assert all(reached(owner, route, things[what]) for route, what in THINGS_OF_STAFF.items())


def test_a_store_finds_no_payment_of_another() -> None:
    aya, counter = customer_with(5_000), open_counter()
    sold = Till(counter).take(shown_code(aya), 800).json()
    before = state_of(aya)
    stranger = by_till(open_counter())
    faults = [
        fault for route in THINGS_OF_A_STORE for fault in told_apart(stranger, route, uuid.UUID(sold["id"]))
    ]
    assert faults == []
    assert state_of(aya) == before
    assert all(reached(by_till(counter), route, sold["id"]) for route in THINGS_OF_A_STORE)


@pytest.mark.django_db(transaction=True)
def test_a_merchant_finds_nothing_of_another(owner_connection: psycopg.Connection) -> None:
    desk = back_office()
    merchant = merchant_of(desk.counter)
    set_back(owner_connection, [sell(desk.counter, customer_with(900), 200).journal_id], at_noon(days_ago(1)))
    settle_merchants(TESTS)
    endpoint = WebhookEndpoint.objects.create(merchant=merchant, url="https://a.example/", secret="whsec_x")
    things = {
        "settlement": Settlement.objects.get(merchant=merchant).public_id,
        "endpoint": endpoint.public_id,
    }
    stranger = by_key(back_office())
    faults = [
        fault
        for route, what in THINGS_OF_A_MERCHANT.items()
        for fault in told_apart(stranger, route, things[what])
    ]
    assert faults == []
    endpoint.refresh_from_db()
    assert (endpoint.secret, endpoint.disabled_at) == ("whsec_x", None)
    assert all(reached(by_key(desk), route, things[what]) for route, what in THINGS_OF_A_MERCHANT.items())
