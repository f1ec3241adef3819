"""What the rules of `payments.risk` said about a movement, with the facts they saw."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from wallet_site.rights import APPEND_ONLY


class RiskDecision(models.Model):
    """One decision. Never changed: `replay_rules` judges the stored facts by other rules."""

    database_rights: ClassVar = APPEND_ONLY

    class Action(models.TextChoices):
        LINK_CARD = "link_card", _("Linking a card")
        TOP_UP = "top_up", _("Topping up")
        SPEND = "spend", _("Paying in a store")
        SEND = "send", _("Sending money")

    class Outcome(models.TextChoices):
        ALLOW = "allow", _("Allowed")
        STEP_UP = "step_up", _("Second factor asked")
        DELAY = "delay", _("Put off")
        DENY = "deny", _("Refused")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="risk_decisions", db_index=False
    )
    action = models.CharField(max_length=12, choices=Action)
    outcome = models.CharField(max_length=8, choices=Outcome)
    # Whether it went on: allowed, or the second factor that was asked for had just been proven.
    went_on = models.BooleanField()
    findings = models.JSONField(help_text="[{rule, outcome, wait_seconds}]")
    facts = models.JSONField()
    amount = models.BigIntegerField(help_text="Minor units; 0 where nothing is moved.")
    # What it was about: "payments.topup" and its public id. Empty where the refusal left nothing behind.
    subject_type = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    network = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=80, blank=True)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(action__in=["link_card", "top_up", "spend", "send"]),
                name="payments_riskdecision_action",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["allow", "step_up", "delay", "deny"]),
                name="payments_riskdecision_outcome",
            ),
            # What was put off or refused has not gone on, what was allowed has.
            models.CheckConstraint(
                condition=Q(outcome="allow", went_on=True)
                | Q(outcome="step_up")
                | Q(outcome__in=["delay", "deny"], went_on=False),
                name="payments_riskdecision_went_on",
            ),
        ]
        indexes = [
            models.Index("user", "action", F("made_at").desc(), name="payments_risk_by_user"),
            models.Index(F("made_at").desc(), name="payments_risk_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} of {self.user_id}: {self.outcome}"
