"""Forgetting what has expired: it opens nothing any more and need not lie about.

What happened stays: sign-ins, changes and the audit are not touched.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.models import (
    AccessToken,
    ApiDevice,
    ContactChange,
    LockRequest,
    NoticePreference,
    PasswordReset,
    PushToken,
    RecoveryAsk,
    SignIn,
    SignUp,
    StepUpChallenge,
    User,
)
from wallet_site.actor import Actor
from wallet_site.transactions import recorded

# Long enough to answer somebody who calls about a link or code of yesterday.
KEPT_AFTER_EXPIRY = timedelta(days=1)
TOLD_AFTER_SIGN_OUT = timedelta(hours=72)


def forget_expired() -> int:
    """Delete what expired more than a day ago; returns the number of rows. A repeat finds nothing more.

    Refresh tokens stay while their device is known: an old one that is shown again betrays a thief.
    """
    now = timezone.now()
    before = now - KEPT_AFTER_EXPIRY
    with recorded(Actor.system("forget_expired")):
        return (
            AccessToken.objects.filter(expires_at__lt=before).delete()[0]
            + ContactChange.objects.filter(expires_at__lt=before).delete()[0]
            + LockRequest.objects.filter(expires_at__lt=before).delete()[0]
            # A phone that was signed out is told for three days (migration 0061), and then nobody is there to tell.
            + PushToken.objects.filter(device__revoked_at__lt=now - TOLD_AFTER_SIGN_OUT).delete()[0]
            + PasswordReset.objects.filter(expires_at__lt=before).delete()[0]
            + StepUpChallenge.objects.filter(expires_at__lt=before).delete()[0]
            + RecoveryAsk.objects.filter(handled_at__lt=before).delete()[0]
            + SignUp.objects.filter(expires_at__lt=before, user=None).delete()[0]
        )


def write_forgotten(user: User) -> None:
    """Forget of somebody whose account is closed what need not be kept, inside the caller's transaction.

    Which browsers and apps were signed in goes, and what was left unfinished. Name, addresses, tries to sign in and
    changes stay, append-only: the law asks for them, and what is still owed must find its way. A repeat finds nothing
    more.
    """
    SignIn.objects.filter(user=user).update(device="", network=None)
    ApiDevice.objects.filter(user=user).update(name="", network=None)
    ContactChange.objects.filter(user=user).delete()
    StepUpChallenge.objects.filter(user=user).delete()
    PasswordReset.objects.filter(user=user).delete()
    SignUp.objects.filter(user=user).delete()
    PushToken.objects.filter(device__user=user).delete()
    NoticePreference.objects.filter(user=user).delete()
