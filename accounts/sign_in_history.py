"""What somebody reads of the tries to sign in to their account: page, API and file show the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import SignInAttempt
from accounts.places import place_of

PAGE_SIZE: Final = 25
_CHUNK: Final = 500
Result = SignInAttempt.Result
FACTOR_WORDS: Final[dict[str, Promise]] = {
    "passkey": gettext_lazy("Passkey"),
    "totp": gettext_lazy("Authenticator app"),
    "recovery_code": gettext_lazy("Recovery code"),
}
_KINDS: Final = {Result.SUCCEEDED: "success", Result.WRONG_FACTOR: "danger"}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try as its owner reads it. `kind` colours it."""

    at: datetime
    result: str
    title: str
    kind: str
    icon: str
    factor: str
    device: str
    network: str
    place: str
    is_new_device: bool
    is_new_network: bool

    @property
    def where(self) -> str:
        """Device, network and rough place, as far as they are known."""
        return " · ".join(part for part in (self.device, self.network, self.place) if part)


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some tries, newest first. `next_before`: the key of the next page, None on the last."""

    attempts: Sequence[Attempt]
    next_before: int | None


def attempts_of(user_id: int) -> QuerySet[SignInAttempt]:
    """Every try that concerns this person; those on addresses that nobody has are nobody's."""
    return SignInAttempt.objects.filter(user_id=user_id)


def history_page(user_id: int, *, before: int | None = None, size: int = PAGE_SIZE) -> HistoryPage:
    """Tries before the key `before`: one index range, as fast on the last page as on the first."""
    found = list(_before(user_id, before)[: size + 1])
    more = len(found) > size
    return HistoryPage([attempt_of(one) for one in found[:size]], found[size - 1].pk if more else None)


def attempt_of(row: SignInAttempt) -> Attempt:
    """The words of one row, in the active language; asks the database for nothing."""
    result = Result(row.result)
    return Attempt(
        at=row.at,
        result=result.value,
        title=str(result.label),
        kind=_KINDS.get(result, "warning"),
        icon="device" if row.channel == SignInAttempt.Channel.APP else "laptop",
        factor=str(FACTOR_WORDS.get(row.factor, row.factor)),
        device=row.device,
        network=row.network or "",
        place=place_of(row.network),
        is_new_device=row.is_new_device,
        is_new_network=row.is_new_network,
    )


def history_header() -> list[str]:
    """What stands above the columns of the file."""
    return [
        _("When (Japan time)"), _("Result"), _("Second factor"), _("Device"), _("Network"), _("Rough place"),
        _("New device"), _("New network"),
    ]  # fmt: skip


def history_rows(user_id: int) -> Iterator[list[str]]:
    """The whole history for a file, newest first, read in pieces."""
    before: int | None = None
    while chunk := list(_before(user_id, before)[:_CHUNK]):
        for row in chunk:
            one = attempt_of(row)
            yield [
                f"{timezone.localtime(one.at):%Y-%m-%d %H:%M:%S}", one.title, one.factor, one.device,
                one.network, one.place, _yes(one.is_new_device), _yes(one.is_new_network),
            ]  # fmt: skip
        before = chunk[-1].pk


def _before(user_id: int, before: int | None) -> QuerySet[SignInAttempt]:
    rows = attempts_of(user_id).order_by("-pk")
    return rows if before is None else rows.filter(pk__lt=before)


def _yes(is_so: bool) -> str:
    return _("yes") if is_so else ""
