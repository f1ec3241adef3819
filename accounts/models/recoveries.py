"""Getting back into one's account without a second factor: a state machine that the database guards.

Two ways lead there (requirement 23). `code`: the password, a recovery code and a code mailed to the address on file.
`desk`: two members of staff, a wait of 72 hours in which every address is told and can stop it, then a link to the
address on file and the password. Staff begin and approve; they choose nothing and set nothing.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models.users import User
from wallet_site.crypto import EncryptedTextField
from wallet_site.rights import APPEND_ONLY, EVERYTHING, NO_DELETE, READ_ONLY


class RecoveryState(models.TextChoices):
    """Where a recovery stands. The last six are final."""

    PROVING = "proving", _("Waiting for the code from the mail")
    REQUESTED = "requested", _("Asked for by the customer")
    STARTED = "started", _("Waiting for a second member of staff")
    WAITING = "waiting", _("Waiting period")
    READY = "ready", _("Link sent")
    ENROLLING = "enrolling", _("A new second factor is being set up")
    COMPLETED = "completed", _("Done")
    STOPPED = "stopped", _("Stopped by a link")
    REFUSED = "refused", _("Refused by the desk")
    WITHDRAWN = "withdrawn", _("Taken back")
    OVERTAKEN = "overtaken", _("Ended: something else was changed meanwhile")
    EXPIRED = "expired", _("Expired")


OPEN_STATES = (
    RecoveryState.PROVING,
    RecoveryState.REQUESTED,
    RecoveryState.STARTED,
    RecoveryState.WAITING,
    RecoveryState.READY,
    RecoveryState.ENROLLING,
)


class Recovery(models.Model):
    """One recovery. Triggers refuse every step that its way does not have, or that comes too early by the database's
    own clock, write each step down (`RecoveryStep`) and owe the notices to every address on file."""

    database_rights: ClassVar = NO_DELETE

    class Way(models.TextChoices):
        CODE = "code", _("With a recovery code")
        DESK = "desk", _("Through the support desk")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="recoveries")
    way = models.TextField(choices=Way)
    state = models.TextField(choices=RecoveryState)
    # Set by the database: the address on file when it began. The link goes there and nowhere else.
    address = models.EmailField(editable=False, default="")
    began_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now(), help_text="By the database, with every new state.")
    # The code mailed in the first way.
    code_digest = models.BinaryField(null=True)
    code_sent_at = models.DateTimeField(null=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    # The two members of staff of the other way.
    started_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    # Set by the database when the wait begins.
    waits_until = models.DateTimeField(null=True)
    # How often the addresses were told in this wait; the link is not made before all of them were.
    rounds_told = models.PositiveSmallIntegerField(default=0)
    password_lost = models.BooleanField(default=False)
    link_digest = models.BinaryField(null=True, unique=True)
    # Digest of what the one browser or app holds in which the new factor is being set up.
    key_digest = models.BinaryField(null=True, unique=True)
    expires_at = models.DateTimeField(null=True)
    totp_seed = EncryptedTextField(null=True)
    totp_step = models.BigIntegerField(null=True)
    recovery_codes = EncryptedTextField(null=True)
    # The password to come, hashed, where the old one is lost too.
    password_hash = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(way__in=["code", "desk"]), name="recovery_way"),
            models.CheckConstraint(condition=Q(state__in=RecoveryState.values), name="recovery_state"),
            models.UniqueConstraint(
                fields=["user"], condition=Q(state__in=OPEN_STATES), name="one_open_recovery"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True)
                | Q(started_by__isnull=False) & ~Q(started_by=F("approved_by")),
                name="recovery_takes_two",
            ),
            models.CheckConstraint(
                condition=~Q(way="desk", state__in=["waiting", "ready", "enrolling", "completed"])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="recovery_goes_on_approved",
            ),
            models.CheckConstraint(
                condition=Q(started_by__isnull=True) | ~Q(reason=""), name="recovery_has_a_reason"
            ),
        ]
        indexes = [
            models.Index(
                fields=["state", "waits_until"], name="recovery_open", condition=Q(state__in=OPEN_STATES)
            ),
            models.Index(fields=["user", "-id"], name="recovery_by_user"),
        ]

    def __str__(self) -> str:
        return f"recovery {self.pk} of {self.user_id}: {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether it may still lead to a new factor."""
        return self.state in OPEN_STATES


class RecoveryStep(models.Model):
    """One state that a recovery reached: when, and who brought it there. By trigger, never changed."""

    database_rights: ClassVar = READ_ONLY

    recovery = models.ForeignKey(Recovery, models.PROTECT, related_name="steps")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    state = models.TextField(choices=RecoveryState)
    actor = models.JSONField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="recovery_step_by_user")]

    def __str__(self) -> str:
        return f"recovery {self.recovery_id} {self.state}"


class RecoveryStop(models.Model):
    """Somebody pressed the button on the page of a stop link. Once per recovery; a trigger opens support's case."""

    database_rights: ClassVar = APPEND_ONLY

    recovery = models.OneToOneField(Recovery, models.PROTECT, related_name="stop")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    channel = models.TextField()
    address = models.TextField(help_text="whose link it was")
    actor = models.JSONField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"stop of recovery {self.recovery_id}"


class RecoveryAsk(models.Model):
    """Somebody typed an address into the page of those who have lost everything.

    There is a row for an address that nobody has too, and what follows is done by the worker: asking costs the same and
    answers the same for everybody (requirement 5).
    """

    database_rights: ClassVar = EVERYTHING

    email = models.EmailField()
    actor = models.JSONField()
    asked_at = models.DateTimeField(db_default=Now())
    handled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["asked_at"], name="recovery_ask_due", condition=Q(handled_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"recovery asked for {self.email}"
