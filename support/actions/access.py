"""More than a role gives, for some hours: asked for by anybody at the desk, approved by a second person."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from support import policy
from support.actions.approvals import write_request
from support.approval_kinds import ApprovalKind, Facts, approval_kind
from support.errors import AlreadyHeld
from support.models import Approval, ExtraAccess
from support.roles import RIGHTS, Permission, words_of
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import Conflict, InvalidInput
from wallet_site.transactions import recorded

LONGEST_HOURS = 8
# Who decides about rights is told by roles alone.
NEVER_EXTRA: frozenset[Permission] = frozenset({"approve_access"})


def ask_for_access(*, right: Permission, hours: int, reason: str, actor: Actor) -> Approval:
    """Ask for one right for oneself, from the approval on for `hours` (1 to 8).

    Raises `InvalidInput` for a right that is only given by roles or hours out of range, `AlreadyHeld`, `AlreadyAsked`.
    """
    staff = policy.require(actor, "ask_access")
    if right not in RIGHTS or right in NEVER_EXTRA or not 1 <= hours <= LONGEST_HOURS:
        raise InvalidInput
    if right in policy.held_by(staff):
        raise AlreadyHeld
    with recorded(actor):
        return write_request(
            ExtraRight.name,
            subject_id=staff.pk,
            facts={"user_id": staff.pk, "name": staff.full_name, "right": right, "hours": hours},
            reason=reason,
            actor=actor,
        )


def end_access(access: ExtraAccess, *, actor: Actor) -> None:
    """End it before its time: by who has it, or by who may approve such. Raises `Conflict` when it is over."""
    staff = policy.require(actor, "use_desk")
    if access.user_id != staff.pk:
        policy.require(actor, "approve_access")
    with recorded(actor):
        ended = policy.live_access().filter(pk=access.pk).update(ended_at=Now(), ended_by=staff)
        if not ended:
            raise Conflict
        record(
            "support:access:ended",
            actor=actor,
            subject=access,
            data={"right": access.right, "of": access.user_id},
        )


@approval_kind("extra_access")
class ExtraRight(ApprovalKind):
    """One right for one person for some hours."""

    title = gettext_lazy("More rights for some hours")
    button = gettext_lazy("Approve the right")
    asks = "ask_access"
    decides = "approve_access"
    lifetime = timedelta(hours=4)

    def summary(self, facts: Facts) -> str:
        return f"{facts['name']}: {words_of(facts['right'])}"

    def will_happen(self, facts: Facts) -> list[str]:
        return [
            ngettext(
                "%(name)s gets this right for %(hours)d hour.",
                "%(name)s gets this right for %(hours)d hours.",
                facts["hours"],
            )
            % facts,
            _("It ends by itself. Until then it stands on the desk's first page for everybody to see."),
        ]

    def details(self, facts: Facts) -> list[tuple[str, str]]:
        return [
            (_("Who"), facts["name"]),
            (_("Right"), words_of(facts["right"])),
            (_("Hours"), str(facts["hours"])),
        ]

    def execute(self, approval: Approval, *, actor: Actor) -> None:
        facts = approval.facts
        now = timezone.now()
        access = ExtraAccess.objects.create(
            user_id=facts["user_id"],
            right=facts["right"],
            approval=approval,
            starts_at=now,
            ends_at=now + timedelta(hours=facts["hours"]),
        )
        record(
            "support:access:granted",
            actor=actor,
            subject=access,
            data={"right": access.right, "to": access.user_id, "ends_at": access.ends_at.isoformat()},
        )
