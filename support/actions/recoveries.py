"""The desk's part in giving somebody access again: start it, end it, mail the link once more. Approving takes a second.

Nobody here chooses a password or sets an address or a factor: there is no function for it, and the database refuses it
(`accounts_refuse_staff_change`). The guard of the wait asks for the approval that is written here.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.actions.recoveries import clock, desk
from accounts.actions.recoveries.steps import guarded_steps, open_recovery
from accounts.addresses import mask
from accounts.models import Recovery, RecoveryState, User
from accounts.notice_targets import targets_of
from support import policy
from support.actions.approvals import write_request
from support.approval_kinds import ApprovalKind, Facts, approval_kind
from support.models import Approval
from support.moments import moment
from wallet_site.actor import Actor
from wallet_site.errors import Conflict
from wallet_site.transactions import recorded


def start_recovery(customer: User, *, reason: str, actor: Actor) -> Approval:
    """Begin a recovery, or take up what the customer asked for by page, and ask for the second person.

    Changes nothing for the customer and tells nobody until somebody approves, within 24 hours. Raises
    `RecoveryUnderWay` when one is past this step, `RecoveryOver` for a closed account, `RoleMissing`.
    """
    policy.require(actor, "ask_recovery")
    with guarded_steps(), recorded(actor):
        asked = open_recovery(customer.pk)
        recovery = desk.write_start(customer, reason=reason, actor=actor)
        return write_request(
            StartRecovery.name,
            subject_id=recovery.pk,
            customer_id=customer.pk,
            facts={
                "asked_at": asked.began_at.isoformat() if asked else None,
                "address": mask(recovery.address),
                "told": [f"{one.channel}: {mask(one.address)}" for one in targets_of(customer.pk)],
            },
            reason=reason,
            actor=actor,
        )


def end_recovery(customer: User, *, reason: str, actor: Actor) -> None:
    """End the recovery that is under way; the customer is told. Needs no second person, for it only closes.

    A request for approval that waits cannot be approved any more. Raises `Conflict` when none is under way.
    """
    policy.require(actor, "ask_recovery")
    with guarded_steps(), recorded(actor):
        recovery = _open(customer)
        if recovery.state == RecoveryState.REQUESTED:
            desk.write_refusal(recovery.pk, reason=reason, actor=actor)
        else:
            desk.write_withdrawal(recovery.pk, reason=reason, actor=actor)


def send_link_again(customer: User, *, actor: Actor) -> None:
    """Mail a fresh link to the address on file; the one before dies. Raises `Conflict` when there is none yet."""
    policy.require(actor, "ask_recovery")
    with guarded_steps(), recorded(actor):
        recovery = _open(customer)
        if recovery.state != RecoveryState.READY:
            raise Conflict
        clock.write_new_link(recovery.pk, actor=actor)


def _open(customer: User) -> Recovery:
    recovery = open_recovery(customer.pk)
    if recovery is None:
        raise Conflict
    return recovery


@approval_kind("start_recovery")
class StartRecovery(ApprovalKind):
    """The wait of 72 hours, at whose end a link goes to the address on file."""

    title = gettext_lazy("Recovery of access")
    button = gettext_lazy("Approve: the wait begins")
    asks = "ask_recovery"
    decides = "approve_recovery"

    def summary(self, facts: Facts) -> str:
        return str(facts["address"])

    def will_happen(self, facts: Facts) -> list[str]:
        told = len(facts["told"])
        return [
            ngettext(
                "%(count)d address or number is told at once, after 24 and after 48 hours. It can veto.",
                "%(count)d addresses and numbers are told at once, after 24 and after 48 hours. Each can veto.",
                told,
            )
            % {"count": told},
            _("After 72 hours a link goes to %(address)s, the address on file, and to no other.") % facts,
            _("With the link and the password the customer sets up a new second factor. You set nothing."),
        ]

    def details(self, facts: Facts) -> list[tuple[str, str]]:
        asked = moment(facts["asked_at"]) if facts["asked_at"] else _("No, only called")
        return [
            (_("Asked for by page"), asked),
            (_("The link will go to"), facts["address"]),
            (_("Told"), ", ".join(facts["told"])),
        ]

    def execute(self, approval: Approval, *, actor: Actor) -> None:
        desk.write_approval(approval.subject_id or 0, actor=actor)

    def turn_down(self, approval: Approval, *, actor: Actor) -> None:
        if Recovery.objects.filter(pk=approval.subject_id or 0, state=RecoveryState.STARTED).exists():
            desk.write_refusal(approval.subject_id or 0, reason=approval.decision_reason, actor=actor)
