"""Letting a movement pass or stopping it by the rules of `payments.risk`, and keeping why.

An action reads facts (`payments.risk_facts`), then calls `clear` inside its transaction, before the movement. When that
raises, the transaction is lost and with it everything written; the action's own handler for refusals then calls
`note_refusal` in a transaction of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import step_up
from payments.errors import RiskDelayed, RiskDenied, RiskStepUp, Stopped
from payments.models import CardLinking, DeclineReason, Payment, RiskDecision
from payments.risk import Decision, Facts, Outcome, decide, is_graver
from payments.risk_facts import thresholds
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import Problem

Subject = tuple[str, str]
NOTHING: Subject = ("", "")


def clear(user_id: int, facts: Facts, *, actor: Actor, subject: Subject = NOTHING) -> Decision:
    """Let it pass, or raise `RiskStepUp`, `RiskDelayed` or `RiskDenied`; a pass is stored in the caller's transaction.

    A second factor that was proven within the last five minutes answers a step-up. The portal acting by itself can
    prove none: there a step-up stops too.
    """
    decision = decide(facts, thresholds())
    if not may_go_on(decision, actor):
        raise _refusal(user_id, facts, decision)
    write_decision(user_id, facts, decision, went_on=True, actor=actor, subject=subject)
    return decision


def check(user_id: int, facts: Facts, *, actor: Actor) -> Decision:
    """`clear` that keeps nothing: for a page that wants to say no early."""
    decision = decide(facts, thresholds())
    if not may_go_on(decision, actor):
        raise _refusal(user_id, facts, decision)
    return decision


def check_but_for_step_up(user_id: int, facts: Facts) -> None:
    """`check` for a movement that asks for a second factor in any case: only a delay or a denial is raised."""
    decision = decide(facts, thresholds())
    if is_graver(decision.outcome, Outcome.STEP_UP):
        raise _refusal(user_id, facts, decision)


def may_go_on(decision: Decision, actor: Actor) -> bool:
    """Whether nothing more is asked of this actor."""
    if decision.outcome is Outcome.STEP_UP:
        return step_up.is_fresh(actor.verified_at)
    return decision.outcome is Outcome.ALLOW


def _refusal(user_id: int, facts: Facts, decision: Decision) -> Problem:
    stopped = Stopped(user_id, facts, decision)
    if decision.outcome is Outcome.STEP_UP:
        return RiskStepUp(stopped, max_age=int(settings.STEP_UP_FRESH.total_seconds()))
    if decision.outcome is Outcome.DELAY:
        ends_at = timezone.now() + timedelta(seconds=decision.wait_seconds)
        return RiskDelayed(stopped, retry_after=decision.wait_seconds, ends_at=ends_at.isoformat())
    return RiskDenied(stopped)


def judge_known_card(linking: CardLinking, facts: Facts, *, actor: Actor) -> Decision:
    """Judge a linking whose card is known, and keep it, inside the caller's transaction; the caller fails the linking
    for anything graver than a step-up, which was proven when it began. A denial opens a case."""
    decision = decide(facts, thresholds())
    row = write_decision(
        linking.user_id,
        facts,
        decision,
        went_on=not is_graver(decision.outcome, Outcome.STEP_UP),
        actor=actor,
        subject=("payments.cardlinking", str(linking.public_id)),
    )
    if decision.outcome is Outcome.DENY:
        _tell_the_desk(row, linking.user_id, facts, decision, actor)
    return decision


@dataclass(frozen=True, slots=True)
class Verdict:
    """What risk says to a payment at a till. `refusal` is the decline's reason; "" lets it go on.

    Empty for a code of nobody: then there is nobody to judge.
    """

    facts: Facts | None = None
    decision: Decision | None = None
    refusal: str = ""

    def as_stored(self) -> dict[str, Any]:
        """What the call that takes the payment keeps beside it."""
        if self.facts is None or self.decision is None:
            return {}
        return {
            "outcome": self.decision.outcome.value,
            "findings": _plain(self.decision),
            "facts": self.facts.as_stored(),
        }


def judge_payment(facts: Facts, *, verified_at: datetime | None) -> Verdict:
    """Judge a payment. The customer answers a step-up by showing a code right after proving the second factor; the
    cashier learns no more than that a confirmation is wanted, or that it is not possible."""
    decision = decide(facts, thresholds())
    if decision.outcome is Outcome.STEP_UP:
        refusal = "" if step_up.is_fresh(verified_at) else DeclineReason.CONFIRM_FIRST.value
    else:
        refusal = "" if decision.outcome is Outcome.ALLOW else DeclineReason.NOT_POSSIBLE.value
    return Verdict(facts, decision, refusal)


def note_payment(payment: Payment, verdict: Verdict, *, actor: Actor) -> None:
    """The desk's case for a payment that was denied, inside the transaction that wrote its decline."""
    if verdict.facts is None or verdict.decision is None or verdict.decision.outcome is not Outcome.DENY:
        return
    if payment.customer_id is not None and payment.decline_reason == verdict.refusal:
        _tell_the_desk(payment, payment.customer_id, verdict.facts, verdict.decision, actor)


def note_refusal(refusal: Problem, *, actor: Actor) -> None:
    """Store the decision that a refusal came from, inside the caller's transaction; other refusals pass by.

    A denial also leaves the audit row from which the desk's case is opened.
    """
    if not isinstance(refusal, RiskStepUp | RiskDelayed | RiskDenied):
        return
    stopped = refusal.stopped
    row = write_decision(stopped.user_id, stopped.facts, stopped.decision, went_on=False, actor=actor)
    if stopped.decision.outcome is Outcome.DENY:
        _tell_the_desk(row, stopped.user_id, stopped.facts, stopped.decision, actor)


def _tell_the_desk(
    about: RiskDecision | Payment, user_id: int, facts: Facts, decision: Decision, actor: Actor
) -> None:
    """The audit row of which a trigger of the desk makes a case."""
    record(
        "payments:risk:denied",
        actor=actor,
        subject=about,
        user_id=user_id,
        data={
            "what": facts.action.value,
            "amount_minor": facts.amount_minor,
            "rules": [finding.rule.value for finding in decision.findings],
        },
    )


def write_decision(
    user_id: int, facts: Facts, decision: Decision, *, went_on: bool, actor: Actor, subject: Subject = NOTHING
) -> RiskDecision:
    """One row, inside the caller's transaction; each call is one more."""
    return RiskDecision.objects.create(
        user_id=user_id,
        action=facts.action.value,
        outcome=decision.outcome.value,
        went_on=went_on,
        findings=_plain(decision),
        facts=facts.as_stored(),
        amount=facts.amount_minor,
        subject_type=subject[0],
        subject_id=subject[1],
        network=actor.network or None,
        device=actor.device,
    )


def _plain(decision: Decision) -> list[dict[str, Any]]:
    return [
        {"rule": finding.rule.value, "outcome": finding.outcome.value, "wait_seconds": finding.wait_seconds}
        for finding in decision.findings
    ]
