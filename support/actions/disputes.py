"""Answering a dispute: one member of staff asks to contest it or to give it up, another approves; then it is sent."""

from __future__ import annotations

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kombu.exceptions import OperationalError

from payments.actions.dispute_answers import EvidenceTexts, write_answer
from payments.errors import DisputeClosed
from payments.models import Dispute, DisputeAnswer, DisputeState
from payments.tasks import send_dispute_answers
from support import policy
from support.actions.approvals import write_request
from support.approval_kinds import ApprovalKind, Facts, approval_kind
from support.models import Approval
from support.moments import moment
from support.queries.dispute_evidence import as_texts, gather
from wallet_site.actor import Actor
from wallet_site.money import format_money
from wallet_site.transactions import recorded

ANSWERS = DisputeAnswer.Kind


def ask_to_contest(dispute: Dispute, *, remarks: str, reason: str, actor: Actor) -> Approval:
    """Ask a second person to send the gathered evidence, with `remarks` for the bank, as it stands now.

    Raises `DisputeClosed` when the dispute waits for no answer, `AlreadyAsked`, `RoleMissing`.
    """
    policy.require(actor, "ask_dispute")
    texts = as_texts(gather(dispute))
    if remarks:
        texts["text"] += f"\n\n{remarks}"
    return _ask(dispute, ANSWERS.EVIDENCE, texts, reason, actor)


def ask_to_give_up(dispute: Dispute, *, reason: str, actor: Actor) -> Approval:
    """Ask a second person to give the money up. Raises like `ask_to_contest`."""
    policy.require(actor, "ask_dispute")
    return _ask(dispute, ANSWERS.ACCEPT, None, reason, actor)


def _ask(
    dispute: Dispute, kind: DisputeAnswer.Kind, texts: EvidenceTexts | None, reason: str, actor: Actor
) -> Approval:
    with recorded(actor):
        current = Dispute.objects.select_for_update(of=("self",)).select_related("top_up").get(pk=dispute.pk)
        if (
            current.state != DisputeState.NEEDS_RESPONSE
            or DisputeAnswer.objects.filter(dispute=current).exists()
        ):
            raise DisputeClosed
        return write_request(
            AnswerDispute.name,
            subject_id=current.pk,
            customer_id=current.top_up.user_id,
            facts={
                "answer": kind.value,
                "dispute": str(current.public_id),
                "amount_minor": current.amount,
                "currency": current.currency,
                "from_wallet_minor": current.from_wallet,
                "due_at": current.due_at.isoformat(),
                "evidence": texts,
            },
            reason=reason,
            actor=actor,
        )


@approval_kind("answer_dispute")
class AnswerDispute(ApprovalKind):
    """Contesting a dispute, or giving it up."""

    title = gettext_lazy("Answer a dispute")
    button = gettext_lazy("Approve and send")
    asks = "ask_dispute"
    decides = "approve_dispute"
    template = "support/desk/evidence_texts.html"

    def summary(self, facts: Facts) -> str:
        return f"{ANSWERS(facts['answer']).label}: {format_money(facts['amount_minor'], facts['currency'])}"

    def will_happen(self, facts: Facts) -> list[str]:
        amount = format_money(facts["amount_minor"], facts["currency"])
        if facts["answer"] == ANSWERS.EVIDENCE:
            return [
                _("The evidence below goes to the card processor as it is. It can be sent once only."),
                _("The bank then decides whether we get %(amount)s back.") % {"amount": amount},
            ]
        rest = format_money(facts["amount_minor"] - facts["from_wallet_minor"], facts["currency"])
        return [
            _("The card's holder keeps %(amount)s, for good.") % {"amount": amount},
            _("Of it, %(amount)s becomes our loss. The customer's wallet gives nothing more.")
            % {"amount": rest},
        ]

    def details(self, facts: Facts) -> list[tuple[str, str]]:
        return [
            (_("Answer"), str(ANSWERS(facts["answer"]).label)),
            (_("Amount"), format_money(facts["amount_minor"], facts["currency"])),
            (_("Taken from the wallet"), format_money(facts["from_wallet_minor"], facts["currency"])),
            (_("Answer due"), moment(facts["due_at"])),
        ]

    def execute(self, approval: Approval, *, actor: Actor) -> None:
        write_answer(
            approval.subject_id or 0,
            kind=ANSWERS(approval.facts["answer"]),
            evidence=approval.facts["evidence"],
            approval_id=approval.pk,
            actor=actor,
        )
        # Only a hurry: the sweep sends what the broker loses.
        transaction.on_commit(_hurry)

    def context(self, approval: Approval) -> dict[str, object]:
        return {"evidence": approval.facts["evidence"]}

    def page(self, approval: Approval) -> str:
        return reverse("admin:dispute", args=[approval.facts["dispute"]])


def _hurry() -> None:
    try:
        send_dispute_answers.apply_async(expires=30)
    except OperationalError:
        return
