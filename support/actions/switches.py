"""Stopping a capability for everybody: one person, at once. Letting it go on takes a second one."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from support import policy
from support.actions.approvals import write_request
from support.approval_kinds import ApprovalKind, Facts, approval_kind
from support.models import Approval
from support.moments import moment
from wallet_site.actor import Actor
from wallet_site.errors import NotFound
from wallet_site.switches import flipping
from wallet_site.switches.errors import AlreadyFlipped
from wallet_site.switches.models import Flip, Switch
from wallet_site.switches.names import NAMES, SwitchName, words_of
from wallet_site.transactions import recorded


def pull_switch(name: SwitchName, *, reason: str, actor: Actor) -> Flip:
    """Stop `name` for everybody. When this returns, nothing of it is let through any more.

    `Flip.is_drained` False: something that had begun before hangs and may still end. Raises `AlreadyFlipped` when it
    is stopped already, `RoleMissing`, `NotFound` for what is no switch.
    """
    policy.require(actor, "pull_switch")
    _known(name)
    with recorded(actor):
        return flipping.write_pull(name, reason=reason, actor=actor)


def ask_to_release(name: SwitchName, *, reason: str, actor: Actor) -> Approval:
    """Ask for a second person to let `name` go on. Changes nothing until somebody approves.

    Raises `AlreadyFlipped` when it is not stopped, `AlreadyAsked` while a request waits, `RoleMissing`, `NotFound`.
    """
    policy.require(actor, "ask_release")
    _known(name)
    with recorded(actor):
        switch = Switch.objects.get(name=name)
        flip = Flip.objects.filter(switch=switch).order_by("-pk").first()
        if not switch.is_pulled or flip is None:
            raise AlreadyFlipped
        return write_request(
            ReleaseSwitch.name,
            subject_id=switch.pk,
            facts={
                "switch": name,
                "flip_id": flip.pk,
                "since": flip.at.isoformat(),
                "by": policy.name_of(flip.actor),
                "reason": flip.reason,
            },
            reason=reason,
            actor=actor,
        )


@approval_kind("release_switch")
class ReleaseSwitch(ApprovalKind):
    """Letting a capability go on for everybody."""

    title = gettext_lazy("Release a switch")
    button = gettext_lazy("Approve and release")
    asks = "ask_release"
    decides = "approve"

    def summary(self, facts: Facts) -> str:
        return str(words_of(facts["switch"]).title)

    def will_happen(self, facts: Facts) -> list[str]:
        return [
            _("“%(what)s” works again for everybody, from the next request on.")
            % {"what": words_of(facts["switch"]).title},
            _("The notice about it disappears from all pages."),
        ]

    def details(self, facts: Facts) -> list[tuple[str, str]]:
        return [
            (_("Stopped"), str(words_of(facts["switch"]).title)),
            (_("Since"), moment(facts["since"])),
            (_("Stopped by"), facts["by"]),
            (_("Reason at the desk"), facts["reason"]),
        ]

    def execute(self, approval: Approval, *, actor: Actor) -> None:
        facts = approval.facts
        # Released and pulled again meanwhile: for another reason, which nobody has looked at.
        newest = Flip.objects.filter(switch__name=facts["switch"]).order_by("-pk").first()
        if newest is None or newest.pk != facts["flip_id"]:
            raise AlreadyFlipped
        flipping.write_release(facts["switch"], approval_id=approval.pk, reason=approval.reason, actor=actor)


def _known(name: str) -> None:
    if name not in NAMES:
        raise NotFound
