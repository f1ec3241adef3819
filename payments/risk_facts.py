"""Reading what `payments.risk` judges by. Each reader is one or two queries; nothing here decides or writes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q, QuerySet

from accounts.familiarity import familiarity
from accounts.models import User
from payments.models import Card, CardLinking, RiskDecision, TopUp
from payments.places import km_between, prefecture_of
from payments.risk import Action, Facts, Thresholds
from wallet_site.actor import Actor

TEN_MINUTES = timedelta(minutes=10)
DAY = timedelta(days=1)
# "Again and again": as long as the limits of three days can be worked through.
LATELY = timedelta(days=3)
# Nearly as much as could pass counts as all of it.
_NEARLY = 0.9


def thresholds() -> Thresholds:
    """The numbers of the settings. Raises TypeError for a name that no rule knows; a system check says so first."""
    return Thresholds(**settings.RISK_THRESHOLDS)


def of_linking(
    user: User,
    *,
    actor: Actor,
    cool_off_until: datetime | None,
    now: datetime,
    linking: CardLinking | None = None,
    fingerprint: str = "",
) -> Facts:
    """Before a card page opens; and once more with the `linking` and the card's `fingerprint` when they are known."""
    others = CardLinking.objects.exclude(pk=linking.pk) if linking else CardLinking.objects.all()
    mine = others.filter(user=user, started_at__gt=now - DAY).aggregate(
        soon=Count("pk", filter=Q(started_at__gt=now - TEN_MINUTES)), day=Count("pk")
    )
    return Facts(
        action=Action.LINK_CARD,
        cool_off_hours_left=_hours_left(cool_off_until, now),
        tries_in_ten_minutes=mine["soon"],
        tries_in_a_day=mine["day"],
        cards_on_device=_cards_on_device(others, linking or actor, now),
        wallets_with_card=_wallets_with(user, linking.processor if linking else "", fingerprint, now),
        **_device_facts(user, actor, now),
    )


def of_top_up(
    user: User,
    *,
    card: Card,
    amount_minor: int,
    most_minor: int,
    actor: Actor,
    cool_off_until: datetime | None,
    now: datetime,
) -> Facts:
    """Of a top-up; `most_minor` is the largest amount that no limit would refuse. `actor` is the portal itself for an
    automatic one: then no device is judged."""
    mine = TopUp.objects.filter(user=user, created_at__gt=now - DAY).aggregate(
        soon=Count("pk", filter=Q(created_at__gt=now - TEN_MINUTES)), day=Count("pk")
    )
    return Facts(
        action=Action.TOP_UP,
        amount_minor=amount_minor,
        cool_off_hours_left=_hours_left(cool_off_until, now),
        tries_in_ten_minutes=mine["soon"],
        tries_in_a_day=mine["day"],
        wallets_with_card=_wallets_with(user, card.processor, card.fingerprint, now),
        is_at_limit=is_nearly(amount_minor, most_minor),
        at_limit_lately=_at_limit_lately(user, Action.TOP_UP, now),
        **_device_facts(user, actor, now),
    )


def of_sending(
    user: User,
    *,
    wallet_account_id: int,
    amount_minor: int,
    most_minor: int,
    payee_since: datetime | None,
    actor: Actor,
    cool_off_until: datetime | None,
    now: datetime,
) -> Facts:
    """Of a send. `payee_since` is when this customer first paid or saved the payee; None: never before."""
    soon, day = _sends(wallet_account_id, now)
    return Facts(
        action=Action.SEND,
        amount_minor=amount_minor,
        cool_off_hours_left=_hours_left(cool_off_until, now),
        tries_in_ten_minutes=soon,
        tries_in_a_day=day,
        is_at_limit=is_nearly(amount_minor, most_minor),
        at_limit_lately=_at_limit_lately(user, Action.SEND, now),
        # Begun hours: 0 is said of nobody but a new payee.
        payee_hours=_hours(now - payee_since) + 1 if payee_since else 0,
        **_device_facts(user, actor, now),
    )


@dataclass(frozen=True, slots=True)
class Shopper:
    """What is known of who shows a code, read in one call; `None` in its place for a code of nobody."""

    customer_id: int
    account_opened_at: datetime
    device_since: datetime | None
    network_since: datetime | None
    verified_at: datetime | None
    tries_soon: int
    tries_today: int
    at_limit_lately: int
    place: str
    places: dict[str, int]

    @property
    def prefectures(self) -> Counter[str]:
        """How often the customer paid in which prefecture lately."""
        counted: Counter[str] = Counter()
        for place, times in self.places.items():
            counted[prefecture_of(place)] += times
        counted.pop("", None)
        return counted


def shopper(code_digest: bytes, terminal_id: int) -> Shopper | None:
    """Everything that limits and risk ask about the owner of a code, but the cool-off; one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer, account_opened_at, device_since, network_since, verified_at, tries_soon, tries_today,"
            " at_limit_lately, place, places FROM payments_spending_facts(%s, %s, %s)",
            [code_digest, terminal_id, thresholds().at_limit_from_minor],
        )
        row = cursor.fetchone()
    if row[0] is None:
        return None
    places = json.loads(row[9]) if isinstance(row[9], str) else row[9]
    return Shopper(
        customer_id=row[0],
        account_opened_at=row[1],
        device_since=row[2],
        network_since=row[3],
        verified_at=row[4],
        tries_soon=row[5],
        tries_today=row[6],
        at_limit_lately=row[7],
        place=row[8] or "",
        places=places or {},
    )


def of_spending(
    shopper: Shopper, *, amount_minor: int, most_minor: int, cool_off_until: datetime | None, now: datetime
) -> Facts:
    """Of a payment in a store. Home is the prefecture where the customer paid most often lately."""
    prefectures = shopper.prefectures
    here = prefecture_of(shopper.place)
    home = prefectures.most_common(1)[0][0] if prefectures else ""
    return Facts(
        action=Action.SPEND,
        amount_minor=amount_minor,
        device_hours=_hours(now - shopper.device_since) if shopper.device_since else None,
        network_hours=_hours(now - shopper.network_since) if shopper.network_since else None,
        cool_off_hours_left=_hours_left(cool_off_until, now),
        tries_in_ten_minutes=shopper.tries_soon,
        tries_in_a_day=shopper.tries_today,
        is_at_limit=is_nearly(amount_minor, most_minor),
        at_limit_lately=shopper.at_limit_lately,
        km_from_home=km_between(home, here),
        is_new_place=here not in prefectures,
    )


def is_nearly(amount_minor: int, most_minor: int) -> bool:
    """Whether an amount is as good as the largest possible."""
    return 0 < most_minor * _NEARLY <= amount_minor


def _device_facts(user: User, actor: Actor, now: datetime) -> dict[str, Any]:
    if actor.kind != "customer":
        return {}
    known = familiarity(user.pk, actor, now=now)
    return {"device_hours": _hours(known.device), "network_hours": _hours(known.network)}


def _hours(age: timedelta) -> int:
    return max(0, int(age.total_seconds() // 3600))


def _hours_left(until: datetime | None, now: datetime) -> int:
    """Begun hours: the last minute is still an hour."""
    return 0 if until is None else max(0, -int((now - until).total_seconds() // 3600))


def _cards_on_device(others: QuerySet[CardLinking], where: Actor | CardLinking, now: datetime) -> int:
    """Linkings from this device and network, by whomever: cards that were linked, and tries that were not."""
    if not where.network:
        return 0
    here = others.filter(network=where.network, device=where.device, started_at__gt=now - DAY).aggregate(
        cards=Count("card__fingerprint", distinct=True), without=Count("pk", filter=Q(state="failed"))
    )
    return int(here["cards"] + here["without"])


def _wallets_with(user: User, processor: str, fingerprint: str, now: datetime) -> int:
    if not fingerprint:
        return 0
    lately = Q(state="live") | Q(ended_at__gt=now - timedelta(days=90))
    cards = Card.objects.filter(lately, processor=processor, fingerprint=fingerprint).exclude(user=user)
    return cards.values("user").distinct().count()


def _at_limit_lately(user: User, action: Action, now: datetime) -> int:
    return RiskDecision.objects.filter(
        user=user,
        action=action,
        went_on=True,
        amount__gte=thresholds().at_limit_from_minor,
        made_at__gt=now - LATELY,
        facts__is_at_limit=True,
    ).count()


def _sends(wallet_account_id: int, now: datetime) -> tuple[int, int]:
    """Sends within ten minutes and a day, among the wallet's last hundred entries: one index range."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE j.occurred_at > %(soon)s), count(*)
            FROM (SELECT journal_id, amount FROM payments_entry WHERE account_id = %(wallet)s
                  ORDER BY account_seq DESC LIMIT 100) e
            JOIN payments_journal j ON j.id = e.journal_id
            WHERE e.amount < 0 AND j.kind = 'send' AND j.occurred_at > %(day)s
            """,
            {"wallet": wallet_account_id, "soon": now - TEN_MINUTES, "day": now - DAY},
        )
        soon, day = cursor.fetchone()
    return int(soon), int(day)
