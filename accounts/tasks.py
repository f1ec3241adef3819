"""What the clock does for accounts: forget what is over. Thin; safe to run twice and at once."""

from __future__ import annotations

from celery import shared_task
from django.core.management import call_command

from accounts.actions.forgetting import forget_expired
from accounts.actions.recoveries.asking import take_asks
from accounts.actions.recoveries.clock import mind_recoveries
from accounts.actions.stuffing import end_wave


@shared_task(name="accounts.forget_expired")
def forget_expired_daily() -> int:
    """Remove expired tokens, sign-ups, links and sessions. Returns how many rows of ours went."""
    call_command("clearsessions")
    return forget_expired()


@shared_task(name="accounts.take_recovery_asks")
def take_recovery_asks() -> int:
    """Find out which of the addresses that were typed have an account; tell those, and the desk."""
    return take_asks()


@shared_task(name="accounts.mind_recoveries")
def mind_recoveries_due() -> int:
    """Tell again, send the links whose wait is over, end what is too old."""
    return mind_recoveries()


@shared_task(name="accounts.end_stuffing_wave")
def end_stuffing_wave() -> bool:
    """End a wave of guessed passwords that has come to rest."""
    return end_wave()
