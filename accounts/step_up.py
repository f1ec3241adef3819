"""A fresh second factor for what matters (requirement 36, RFC 9470), and one that is bound to what it is for.

Two strengths, the same for pages and API:

- `require(actor)`: the session or device has proven a second factor within the last five minutes. For credentials,
  cards, limits, ordinary sends.
- `require_for(actor, action)` and `consume(actor, action)`: the customer has confirmed exactly this action, amount and
  payee, which they were shown in words (PSD2's dynamic linking). For payments above a limit.

How to use the second one:

    # Once, at the top of the module with the use case: its name and what the customer reads.
    SEND = step_up.ActionKind("payments:transfer:send", _("Send %(amount)s to %(payee)s"))

    def send_transfer(..., actor):
        # 1. A repeat of the same request (its idempotency key) is answered here: it needs no second proof.
        # 2. What is sent, from the server's own data, never from what the client says about it.
        action = SEND.of(amount_minor=amount_minor, payee=f"user:{payee.public_id}", payee_shown=masked_name)
        # 3. Before any transaction: it writes the question down in one of its own, and raises `StepUpRequired`.
        step_up.require_for(actor, action)
        with recorded(actor):
            # 4. Inside the transaction that moves the money: the proof is used up with it, or not at all.
            step_up.consume(actor, action)
            ...

Nothing else is needed. A page's POST that is refused so comes to the confirming page, and from there back to the same
POST with everything that was typed; the view must let `StepUpRequired` pass. The API answers 401 with a member
`step_up` that names the challenge, its words and the endpoint; the app proves it there and repeats its request with the
same Idempotency-Key. Another amount, payee or wording is another action: its proof is worth nothing for this one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise

from accounts.models import StepUpChallenge
from accounts.two_factor.methods import factors_of
from wallet_site.actor import Actor
from wallet_site.errors import NotSignedIn, StepUpRequired
from wallet_site.money import format_money
from wallet_site.transactions import recorded

# A question that will be over in a moment is asked anew.
_STILL_WORTH_ASKING: Final = timedelta(seconds=60)
_KINDS: Final[dict[str, ActionKind]] = {}


def is_fresh(verified_at: datetime | None) -> bool:
    """Whether a proof of that time still counts. One from the future never does: clocks are not to be trusted."""
    if verified_at is None:
        return False
    age = timezone.now() - verified_at
    return -settings.STEP_UP_FRESH / 60 <= age <= settings.STEP_UP_FRESH


def require(actor: Actor) -> None:
    """Raise `StepUpRequired` unless the actor's session or device proved its second factor just now."""
    if not is_fresh(actor.verified_at):
        raise StepUpRequired(max_age=_max_age(), step_up={"endpoint": reverse("api:v1:step_up")})


@dataclass(frozen=True, slots=True)
class ActionKind:
    """Something that asks for a bound proof. `words` may hold %(amount)s and %(payee)s, in every language.

    Names are `source:subject:action`; one name is one kind.
    """

    name: str
    words: str | Promise

    def __post_init__(self) -> None:
        if self.name in _KINDS:
            raise ValueError(f"{self.name} is a kind of action already")
        _KINDS[self.name] = self

    def of(
        self,
        *,
        amount_minor: int | None = None,
        currency: str = "",
        payee: str = "",
        payee_shown: str = "",
    ) -> Action:
        """One such action. `payee` is a stable name ("user:<public id>"), `payee_shown` what the customer reads.

        `amount_minor` in minor units of `currency`, which is the portal's own when it is not said. Where there is no
        payee, say in `payee` what the action is about ("limit:day").
        """
        if amount_minor is not None and not currency:
            currency = settings.CURRENCY
        return Action(self.name, amount_minor, currency, payee, payee_shown)


@dataclass(frozen=True, slots=True)
class Action:
    """What exactly is to be confirmed. Make it by `ActionKind.of`."""

    name: str
    amount_minor: int | None
    currency: str
    payee: str
    payee_shown: str

    def digest(self) -> bytes:
        """32 bytes that differ as soon as anything of it does."""
        said = [self.name, self.amount_minor, self.currency, self.payee, self.payee_shown]
        return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).digest()


def require_for(actor: Actor, action: Action) -> None:
    """Raise `StepUpRequired` unless this session or device has confirmed exactly `action` just now, and not used it.

    The refusal carries the question to put to the customer, written down in a transaction of its own: call it before
    yours. Raises `NotSignedIn` for an actor without session or device. A repeat asks the same question again.
    """
    if _proven(actor, action).exists():
        return
    challenge = _waiting(actor, action) or _ask(actor, action)
    raise StepUpRequired(max_age=_max_age(), step_up=description_of(challenge))


def consume(actor: Actor, action: Action) -> None:
    """Use the proof of exactly `action` up, inside the caller's transaction, so that it goes with what it was for.

    Of any number of parallel callers one gets through; the others, and whoever has no proof, get `StepUpRequired`.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a proof is used up in the transaction of what it was for")
    if not _proven(actor, action).update(used_at=Now()):
        raise StepUpRequired(max_age=_max_age(), step_up={"endpoint": reverse("api:v1:step_up")})


def open_challenges(actor: Actor) -> QuerySet[StepUpChallenge]:
    """The questions that this session or device can still answer. Raises `NotSignedIn` without either."""
    return _of(actor).filter(proven_at=None, expires_at__gt=Now())


def _of(actor: Actor) -> QuerySet[StepUpChallenge]:
    user_id, bearer = _bearer_of(actor)
    return StepUpChallenge.objects.filter(user_id=user_id, bearer=bearer)


def _bearer_of(actor: Actor) -> tuple[int, str]:
    """The person, and their session or device, which alone can use what it has proven."""
    if actor.user_id is not None and actor.session_id:
        return actor.user_id, f"session:{actor.session_id}"
    if actor.user_id is not None and actor.token_id:
        return actor.user_id, f"device:{actor.token_id}"
    raise NotSignedIn


def words_of(challenge: StepUpChallenge) -> str:
    """What the customer is asked to confirm, in the language that is active. Raises `LookupError` for another kind."""
    amount = challenge.amount_minor
    shown = "" if amount is None else format_money(amount, challenge.currency)
    return str(_KINDS[challenge.action].words) % {"amount": shown, "payee": challenge.payee_shown}


def description_of(challenge: StepUpChallenge) -> dict[str, Any]:
    """A challenge as the API tells it. `words` are for the customer, in the language of the request."""
    left = (challenge.expires_at - timezone.now()).total_seconds()
    return {
        "endpoint": reverse("api:v1:step_up"),
        "challenge": str(challenge.public_id),
        "action": challenge.action,
        "words": words_of(challenge),
        "amount": challenge.amount_minor,
        "currency": challenge.currency,
        "payee": challenge.payee_shown,
        "factors": [one for one in factors_of(challenge.user_id) if one != "recovery_code"],
        "expires_in": max(0, int(left)),
    }


def _proven(actor: Actor, action: Action) -> QuerySet[StepUpChallenge]:
    """The database's clock decides how old a proof is."""
    return _of(actor).filter(
        digest=action.digest(), used_at=None, proven_at__gt=Now() - settings.STEP_UP_FRESH
    )


def _waiting(actor: Actor, action: Action) -> StepUpChallenge | None:
    asked = open_challenges(actor).filter(digest=action.digest(), expires_at__gt=Now() + _STILL_WORTH_ASKING)
    return asked.order_by("-pk").first()


def _ask(actor: Actor, action: Action) -> StepUpChallenge:
    if action.name not in _KINDS:
        raise LookupError(f"{action.name} is no kind of action")
    user_id, bearer = _bearer_of(actor)
    with recorded(actor):
        challenge = StepUpChallenge.objects.create(
            user_id=user_id,
            bearer=bearer,
            action=action.name,
            amount_minor=action.amount_minor,
            currency=action.currency,
            payee=action.payee,
            payee_shown=action.payee_shown,
            digest=action.digest(),
            expires_at=Now() + settings.STEP_UP_FRESH,
        )
    challenge.refresh_from_db()
    return challenge


def _max_age() -> int:
    return int(settings.STEP_UP_FRESH.total_seconds())
