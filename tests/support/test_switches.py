"""One capability stopped for everybody: by one, from the commit on, for whoever asks; released by two."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event as Signal

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone, translation

from accounts.actions.passwords import change_password
from accounts.actions.resets import ask_reset, finish_reset, token_digest
from accounts.actions.sign_ins import begin_sign_in
from accounts.actions.sign_ups import begin_sign_up
from accounts.errors import LinkOver
from accounts.models import CredentialChange, PasswordReset, SignIn, SignUp, User
from payments.actions.authorizations import cancel_payment, capture_payment
from payments.actions.linkings import start_linking
from payments.actions.store_payments import refund_payment, take_payment
from payments.actions.top_ups import start_top_up
from payments.models import Account, Card, CardLinking, Journal, OwnerMatch, ProcessorCustomer, TopUp
from support.actions import approvals
from support.errors import OwnRequest
from tests.api_client import Phone
from tests.payments.books import (
    Counter,
    at_once,
    customer_with,
    fresh_key,
    move,
    open_counter,
    shown_code,
    top_up,
    wallet,
)
from tests.people import (
    PASSWORD,
    Person,
    anonymous_client,
    fresh_email,
    fresh_network,
    make_customer,
    session_key_for,
    signed_in_client,
    totp_now,
)
from tests.support.desk import agent, supervisor
from tests.support.switchboard import analyst, ask, pull, release
from tests.till import Till
from wallet_site.actor import Actor
from wallet_site.audit.models import AuditRow
from wallet_site.crypto import new_token
from wallet_site.errors import NotFound, Unavailable
from wallet_site.local.processes import wait_until
from wallet_site.switches import flipping
from wallet_site.switches.asking import require
from wallet_site.switches.errors import AlreadyFlipped, SwitchedOff
from wallet_site.switches.models import Flip, Switch
from wallet_site.switches.names import NAMES, WORDS
from wallet_site.transactions import recorded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_worker", "switchboard"),
]


def fresh(person: Person) -> Actor:
    return replace(person.actor, verified_at=timezone.now())


def card_of(person: Person, processor: str = "sandbox") -> Card:
    ProcessorCustomer.objects.get_or_create(
        user=person.user, processor=processor, defaults={"reference": new_token(64)}
    )
    with recorded(Actor.system("tests")):
        return Card.objects.create(
            user=person.user, processor=processor, token=new_token(64), brand="visa", last_four="4242",
            expiry_month=12, expiry_year=2040, country="JP", fingerprint=new_token(64),
            three_d_secure="authenticated", owner_match=OwnerMatch.SAME, linked_at=timezone.now(),
        )  # fmt: skip


class Stage:
    """A customer with money, a card and a known browser; a store that took a payment."""

    def __init__(self) -> None:
        self.aya = customer_with(5_000)
        session_key_for(self.aya)
        self.card = card_of(self.aya)
        self.other = wallet(make_customer("ken")).pk
        self.counter: Counter = open_counter()
        self.paid = self.take().payment

    def take(self):
        return take_payment(
            self.counter.terminal, code=shown_code(self.aya), amount_minor=100, currency="JPY",
            reference=fresh_key("sale"), idempotency_key=fresh_key("pay"), actor=self.counter.actor,
        )  # fmt: skip

    def refund(self) -> None:
        refund_payment(
            self.counter.terminal, payment_public_id=self.paid.public_id, amount_minor=1,
            idempotency_key=fresh_key("refund"), actor=self.counter.actor,
        )  # fmt: skip

    def top_up(self) -> None:
        start_top_up(
            self.aya.user, card_id=self.card.public_id, amount_minor=1_000, request_key=uuid.uuid4().hex,
            actor=fresh(self.aya),
        )  # fmt: skip

    def sign_in(self, *, device: str = "Chrome on Windows", network: str = "") -> None:
        actor = replace(self.aya.actor, device=device, network=network or self.aya.network)
        begin_sign_in(self.aya.user, session_key=new_token(128), factor="totp", actor=actor)

    def change_password(self) -> None:
        change_password(
            User.objects.get(pk=self.aya.user.pk), current=PASSWORD, new=new_token(80), actor=fresh(self.aya)
        )

    def state(self) -> list[object]:
        """Everything that an attempt would have changed."""
        aya = self.aya.user
        return [
            sorted(
                Account.objects.filter(pk__in=[wallet(self.aya).pk, self.other]).values_list(
                    "pk", "balance", "held"
                )
            ),
            *(
                model.objects.filter(user=aya).count()
                for model in (TopUp, CardLinking, Card, SignIn, PasswordReset, CredentialChange)
            ),
            SignUp.objects.count(),
            self.paid.refunds.count(),
            User.objects.get(pk=aya.pk).password,
        ]


# What meets each switch.
ATTEMPTS: dict[str, Callable[[Stage], object]] = {
    "top_up": Stage.top_up,
    "spending": Stage.take,
    "sending": lambda stage: move(wallet(stage.aya).pk, stage.other, 100),
    "refunds": Stage.refund,
    "card_linking": lambda stage: start_linking(stage.aya.user, actor=fresh(stage.aya)),
    "sign_up": lambda stage: begin_sign_up(fresh_email("new"), language="ja", actor=stage.aya.actor),
    "sign_in": Stage.sign_in,
    "sign_in_unknown": lambda stage: stage.sign_in(network=fresh_network()),
    "password_reset": lambda stage: ask_reset(stage.aya.email, actor=Actor(kind="anonymous", network=fresh_network())),
    "credential_changes": Stage.change_password,
    "processor_sandbox": Stage.top_up,
    "processor_stripe": lambda stage: card_of(stage.aya, "stripe"),
}  # fmt: skip


def is_let_through(attempt: Callable[[Stage], object], stage: Stage) -> bool:
    try:
        attempt(stage)
    except SwitchedOff:
        return False
    except Unavailable:  # The processor does not run here: it would have been asked.
        pass
    return True


def test_every_switch_is_tried() -> None:
    rows = list(Switch.objects.order_by("pk").values_list("name", flat=True))
    assert set(rows) == set(NAMES) == set(WORDS) == {*ATTEMPTS, "read_only"}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_a_pulled_switch_stops_it_and_a_released_one_does_not(name: str) -> None:
    stage = Stage()
    pull(name)
    before = stage.state()
    with pytest.raises(SwitchedOff) as refused:
        ATTEMPTS[name](stage)
    assert (refused.value.status, refused.value.code, refused.value.extra) == (
        503,
        "switched-off",
        {"switch": name},
    )
    assert refused.value.retry_after
    assert stage.state() == before
    release(name)
    assert is_let_through(ATTEMPTS[name], stage)


def test_read_only_stops_everything_but_signing_in_and_what_protects() -> None:
    stage = Stage()
    pull("read_only")
    before = stage.state()
    assert {name for name, act in ATTEMPTS.items() if is_let_through(act, stage)} == {
        "sign_in",
        "sign_in_unknown",
    }
    assert [one for one in stage.state() if one not in before] == [before[4] + 2]  # the two sign-ins  # type: ignore[operator]
    browser = signed_in_client(stage.aya)
    shown = browser.get("/").content.decode()
    assert "4,900" in shown
    assert str(WORDS["read_only"].told) in shown
    browser.post("/security/sessions/end-others/")
    release("read_only")
    assert all(is_let_through(act, stage) for act in ATTEMPTS.values())


def test_what_was_charged_is_credited_and_what_was_held_can_be_let_go() -> None:
    stage = Stage()
    held = take_payment(
        stage.counter.terminal, code=shown_code(stage.aya), amount_minor=500, currency="JPY", capture=False,
        reference=fresh_key("sale"), idempotency_key=fresh_key("pay"), actor=stage.counter.actor,
    ).payment  # fmt: skip
    pull("spending")
    pull("top_up")
    with pytest.raises(SwitchedOff):
        capture_payment(
            stage.counter.terminal,
            payment_public_id=held.public_id,
            amount_minor=500,
            actor=stage.counter.actor,
        )
    cancel_payment(stage.counter.terminal, payment_public_id=held.public_id, actor=stage.counter.actor)
    top_up(stage.aya, 2_000)
    account = wallet(stage.aya)
    assert (account.balance, account.held) == (6_900, 0)


def test_a_repeat_of_what_was_done_is_answered() -> None:
    stage, key = Stage(), fresh_key("pay")
    asked = {
        "code": shown_code(stage.aya), "amount_minor": 100, "currency": "JPY", "reference": fresh_key("sale"),
        "idempotency_key": key, "actor": stage.counter.actor,
    }  # fmt: skip
    first = take_payment(stage.counter.terminal, **asked)
    pull("spending")
    again = take_payment(stage.counter.terminal, **asked)
    assert (again.payment, again.repeated) == (first.payment, True)


@pytest.mark.requirement(46)
def test_a_switch_that_does_not_exist_refuses() -> None:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        require("never_made")  # type: ignore[arg-type]
    assert error.value.__cause__.sqlstate == "KK602"  # type: ignore[union-attr]
    with pytest.raises(SwitchedOff), recorded(Actor.system("tests")), connection.cursor() as cursor:
        cursor.execute("SELECT switches_require('never_made')")
    with pytest.raises(NotFound):
        pull("never_made")


# --- Races ----------------------------------------------------------------------------------------------------------


def test_after_the_flip_no_movement_is_accepted() -> None:
    """Twelve threads send and pay without pause; what the pull has answered is the last that any of them gets."""
    stage = Stage()
    mei = analyst()
    source = wallet(customer_with(1_000_000)).pk

    def work(number: int) -> tuple[int, int]:
        if number == 0:
            wait_until(lambda: moved(source) > 30, within_seconds=30, otherwise=lambda: "slow")
            assert pull("sending", by=mei).is_drained
            return moved(source), 0
        accepted = refused = 0
        while refused < 5:
            try:
                move(source, stage.other, 1)
                accepted += 1
            except SwitchedOff:
                refused += 1
        return accepted, refused

    results = at_once(12, work)
    at_the_flip = results[0][0]  # type: ignore[index]
    assert moved(source) == at_the_flip
    assert sum(one[0] for one in results[1:]) == at_the_flip  # type: ignore[index]


def moved(account: int) -> int:
    return Journal.objects.filter(entries__account_id=account, kind="send").count()


def waiting_for_a_switch() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND NOT granted",
            [flipping.LOCKS],
        )
        return cursor.fetchone()[0]


def test_a_pull_waits_for_what_was_let_through_and_holds_up_what_comes_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flipping, "WAIT_SECONDS", 30)
    stage, mei = Stage(), analyst()
    source = wallet(stage.aya).pk
    held, go_on = Signal(), Signal()

    def slow() -> None:
        try:
            with recorded(Actor.system("tests")):
                require("sending")
                held.set()
                assert go_on.wait(30)
        finally:
            connections.close_all()

    def in_thread(work: Callable[[], object]) -> object:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(slow)
        assert held.wait(30)
        flip = pool.submit(in_thread, lambda: pull("sending", by=mei))
        wait_until(lambda: waiting_for_a_switch() == 1, within_seconds=30, otherwise=lambda: "no wait")
        later = pool.submit(in_thread, lambda: move(source, stage.other, 1))
        wait_until(lambda: waiting_for_a_switch() == 2, within_seconds=30, otherwise=lambda: "no queue")
        assert not Switch.objects.get(name="sending").is_pulled
        go_on.set()
        first.result(30)
        assert flip.result(30).is_drained  # type: ignore[attr-defined]
        with pytest.raises(SwitchedOff):
            later.result(30)


def test_what_hangs_does_not_hold_up_the_pull(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flipping, "WAIT_SECONDS", 0.2)
    held, go_on = Signal(), Signal()

    def hang() -> None:
        try:
            with recorded(Actor.system("tests")):
                require("sending")
                held.set()
                go_on.wait(30)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(hang)
        assert held.wait(30)
        try:
            browser = signed_in_client(analyst())
            answer = browser.post("/admin/switches/sending/", {"reason": "now", "do": "pull"}, follow=True)
            assert "may still end" in answer.content.decode()
            with pytest.raises(SwitchedOff):
                require("sending")
        finally:
            go_on.set()
        hanging.result(30)
    assert not Flip.objects.filter(switch__name="sending").latest("pk").is_drained


def test_many_who_pull_at_once_pull_once() -> None:
    people = [analyst() for _ in range(6)]
    results = at_once(6, lambda number: pull("refunds", by=people[number]))
    assert sum(isinstance(one, Flip) for one in results) == 1
    assert sum(isinstance(one, AlreadyFlipped) for one in results) == 5


# --- Who ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement(40, 41)
def test_releasing_takes_two_and_tells_who_and_why() -> None:
    mei, sota = analyst(), supervisor()
    flip = pull("top_up", by=mei)
    request = ask("top_up", by=sota)
    with pytest.raises(OwnRequest):
        approvals.approve(request, reason="mine", actor=sota.actor)
    assert Switch.objects.get(name="top_up").is_pulled
    approvals.approve(request, reason="checked", actor=supervisor("jun").actor)
    assert not Switch.objects.get(name="top_up").is_pulled
    released = Flip.objects.filter(switch__name="top_up").latest("pk")
    assert (released.is_pulled, released.approval_id, released.actor["kind"]) == (False, request.pk, "staff")
    assert flip.actor["user_id"] == mei.user.pk
    rows = AuditRow.objects.filter(subject_type="switches.switch", subject_id=str(flip.switch_id)).order_by(
        "-pk"
    )[:2]
    assert [(row.action, row.data["reason"]) for row in rows] == [
        ("desk:switch:released", "all is well"), ("desk:switch:pulled", "seen by a test"),
    ]  # fmt: skip
    with pytest.raises(AlreadyFlipped):
        ask("top_up")


@pytest.mark.requirement(40, 41)
def test_sql_neither_releases_nor_flips_nor_forgets(application_connection: psycopg.Connection) -> None:
    mei, sota = analyst(), supervisor()
    flip = pull("top_up", by=mei)
    request = ask("top_up", by=mei)
    other = pull("refunds", by=mei)
    approvals.approve(ask("refunds", by=mei), reason="x", actor=sota.actor)
    spent = Flip.objects.filter(switch=other.switch_id).latest("pk").approval_id
    pull("refunds", by=mei)
    insert = (
        "INSERT INTO switches_flip (switch_id, is_pulled, reason, actor, is_drained, approval_id)"
        " VALUES (%s, false, 'x', '{}', true, %s)"
    )
    tries = {
        "a switch by hand": ("UPDATE switches_switch SET is_pulled = false", [], "42501"),
        "a flip altered": ("UPDATE switches_flip SET reason = 'y'", [], "42501"),
        "a flip removed": ("DELETE FROM switches_flip", [], "42501"),
        "without an approval": (insert, [flip.switch_id, None], "KK302"),
        "one that waits": (insert, [flip.switch_id, request.pk], "KK302"),
        "one of another switch": (insert, [flip.switch_id, spent], "KK302"),
        "one that is used": (insert, [other.switch_id, spent], "23505"),
    }
    for acting in (sota, mei):
        application_connection.execute(
            "SELECT set_config('kakehashi.actor', %s, false)", [acting.actor.as_json()]
        )
        for what, (sql, values, state) in tries.items():
            with pytest.raises(psycopg.Error) as refused:
                application_connection.execute(sql, values)
            wanted = "KK302" if what == "one that is used" and acting is mei else state
            assert refused.value.sqlstate == wanted, what
    assert set(Switch.objects.filter(is_pulled=True).values_list("name", flat=True)) == {"top_up", "refunds"}


def test_a_release_of_an_earlier_pull_releases_no_later_one() -> None:
    """The request is about the pull that its maker looked at."""
    mei, sota = analyst(), supervisor()
    pull("top_up", by=mei)
    old = ask("top_up", by=mei)
    approvals.refuse(old, reason="not yet", actor=sota.actor)
    first = ask("top_up", by=mei)
    # Somebody else's request about the same switch cannot wait beside it; the flip decides.
    with recorded(mei.actor):
        stale = approvals.write_request(
            "release_switch", subject_id=None, facts={**first.facts, "flip_id": first.facts["flip_id"] - 1},
            reason="x", actor=mei.actor,
        )  # fmt: skip
    with pytest.raises(AlreadyFlipped):
        approvals.approve(stale, reason="x", actor=sota.actor)
    assert Switch.objects.get(name="top_up").is_pulled
    approvals.refuse(stale, reason="tidy", actor=mei.actor)


# --- What people see --------------------------------------------------------------------------------------------------


@pytest.mark.requirement(34)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_pages_say_it_in_both_languages(language: str) -> None:
    aya = customer_with(3_000)
    card = card_of(aya)
    browser = signed_in_client(aya, language=language)
    pull("top_up")
    pull("sign_up")
    with translation.override(language):
        told = {name: str(WORDS[name].told) for name in ("top_up", "sign_up")}  # type: ignore[index]
    assert told["top_up"] in browser.get("/").content.decode()
    anonymous = anonymous_client()
    anonymous.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    assert told["sign_up"] in anonymous.get("/sign-up/").content.decode()
    refused = anonymous.post("/sign-up/", {"email": fresh_email("new")})
    assert refused.status_code == 503 and told["sign_up"] in refused.content.decode()
    form = {"card": str(card.public_id), "amount": "1,000", "key": str(uuid.uuid4()), "confirmed": "yes"}
    answer = browser.post("/top-up/", form)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "300"
    assert told["top_up"] in answer.content.decode()
    assert not TopUp.objects.filter(user=aya.user).exists()


def test_the_api_answers_503_with_a_stable_code() -> None:
    aya, counter = customer_with(3_000), open_counter()
    card, phone, till = card_of(aya), Phone.signed_in(aya), Till(counter)
    sale = {"digits": shown_code(aya), "amount": 100, "key": fresh_key("pay"), "reference": "one-sale"}
    pull("top_up")
    pull("spending")
    answers = [
        phone.post("/api/v1/top-ups", {"card": str(card.public_id), "amount": 1_000, "currency": "JPY"}),
        till.take(**sale),
    ]
    for answer, name in zip(answers, ("top_up", "spending"), strict=True):
        assert (answer.status, answer.code, answer.json()["switch"]) == (503, "switched-off", name)
        assert {key.lower(): value for key, value in answer.headers.items()}["retry-after"] == "300"
    assert wallet(aya).balance == 3_000
    # The same request again, once it is released, is done: a refusal is no answer to keep.
    release("spending")
    assert till.take(**sale).json()["approved"]


@pytest.mark.requirement(34)
def test_stopped_sign_ins_hold_for_sessions_and_tokens_and_give_them_back() -> None:
    aya, mei = customer_with(3_000), analyst()
    browser, phone, desk = signed_in_client(aya), Phone.signed_in(aya), signed_in_client(mei)
    stranger = Phone(network=fresh_network())
    pull("sign_in", by=mei)
    assert browser.get("/").status_code == 503
    assert "3,000" not in browser.get("/").content.decode()
    assert (phone.get("/api/v1/wallet").status, phone.get("/api/v1/wallet").code) == (503, "switched-off")
    assert phone.refresh().code == "switched-off"
    assert desk.get("/admin/").status_code == 200
    assert signed_in_client(supervisor()).get("/admin/").status_code == 200
    release("sign_in")
    assert browser.get("/").status_code == 200
    assert phone.get("/api/v1/wallet").status == 200
    assert phone.refresh().status == 200
    pull("sign_in_unknown")
    assert phone.get("/api/v1/wallet").status == 200
    assert stranger.sign_in(aya).code == "switched-off"


def test_a_refused_sign_in_leaves_nobody_signed_in() -> None:
    aya = customer_with(3_000)
    session_key_for(aya)
    browser = anonymous_client()
    pull("sign_in")
    browser.post(
        "/sign-in/",
        {"sign_in_view-current_step": "auth", "auth-email": aya.email, "auth-password": PASSWORD},
    )
    answer = browser.post("/sign-in/", {"sign_in_view-current_step": "token", "token-code": totp_now(aya)})
    assert answer.status_code == 503
    assert SignIn.objects.filter(user=aya.user).count() == 1
    release("sign_in")
    assert browser.get("/").status_code == 302


def test_a_reset_link_sleeps_and_wakes() -> None:
    aya = make_customer("aya")
    link = new_token(256)
    digest = token_digest(link)
    PasswordReset.objects.create(
        user=aya.user, token_digest=digest, expires_at=timezone.now() + timedelta(minutes=10)
    )
    anybody = Actor(kind="anonymous", network=fresh_network())
    pull("password_reset")
    before = User.objects.get(pk=aya.user.pk).password
    with pytest.raises(SwitchedOff):
        finish_reset(digest, answer=totp_now(aya), new_password="another quiet harbour", actor=anybody)
    assert User.objects.get(pk=aya.user.pk).password == before
    release("password_reset")
    finish_reset(digest, answer=totp_now(aya), new_password="another quiet harbour", actor=anybody)
    with pytest.raises(LinkOver):
        finish_reset(digest, answer=totp_now(aya), new_password="yet another harbour", actor=anybody)


def test_the_desk_sees_it_on_every_page_and_in_the_metrics(settings) -> None:
    settings.METRICS_TOKEN = "for this test"
    browser = signed_in_client(agent())
    assert 'class="kk-stopped"' not in browser.get("/admin/customers/").content.decode()
    answer = browser.post(
        "/admin/switches/top_up/", {"reason": "charges again and again", "do": "pull"}, follow=True
    )
    assert "charges again and again" in answer.content.decode()
    for path in ("/admin/", "/admin/customers/", "/admin/cases/", "/admin/nowhere/x/"):
        shown = browser.get(path).content.decode()
        assert ('class="kk-stopped"' in shown) == (path != "/admin/nowhere/x/"), path
    figures = (
        anonymous_client().get("/metrics", headers={"Authorization": "Bearer for this test"}).content.decode()
    )
    assert 'kakehashi_switch_pulled{switch="top_up"} 1.0' in figures
    assert 'kakehashi_switch_pulled{switch="spending"} 0.0' in figures


def test_a_click_does_what_the_button_said() -> None:
    """Two look at the same page; one stops it. The other's click must not ask for its release."""
    browser, late = signed_in_client(supervisor()), signed_in_client(supervisor("jun"))
    assert browser.post("/admin/switches/top_up/", {"reason": "x", "do": "pull"}).status_code == 302
    assert late.post("/admin/switches/top_up/", {"reason": "x", "do": "pull"}).status_code == 409
    assert late.post("/admin/switches/top_up/", {"reason": "", "do": "release"}).status_code == 422
    assert late.post("/admin/switches/top_up/", {"reason": "x", "do": "release"}).status_code == 302
    assert browser.get("/admin/switches/nothing/").status_code == 404
    assert Switch.objects.get(name="top_up").is_pulled
