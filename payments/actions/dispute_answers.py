"""Answering a dispute: what two people decided is written down, then sent until the processor has heard it."""

from __future__ import annotations

from typing import TypedDict

import structlog
from django.utils import timezone

from payments.errors import DisputeClosed
from payments.models import Dispute, DisputeAnswer, DisputeState
from payments.processors.base import AnswerOutcome, AnswerRefused, Evidence, Unknown
from payments.processors.registry import processor_named
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)

BATCH = 50


class EvidenceTexts(TypedDict):
    """What the processor is told, as it was approved."""

    purchase_network: str
    access_log: str
    text: str


def write_answer(
    dispute_id: int,
    *,
    kind: DisputeAnswer.Kind,
    evidence: EvidenceTexts | None,
    approval_id: int,
    actor: Actor,
) -> DisputeAnswer:
    """Decide the answer inside the caller's transaction; `send_answers` sends it.

    Raises `DisputeClosed` when the dispute waits for no answer any more. The database asks for the approval.
    """
    dispute = Dispute.objects.select_for_update(of=("self",)).select_related("top_up").get(pk=dispute_id)
    if dispute.state != DisputeState.NEEDS_RESPONSE or DisputeAnswer.objects.filter(dispute=dispute).exists():
        raise DisputeClosed
    answer = DisputeAnswer.objects.create(
        dispute=dispute, kind=kind, evidence=evidence or {}, approval_id=approval_id
    )
    record(
        "payments:dispute:answered",
        actor=actor,
        subject=dispute,
        user_id=dispute.top_up.user_id,
        data={"kind": kind, "amount_minor": dispute.amount},
    )
    return answer


def send_answers(actor: Actor) -> int:
    """Send what the processor has not heard; returns how many it took. A repeat sends nothing that was taken."""
    owed = DisputeAnswer.objects.filter(sent_at=None).select_related("dispute__top_up").order_by("made_at")
    return sum(_send(answer, actor) for answer in owed[:BATCH])


def _send(answer: DisputeAnswer, actor: Actor) -> bool:
    outcome = _ask(answer)
    if isinstance(outcome, Unknown):
        log.warning("dispute_answer_not_sent_yet", dispute=str(answer.dispute.public_id), why=outcome.why)
        return False
    code = outcome.code if isinstance(outcome, AnswerRefused) else ""
    with recorded(actor):
        sent = DisputeAnswer.objects.filter(pk=answer.pk, sent_at=None).update(
            sent_at=timezone.now(), refused_code=code[:64]
        )
        if sent:
            record(
                "payments:dispute:answer_refused" if code else "payments:dispute:answer_sent",
                actor=actor,
                subject=answer.dispute,
                user_id=answer.dispute.top_up.user_id,
                data={"kind": answer.kind, "refusal": code},
            )
    return bool(sent) and not code


def _ask(answer: DisputeAnswer) -> AnswerOutcome:
    dispute = answer.dispute
    processor = processor_named(dispute.processor)
    key = f"dispute-answer:{dispute.public_id}"
    if answer.kind == DisputeAnswer.Kind.ACCEPT:
        return processor.accept_dispute(dispute.reference, key=key)
    return processor.submit_evidence(
        Evidence(key=key, dispute_reference=dispute.reference, **answer.evidence)
    )
