"""What somebody may do now. Every path asks here, and only here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final, Literal

from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.errors import Suspended
from accounts.models import CredentialChange, SignIn, Suspension

Capability = Literal["sign_in", "card_linking", "top_up", "spending", "sending"]


def live(suspensions: QuerySet[Suspension]) -> QuerySet[Suspension]:
    """Those that hold at this moment, by the database's clock."""
    not_over = Q(ends_at__isnull=True) | Q(ends_at__gt=Now())
    return suspensions.filter(not_over, lifted_at=None, starts_at__lte=Now())


def restrictions(user_id: int) -> list[Suspension]:
    """The live suspensions of one person, newest first. Their union is what is stopped."""
    return list(live(Suspension.objects.filter(user_id=user_id)).order_by("-pk"))


def stops(suspension: Suspension, capability: Capability) -> bool:
    """Whether this one stops that."""
    return suspension.scope in (capability, Suspension.Scope.ALL)


def is_stopped(user_id: int, capability: Capability) -> bool:
    """Whether any live suspension stops `capability`."""
    scopes = [capability, Suspension.Scope.ALL]
    return live(Suspension.objects.filter(user_id=user_id, scope__in=scopes)).exists()


def require(user_id: int, capability: Capability) -> None:
    """Raise `Suspended` when `capability` is stopped. Money is stopped once more, under the wallet's row lock."""
    if is_stopped(user_id, capability):
        raise Suspended(capability=capability)


_Kind = CredentialChange.Kind
_LONG = timedelta(hours=72)
_SHORT = timedelta(hours=24)
# How long limits stay low after a change (requirement 29). A new authenticator counts like a changed address: it is
# what a thief would add. What an upgrade of a hash or the use of a recovery code changes is no new credential.
COOL_OFF: Final = {
    _Kind.EMAIL_CHANGED: _LONG,
    _Kind.PHONE_CHANGED: _LONG,
    _Kind.NOTICE_ADDRESS_ADDED: _LONG,
    _Kind.NOTICE_ADDRESS_CHANGED: _LONG,
    _Kind.NOTICE_ADDRESS_REMOVED: _LONG,
    _Kind.TOTP_ADDED: _LONG,
    _Kind.TOTP_REMOVED: _LONG,
    _Kind.TOTP_CHANGED: _LONG,
    _Kind.PASSKEY_ADDED: _LONG,
    _Kind.PASSKEY_REMOVED: _LONG,
    _Kind.PASSKEY_CHANGED: _LONG,
    _Kind.RECOVERY_ADDED: _LONG,
    _Kind.RECOVERY_REMOVED: _LONG,
    _Kind.PASSWORD_CHANGED: _SHORT,
    _Kind.API_DEVICE_ADDED: _SHORT,
}
# Changes that leave the limits as they are: nothing about them helps a thief to spend.
WITHOUT_COOL_OFF: Final = {
    _Kind.PASSWORD_REHASHED,
    _Kind.RECOVERY_USED,
    _Kind.API_DEVICE_REMOVED,
    _Kind.ACCOUNT_CLOSED,
    _Kind.ACCOUNT_REOPENED,
}

# No credential changes when somebody signs in, but a new device is where a thief would spend: as a new app it counts.
NEW_BROWSER: Final = "browser_added"
COOL_OFF_TITLES: Final[dict[str, Promise]] = {
    **{kind.value: kind.label for kind in _Kind},
    NEW_BROWSER: _("New browser signed in"),
}

# A change's time is the clock's, the account's is its transaction's: that one is over well within this.
_OPENING = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class CoolOff:
    """What makes limits low and new cards, payees and looser limits wait, until a moment.

    `kind`: a kind of credential change, or `NEW_BROWSER`.
    """

    kind: str
    at: datetime
    until: datetime

    @property
    def title(self) -> str:
        """What was changed, in the language that is active."""
        return str(COOL_OFF_TITLES[self.kind])


def cool_offs(user_id: int) -> list[CoolOff]:
    """What keeps limits low now, what lasts longest first; the newest change of each kind. One query.

    What came with the opening of the account, in its very transaction, is no change, and its first browser is not new.
    """
    changes = CredentialChange.objects.filter(
        user_id=user_id,
        kind__in=COOL_OFF,
        at__gt=Now() - max(COOL_OFF.values()),
        at__gte=F("user__created_at") + _OPENING,
    ).values_list("kind", "at")
    browsers = SignIn.objects.filter(user_id=user_id, is_new_device=True, started_at__gt=Now() - _SHORT)
    kinds = browsers.annotate(kind=Value(NEW_BROWSER, TextField())).values_list("kind", "started_at")
    newest = dict(sorted(changes.union(kinds, all=True), key=itemgetter(1)))
    lasts = {**{kind.value: time for kind, time in COOL_OFF.items()}, NEW_BROWSER: _SHORT}
    now = timezone.now()
    live = [CoolOff(kind, at, at + lasts[kind]) for kind, at in newest.items() if at + lasts[kind] > now]
    return sorted(live, key=lambda one: one.until, reverse=True)


def cool_off(user_id: int) -> datetime | None:
    """Until when a change or new device keeps limits low and new cards and payees away; None when nothing does."""
    return max((one.until for one in cool_offs(user_id)), default=None)
