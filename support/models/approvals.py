"""What takes two: one member of staff asks, another decides, and nobody approves their own."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet_site.rights import NO_DELETE


class Approval(models.Model):
    """A request of a kind (`support.approval_kinds`). What was asked is frozen; it is decided once and in time.

    Triggers see to it: nothing but the decision ever changes; who asked and who decides are who acts in that very
    transaction; who decides holds the `right` and is another person, not merely another account
    (`support_same_person`: names, addresses of now and before, phone). What a decision allows is guarded where it is
    done: `support_guard_lift` asks this table before a suspension is lifted.
    """

    database_rights: ClassVar = NO_DELETE

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")
        EXPIRED = "expired", _("Expired")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.TextField()
    # The customer concerned, where it is one.
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="approvals_about"
    )
    # Which row it is about; the kind knows of which table. One request about it waits at a time.
    subject_id = models.BigIntegerField(null=True)
    # What the approver is shown and what is done: the state of things when it was asked for.
    facts = models.JSONField()
    # What somebody must be allowed to decide it (`support.roles`).
    right = models.TextField()
    reason = models.TextField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="approvals_asked")
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    state = models.TextField(choices=State, default=State.WAITING)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="approvals_decided"
    )
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.TextField(blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="approved") | ~Q(made_by=F("decided_by")), name="nobody_approves_their_own"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["waiting", "expired"], decided_by__isnull=True, decided_at__isnull=True
                )
                | Q(state__in=["approved", "refused"], decided_by__isnull=False, decided_at__isnull=False),
                name="approval_is_decided_by_somebody",
            ),
            models.CheckConstraint(condition=Q(kind__regex=r"^[a-z_]+$"), name="approval_kind_is_a_name"),
            models.UniqueConstraint(
                fields=["kind", "subject_id"], name="one_request_waits", condition=Q(state="waiting")
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="approval_waiting", condition=Q(state="waiting")),
            models.Index(fields=["customer", "-id"], name="approval_by_customer"),
            models.Index(fields=["kind", "subject_id"], name="approval_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}: {self.state}"

    @property
    def is_over(self) -> bool:
        """Whether nobody can decide it any more."""
        return self.state != self.State.WAITING or self.expires_at <= timezone.now()
