"""Makes the demo people, the merchants and their half year of money. Repeating it changes nothing."""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from accounts.models import SignIn, Suspension, TotpDevice, User
from accounts.two_factor.codes import new_recovery_codes, write_recovery_codes
from payments.actions.merchants import add_terminal, open_store, set_fee, take_on_merchant
from payments.actions.statements import ended_months
from payments.models import Card, Merchant, OwnerMatch, ProcessorCustomer, Terminal
from payments.processors.sandbox.server.catalogue import Behaviour
from payments.processors.sandbox.server.store import Store as SandboxFile
from support.actions.cases import add_note, open_case
from support.actions.suspensions import suspend_customer
from support.models import Case
from wallet_site import env
from wallet_site.actor import Actor
from wallet_site.browsers import digest_of
from wallet_site.local import backdating
from wallet_site.local.history import DAYS, Movement, movements
from wallet_site.local.people import CUSTOMERS, DEMO_BROWSER, DEMO_PASSWORD, STAFF, DemoPerson, seeded
from wallet_site.local.sending import make_sends
from wallet_site.transactions import recorded

ACTOR = Actor.system("seed_demo")
MERCHANTS = {
    "Hashi Mart": (
        ("渋谷店", "東京都渋谷区"),
        ("新宿三丁目店", "東京都新宿区"),
        ("横浜西口店", "神奈川県横浜市"),
    ),
    "Komorebi Coffee": (("青山店", "東京都港区"), ("京都三条店", "京都府京都市")),
}
FEE_BASIS_POINTS = 180
_BRANDS = (("visa", "4242"), ("mastercard", "4444"), ("jcb", "0000"))
_DEVICES = ("Chrome on Windows", "Safari on iOS", "Chrome on Android", "Firefox on Mac OS X")


def seed() -> bool:
    """Make whatever of the demo is missing. Returns whether anything was. Refuses to exist in production.

    What is made becomes visible in steps (people; merchants; money; the desk's work), each whole or not at all, so a
    seeding that was killed is finished by the next.
    """
    if settings.PRODUCTION:
        raise ImproperlyConfigured("Demo people have passwords that everybody knows: not in production.")
    made_people = _make_people()
    terminals = _make_terminals()
    made_history = bool(_make_history(terminals))
    made_sends = make_sends(seeded(), ACTOR)
    return _make_desk_work() or made_sends or made_history or made_people


def _make_people() -> bool:
    known = seeded()
    missing = [person for person in (*CUSTOMERS, *STAFF) if person.email not in known]
    if not missing:
        return False
    # Slow by design; the same for everybody, so it is worked out once.
    password_hash = make_password(DEMO_PASSWORD)
    with recorded(ACTOR):
        for person in missing:
            _make_person(person, password_hash)
    return True


def _make_person(person: DemoPerson, password_hash: str) -> None:
    """User and factors in one transaction, as sign-up does it: the welcome is the only notice."""
    staff = person.role != "customer"
    user = User(
        kind=User.Kind.STAFF if staff else User.Kind.CUSTOMER,
        is_staff=staff,
        email=person.email,
        full_name=person.full_name,
        phone=person.phone,
        language=person.language,
        password=password_hash,
    )
    user.save()
    TotpDevice.objects.create(user=user, name="Demo phone", seed=person.totp_seed, confirmed=True)
    write_recovery_codes(user, new_recovery_codes())
    if staff:
        user.groups.add(Group.objects.get(name=person.role))


def _make_terminals() -> list[Terminal]:
    for name, stores in MERCHANTS.items():
        if Merchant.objects.filter(name=name).exists():
            continue
        merchant = take_on_merchant(name, actor=ACTOR)
        set_fee(merchant, basis_points=FEE_BASIS_POINTS, actor=ACTOR)
        for store_name, place in stores:
            add_terminal(
                open_store(merchant, name=store_name, place=place, actor=ACTOR), name="1", actor=ACTOR
            )
    return list(Terminal.objects.filter(store__merchant__name__in=MERCHANTS).order_by("pk"))


def _make_history(terminals: Sequence[Terminal]) -> int:
    now = timezone.localtime()
    users = seeded()
    with backdating.as_owner() as connection:
        missing = [
            person for person in CUSTOMERS if not backdating.has_history(connection, users[person.email].pk)
        ]
        if not missing:
            return 0
        opened = {users[person.email].pk: _opened_at(person, now) for person in missing}
        backdating.set_back_openings(connection, opened)
        # Committed first, so that the cards below, of another session, do not wait for this one.
        connection.commit()
        stories = [_story(person, users[person.email], terminals, now) for person in missing]
        written = backdating.write_movements(connection, stories)
        backdating.close_books(connection, ended_months(DAYS // 28))
        return written


def _opened_at(person: DemoPerson, now: datetime) -> datetime:
    return now - timedelta(days=DAYS + 2 + len(person.email), hours=len(person.full_name))


def _story(
    person: DemoPerson, user: User, terminals: Sequence[Terminal], now: datetime
) -> tuple[backdating.Wallet, list[Movement]]:
    card = _link_card(person, user, now - timedelta(days=DAYS + 1))
    _write_sign_ins(person, user, now)
    numbers = [terminal.pk for terminal in terminals]
    story = movements(person.email, monthly=person.monthly_minor, terminals=numbers, until=now)
    return backdating.Wallet(user.pk, card.pk, person.email), story


def _link_card(person: DemoPerson, user: User, at: datetime) -> Card:
    """A card that the sandbox processor knows too, so that a demo customer can top up with it."""
    known = Card.objects.filter(user=user).first()
    if known is not None:
        return known
    brand, last_four = _BRANDS[CUSTOMERS.index(person) % len(_BRANDS)]
    customer, token = _register_at_sandbox(user, brand, last_four)
    with recorded(ACTOR):
        ProcessorCustomer.objects.get_or_create(
            user=user, processor="sandbox", defaults={"reference": customer}
        )
        return Card.objects.create(
            user=user,
            processor="sandbox",
            token=token,
            brand=brand,
            last_four=last_four,
            expiry_month=1 + CUSTOMERS.index(person),
            expiry_year=at.year + 3,
            country="JP",
            fingerprint=f"demo-{user.public_id.hex}",
            three_d_secure="authenticated",
            owner_match=OwnerMatch.SAME,
            linked_at=at,
        )


def _register_at_sandbox(user: User, brand: str, last_four: str) -> tuple[str, str]:
    """References of a customer and of a card that always succeeds, in the sandbox's own file."""
    folder = env.folder("SANDBOX_DATA", settings.DATA_DIR / "sandbox")
    details = {
        "brand": brand,
        "last4": last_four,
        "exp_month": 12,
        "exp_year": timezone.now().year + 3,
        "country": "JP",
        "fingerprint": f"demo-{user.public_id.hex}",
    }
    with SandboxFile(folder / "sandbox.sqlite3").transaction() as memory:
        metadata = {"customer": str(user.public_id)}
        customer = memory.add("customer", "cus", {"name": user.full_name, "metadata": metadata})
        method = memory.add(
            "payment_method",
            "pm",
            {
                "type": "card",
                "customer": customer.id,
                "card": details,
                "billing_details": {"name": user.full_name},
                "metadata": {},
            },
            {"behaviour": Behaviour.SUCCEEDS.value},
        )
    return customer.id, method.id


def _write_sign_ins(person: DemoPerson, user: User, now: datetime) -> None:
    """A few sessions of the past, all ended. Networks are of the ranges kept for documentation (RFC 5737)."""
    if SignIn.objects.filter(user=user).exists():
        return
    chance = random.Random(person.email)  # noqa: S311  (a story, no secret)
    device, network = chance.choice(_DEVICES), f"203.0.113.{chance.randrange(2, 250)}"
    begun = [
        now - timedelta(days=chance.randrange(1, DAYS), minutes=chance.randrange(1440))
        for _number in range(6)
    ]
    with recorded(ACTOR):
        SignIn.objects.bulk_create(
            SignIn(
                user=user,
                session_digest=secrets.token_bytes(32),
                device=device,
                network=network,
                browser=digest_of(DEMO_BROWSER),
                factor="totp",
                started_at=at,
                verified_at=at,
                last_seen_at=at + timedelta(minutes=12),
                ended_at=at + timedelta(minutes=12),
                ended_why="signed_out",
            )
            for at in sorted(begun)
        )


def _make_desk_work() -> bool:
    """Something for the desk to look at: one customer who may not top up, and a case about another."""
    people = seeded()
    haruto, sora, agent = (people[f"{name}@example.com"] for name in ("haruto", "sora", "agent"))
    actor = Actor(kind="staff", user_id=agent.pk, name="seed_demo")
    if Suspension.objects.filter(user=haruto).exists():
        return False
    if not Case.objects.filter(customer=sora).exists():
        open_case(
            sora,
            queue=Case.Queue.BOUNCED_NOTICE,
            subject="Security notice came back",
            text="mailbox full",
            actor=actor,
        )
        add_note(
            haruto, text="Called back, could not name the last store. Wants to come with ID.", actor=actor
        )
    suspend_customer(
        haruto,
        scope=Suspension.Scope.TOP_UP,
        reason_code=Suspension.Reason.FRAUD,
        reason="One card charged at the limit again and again within a night",
        ends_at=None,
        actor=actor,
    )
    return True
