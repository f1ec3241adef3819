"""Setting a limit of one's own: a lower one at once, a higher one after a day, confirmed and told."""

from __future__ import annotations

from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import policy, step_up
from accounts.models import User
from payments.errors import CoolingOff, OwnLimitRefused
from payments.models import OwnLimit
from payments.own_limits import LOOSENS_AFTER, Standing, ceiling, default, standing
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import FieldError
from wallet_site.money import format_money
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

RAISE = step_up.ActionKind("payments:limit:raise", gettext_lazy("Raise the limit “%(payee)s” to %(amount)s"))


def set_own_limit(user: User, *, kind: OwnLimit.Kind, amount_minor: int | None, actor: Actor) -> Standing:
    """Set a limit; None takes one's own away. Lower than what holds counts from the next movement on.

    Higher counts in 24 hours, needs a second factor that is bound to it, is told to every address, and is refused
    while a credential change is cooling off (requirement 29). Setting what holds already calls a waiting raise off.
    Raises `OwnLimitRefused`, `CoolingOff` and `StepUpRequired`. A repeat changes nothing.
    """
    wanted = default(kind) if amount_minor is None else amount_minor
    if not 0 <= wanted <= ceiling(kind):
        words = _("Choose an amount from %(least)s to %(most)s.") % {
            "least": format_money(0),
            "most": format_money(ceiling(kind)),
        }
        raise OwnLimitRefused(words, errors=[FieldError("/amount", words, "out-of-range")])
    known = standing(user.pk, kind)
    if wanted > known.amount:
        return _raise(user, kind, amount_minor, known, actor)
    with recorded(actor):
        row, _made = OwnLimit.objects.select_for_update().get_or_create(user=user, kind=kind)
        # None is what the portal allows anyhow; while a lower one holds, that is a raise and not this branch.
        row.amount, row.next_amount, row.next_at = amount_minor, None, None
        row.save(update_fields=["amount", "next_amount", "next_at"])
        if wanted < known.amount or known.next_at is not None:
            _note("lowered", user, kind, known.amount, wanted, actor)
    return standing(user.pk, kind)


def _raise(
    user: User, kind: OwnLimit.Kind, amount_minor: int | None, known: Standing, actor: Actor
) -> Standing:
    wanted = default(kind) if amount_minor is None else amount_minor
    if known.next_at is not None and known.next_amount == wanted:
        return known
    waits_until = policy.cool_off(user.pk)
    if waits_until is not None:
        raise CoolingOff(ends_at=waits_until.isoformat())
    action = RAISE.of(amount_minor=wanted, payee=f"limit:{kind.value}", payee_shown=str(kind.label))
    step_up.require_for(actor, action)
    with recorded(actor):
        step_up.consume(actor, action)
        row, _made = OwnLimit.objects.select_for_update().get_or_create(user=user, kind=kind)
        row.amount, row.next_amount, row.next_at = known.own, amount_minor, Now() + LOOSENS_AFTER
        row.save(update_fields=["amount", "next_amount", "next_at"])
        _note("raise_asked", user, kind, known.amount, wanted, actor)
        owe(
            "payments:limit:raised",
            key=f"limit:{user.pk}:{kind.value}:{timezone.now().isoformat()}",
            payload={
                "kind": kind.value,
                "old_minor": known.amount,
                "new_minor": wanted,
                "from": (timezone.now() + LOOSENS_AFTER).isoformat(),
            },
            user_id=user.pk,
            priority="security",
        )
    return standing(user.pk, kind)


def _note(what: str, user: User, kind: OwnLimit.Kind, old: int, new: int, actor: Actor) -> None:
    record(
        f"payments:limit:{what}",
        actor=actor,
        user_id=user.pk,
        data={"kind": kind.value, "old_minor": old, "new_minor": new},
    )
