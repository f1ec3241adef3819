"""A copy of one's own data: asked for with a fresh factor, made by the worker, encrypted, soon thrown away."""

from __future__ import annotations

import base64
from datetime import timedelta

import structlog
from django.db import DatabaseError
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from accounts import step_up
from accounts.models import User
from payments.data_archive import archive_of
from payments.errors import NoExport
from payments.models import DataExport, ExportState
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import Problem
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)

ACTOR = Actor.system("data export")
# How long a copy can be fetched, and how long we try to make one.
LIFETIME = timedelta(hours=24)
GIVEN_UP_AFTER = timedelta(days=2)
BATCH = 10
FILE_NAME = "kakehashi-data.zip"


def ask_for_export(user: User, *, actor: Actor) -> DataExport:
    """Ask for a copy. Told at every address at once. While one is being made a repeat returns it; a ready one goes.

    Raises `StepUpRequired`.
    """
    step_up.require(actor)
    with recorded(actor):
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        known = DataExport.objects.filter(user=user).defer("archive").first()
        if known is not None and known.state == ExportState.ASKED:
            return known
        DataExport.objects.filter(user=user).delete()
        export = DataExport.objects.create(user=user, expires_at=timezone.now() + GIVEN_UP_AFTER)
        export.refresh_from_db()
        _tell("asked", export, actor)
    return export


def make_exports(actor: Actor = ACTOR) -> int:
    """Put together every copy that was asked for; returns how many. One that a crash left is made anew.

    Each on its own: one that cannot be made is tried again by the next sweep, until it is given up.
    """
    asked = DataExport.objects.filter(state=ExportState.ASKED).order_by("asked_at")
    made = 0
    # What failed counts for nothing: ten that cannot be made would else be the whole batch for two days.
    for pk in asked.values_list("pk", flat=True):
        made += _try_to_make(pk, actor)
        if made >= BATCH:
            break
    return made


def _try_to_make(export_id: int, actor: Actor) -> bool:
    try:
        return _make(export_id, actor)
    except (Problem, DatabaseError, ValueError) as error:
        # ValueError: a value that no spreadsheet or JSON can hold, or that cannot be decrypted.
        log.warning("export_not_made_yet", export_id=export_id, error=str(error)[:200])
        return False


def _make(export_id: int, actor: Actor) -> bool:
    """In one transaction, under the row's lock: two workers make one copy, and it is one moment's truth."""
    with recorded(actor):
        waiting = DataExport.objects.select_for_update(of=("self",), skip_locked=True).select_related("user")
        export = waiting.filter(pk=export_id, state=ExportState.ASKED).first()
        if export is None:
            return False
        content = archive_of(export.user)
        export.archive = base64.b64encode(content).decode()
        export.size_bytes = len(content)
        export.state, export.ready_at = ExportState.READY, Now()
        export.expires_at = timezone.now() + LIFETIME
        export.save()
        _tell("ready", export, actor, size_bytes=len(content))
    return True


def download(user: User, *, actor: Actor) -> bytes:
    """The copy, as a ZIP file. Each download is written down.

    Raises `StepUpRequired` without a fresh second factor, and `NoExport` when there is none or its time is over.
    """
    step_up.require(actor)
    with recorded(actor):
        export = DataExport.objects.filter(user=user, state=ExportState.READY, expires_at__gt=Now()).first()
        if export is None or export.archive is None:
            raise NoExport
        DataExport.objects.filter(pk=export.pk).update(downloads=F("downloads") + 1)
        record("payments:data_export:downloaded", actor=actor, subject=export, user_id=user.pk)
    return base64.b64decode(export.archive)


def forget_old_exports(actor: Actor = ACTOR) -> int:
    """Delete every copy whose time is over; returns how many."""
    with recorded(actor):
        return DataExport.objects.filter(expires_at__lte=Now()).delete()[0]


def _tell(what: str, export: DataExport, actor: Actor, **data: object) -> None:
    owe(
        f"payments:data_export:{what}",
        key=f"data-export-{what}:{export.public_id}",
        payload={"network": actor.network, "device": actor.device, "at": timezone.now().isoformat()},
        user_id=export.user_id,
        priority="security",
    )
    record(f"payments:data_export:{what}", actor=actor, subject=export, user_id=export.user_id, data=data)
