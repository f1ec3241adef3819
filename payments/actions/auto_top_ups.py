"""Topping up by itself: switched on with a second factor, off by itself when something is not as it should be.

What makes a top-up is an event: the wallet's state, named by the number of its last entry. Worker and sweep may see
the same one any number of times; the key of the top-up is that number, so each makes one at most, failed ones too.
"""

from __future__ import annotations

from itertools import islice
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import policy, step_up
from accounts.errors import Suspended
from accounts.models import User
from payments import posting
from payments.actions.top_up_checks import usable_card
from payments.actions.top_up_sweep import cancel_top_up
from payments.actions.top_ups import start_top_up
from payments.errors import (
    AutoTopUpNotDue,
    CardNotFound,
    CardNotUsable,
    CoolingOff,
    RiskDenied,
    WalletFrozen,
)
from payments.models import Account, AccountKind, AutoTopUp, TopUp, TopUpState
from payments.models.top_ups import OPEN_STATES
from payments.processors.base import ProcessorError
from wallet_site import ratelimit
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import FieldError, InvalidInput, Problem
from wallet_site.money import format_money
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)

SWITCH_ON = step_up.ActionKind(
    "payments:auto_top_up:on", gettext_lazy("Top up %(amount)s automatically: %(payee)s")
)
# This many in a row that were not charged, and it is off.
MOST_FAILURES = 2
TRIED_AGAIN_AFTER_SECONDS = 600
# So many tries in one sweep; those that wait for their ten minutes are none.
BATCH = 200
_Because = AutoTopUp.OffBecause


def switch_on(
    user: User, *, card_id: UUID, threshold_minor: int, amount_minor: int, actor: Actor
) -> AutoTopUp:
    """From now on the card is charged `amount_minor` when the balance falls below `threshold_minor`; told everywhere.

    Raises `StepUpRequired` until exactly this is confirmed, `CoolingOff`, `Suspended`, `CardNotFound`, `CardNotUsable`
    and `InvalidInput`. The same again changes nothing.
    """
    card = usable_card(user, card_id)
    _check_amounts(threshold_minor, amount_minor)
    policy.require(user.pk, "top_up")
    waits_until = policy.cool_off(user.pk)
    if waits_until is not None:
        raise CoolingOff(ends_at=waits_until.isoformat())
    known = AutoTopUp.objects.filter(user=user, is_on=True).first()
    wanted = (card.pk, threshold_minor, amount_minor)
    if known is not None and (known.card_id, known.threshold, known.amount) == wanted:
        return known
    action = SWITCH_ON.of(
        amount_minor=amount_minor,
        payee=f"card:{card.public_id}:{threshold_minor}",
        payee_shown=f"{card.brand_name} •••• {card.last_four}, < {format_money(threshold_minor)}",
    )
    step_up.require_for(actor, action)
    with recorded(actor):
        step_up.consume(actor, action)
        set_to = {"card": card, "threshold": threshold_minor, "amount": amount_minor}
        made, _is_new = AutoTopUp.objects.update_or_create(
            user=user, defaults={**set_to, "is_on": True, "failures": 0, "off_because": ""}
        )
        facts = {"amount_minor": amount_minor, "threshold_minor": threshold_minor, "card": str(card)}
        record("payments:auto_top_up:on", actor=actor, user_id=user.pk, data=facts)
        made.refresh_from_db()
        owe(
            "payments:auto_top_up:on",
            key=f"auto-top-up-on:{user.pk}:{made.changed_at.isoformat()}",
            payload=facts,
            user_id=user.pk,
            priority="security",
        )
    return made


def _check_amounts(threshold_minor: int, amount_minor: int) -> None:
    for pointer, amount, least, most in (
        ("/threshold", threshold_minor, 1, settings.TOP_UP_WALLET_BALANCE),
        ("/amount", amount_minor, settings.TOP_UP_MINIMUM, settings.TOP_UP_PER_CHARGE),
    ):
        if not least <= amount <= most:
            words = _("Choose an amount from %(least)s to %(most)s.") % {
                "least": format_money(least),
                "most": format_money(most),
            }
            raise InvalidInput(words, errors=[FieldError(pointer, words, "out-of-range")])


def switch_off(user: User, *, actor: Actor) -> None:
    """No more by itself, at once. A repeat changes nothing."""
    with recorded(actor):
        if _write_off(user.pk, _Because.CUSTOMER):
            record("payments:auto_top_up:off", actor=actor, user_id=user.pk, data={"because": "customer"})


def _write_off(user_id: int, because: AutoTopUp.OffBecause) -> bool:
    on = AutoTopUp.objects.filter(user_id=user_id, is_on=True)
    return bool(on.update(is_on=False, off_because=because.value, failures=0))


def top_up_if_due(user_id: int, *, actor: Actor) -> TopUp | None:
    """Charge the card if the balance is below the threshold and nothing is on its way; None when nothing is due.

    Judged under the wallet's lock with every limit and rule of risk; the portal proves no second factor, so what asks
    for one is left to the customer. Suspension, a credential change, a card that is gone and failures switch it off.
    """
    setting = AutoTopUp.objects.select_related("user", "card").filter(user_id=user_id, is_on=True).first()
    if setting is None:
        return None
    if policy.cool_off(user_id) is not None:
        _switch_itself_off(setting, _Because.COOL_OFF, actor)
        return None
    wallet = Account.objects.get(owner_id=user_id, kind=AccountKind.WALLET, currency=settings.CURRENCY)
    if wallet.balance - wallet.held >= setting.threshold:
        return None
    try:
        started = start_top_up(
            setting.user,
            card_id=setting.card.public_id,
            amount_minor=setting.amount,
            request_key=f"auto:{wallet.pk}:{wallet.seq}",
            actor=actor,
            only_if=lambda locked: _still_due(setting, locked),
            automatic=True,
        )
    except AutoTopUpNotDue:
        return None
    except (Suspended, WalletFrozen):
        _switch_itself_off(setting, _Because.SUSPENDED, actor)
        return None
    except (CardNotFound, CardNotUsable):
        _switch_itself_off(setting, _Because.CARD, actor)
        return None
    except RiskDenied:
        _switch_itself_off(setting, _Because.RISK, actor)
        return None
    except Problem as refusal:
        # A limit, a delay, a question that only the customer can answer: not this time.
        log.info("auto_top_up_not_now", user=user_id, problem=refusal.code)
        return None
    if started.repeated:
        return None
    return _judge_outcome(setting, started.top_up, actor)


def _still_due(setting: AutoTopUp, wallet: posting.LockedWallet) -> None:
    """Under the wallet's lock: raise `AutoTopUpNotDue` when another one is on its way or it is off meanwhile."""
    is_on = AutoTopUp.objects.filter(
        user_id=setting.user_id, is_on=True, card_id=setting.card_id, amount=setting.amount
    ).exists()
    on_its_way = TopUp.objects.filter(user_id=setting.user_id, state__in=OPEN_STATES).exists()
    if not is_on or on_its_way or wallet.available >= setting.threshold:
        raise AutoTopUpNotDue


def _judge_outcome(setting: AutoTopUp, top_up: TopUp, actor: Actor) -> TopUp:
    """Count failures in a row. What waits for the bank's page waits for nobody: it is given up."""
    if top_up.state == TopUpState.NEEDS_ACTION:
        top_up = cancel_top_up(top_up, actor=actor)
    if top_up.state == TopUpState.SUCCEEDED:
        AutoTopUp.objects.filter(pk=setting.pk).exclude(failures=0).update(failures=0)
    elif top_up.state == TopUpState.FAILED:
        AutoTopUp.objects.filter(pk=setting.pk, is_on=True).update(failures=F("failures") + 1)
        if AutoTopUp.objects.filter(pk=setting.pk, is_on=True, failures__gte=MOST_FAILURES).exists():
            _switch_itself_off(setting, _Because.FAILED, actor)
    return top_up


def _switch_itself_off(setting: AutoTopUp, because: AutoTopUp.OffBecause, actor: Actor) -> None:
    with recorded(actor):
        if not _write_off(setting.user_id, because):
            return
        record(
            "payments:auto_top_up:off",
            actor=actor,
            user_id=setting.user_id,
            data={"because": because.value},
        )
        off = AutoTopUp.objects.get(pk=setting.pk)
        owe(
            "payments:auto_top_up:off",
            key=f"auto-top-up-off:{setting.user_id}:{off.changed_at.isoformat()}",
            payload={"because": because.value},
            user_id=setting.user_id,
        )


def top_up_all_due(actor: Actor) -> int:
    """The sweep: everybody whose balance is below their threshold. Returns how many were charged.

    What a limit refused it tries again after ten minutes, not at every turn: each try leaves its refusal behind. Those
    who wait for that take nobody's place, however many they are, and one that fails stops no other.
    """
    due = AutoTopUp.objects.filter(
        is_on=True,
        user__ledger_accounts__kind=AccountKind.WALLET,
        user__ledger_accounts__currency=settings.CURRENCY,
        user__ledger_accounts__balance__lt=F("threshold") + F("user__ledger_accounts__held"),
    )
    wallet = "user__ledger_accounts"
    found = list(due.order_by("changed_at").values_list("user_id", f"{wallet}__id", f"{wallet}__seq"))
    to_try = (
        user_id
        for user_id, account_id, seq in found
        if ratelimit.first_use(
            "auto-top-up", f"{account_id}:{seq}", remember_seconds=TRIED_AGAIN_AFTER_SECONDS
        )
    )
    return sum(_try_one(user_id, actor) for user_id in islice(to_try, BATCH))


def _try_one(user_id: int, actor: Actor) -> bool:
    try:
        return top_up_if_due(user_id, actor=actor) is not None
    except (Problem, ProcessorError, DatabaseError) as error:
        log.warning("auto_top_up_not_done", user=user_id, error=str(error)[:200])
        return False
