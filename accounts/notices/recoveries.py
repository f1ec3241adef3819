"""Telling about a recovery: every step to every address on file, as the triggers owe it (requirement 24)."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import events
from accounts.addresses import mask_email
from accounts.models import Recovery, RecoveryState, RecoveryStep
from accounts.notice_targets import Target
from accounts.notices.words import AccountNotice, Words, call_us, listed, user_of, when, where
from accounts.recovery_links import link_digest, may_stop, stop_url
from wallet_site.crypto import decrypt, equal
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Recipient, notice

State = RecoveryState
_SUBJECTS: Final = {
    State.PROVING: gettext_lazy("A new second factor is being set up for your account"),
    State.REQUESTED: gettext_lazy("Somebody asked to get back into your account"),
    State.WAITING: gettext_lazy("Your account is being recovered: you can stop it"),
    State.READY: gettext_lazy("The wait is over: a link to set up a new second factor was sent"),
    State.COMPLETED: gettext_lazy("Your account has a new second factor"),
    State.STOPPED: gettext_lazy("The recovery of your account was stopped and your account is frozen"),
    State.REFUSED: gettext_lazy("Your account is not being recovered"),
    State.WITHDRAWN: gettext_lazy("The recovery of your account was taken back"),
    State.OVERTAKEN: gettext_lazy("The recovery of your account has ended"),
    State.EXPIRED: gettext_lazy("The recovery of your account has ended"),
}
_STOPPABLE: Final = {State.PROVING, State.REQUESTED, State.WAITING, State.READY, State.COMPLETED}


@notice(events.RECOVERY_MOVED)
class RecoveryMoved(AccountNotice):
    """One text for each state; while there is something to stop, with the link that stops it."""

    def recipients(self, event: Event) -> list[Recipient]:
        return listed(event, user_of(event))

    def words(self, event: Event, to: Recipient) -> Words:
        recovery = Recovery.objects.select_related("user").get(pk=event.payload["recovery_id"])
        step = RecoveryStep.objects.get(pk=event.payload["step_id"])
        state = State(event.payload["state"])
        target = Target(to.channel, to.address)
        link = stop_url(recovery, target) if state in _STOPPABLE and may_stop(recovery, target) else ""
        subject = _subject(event, state)
        return Words(
            subject=subject,
            short=_short(subject, link),
            opening=_opening(event, recovery, state),
            facts=_facts(event, recovery, step, state),
            before_link=_how_to_stop(state) if link else [],
            link=link,
            link_label=_("This was not me"),
            link_kind="danger",
            closing=[call_us()],
        )


def _subject(event: Event, state: State) -> str:
    if state == State.WAITING and event.payload["round"] > 1:
        return _("Reminder: your account is being recovered, you can stop it")
    return str(_SUBJECTS[state])


def _short(subject: str, link: str) -> str:
    values = {
        "operator": settings.OPERATOR_NAME,
        "what": subject,
        "phone": settings.SUPPORT_PHONE,
        "link": link,
    }
    if link:
        return _("%(operator)s: %(what)s. Not you? Call %(phone)s or stop it here: %(link)s") % values
    return _("%(operator)s: %(what)s. Questions: %(phone)s.") % values


def _opening(event: Event, recovery: Recovery, state: State) -> list[str]:
    told = {
        State.PROVING: [
            _(
                "Somebody who knows your password has used one of your recovery codes to set up a new second factor. "
                "They also need the code that we have just mailed to your address."
            ),
            _("If this was you, there is nothing to do here: go on in your browser or app."),
        ],
        State.REQUESTED: [
            _("They say that they have lost their second factor and their recovery codes."),
            _(
                "Nothing has begun and nothing has changed. Two members of our support desk have to agree first, and "
                "then 72 hours pass in which we tell you again and again."
            ),
        ],
        State.WAITING: _about_the_wait(event, recovery),
        State.READY: [
            _(
                "The link went to the confirmed address of your account and to no other. Whoever opens it also needs "
                "the password."
            ),
        ],
        State.COMPLETED: [
            _(
                "All earlier authenticator apps, passkeys and recovery codes no longer work, and everything that was "
                "signed in has been signed out."
            ),
            _("For 72 hours your limits are lower and no new card can be linked."),
        ],
        State.STOPPED: [
            _("Somebody pressed the button on the page that we had sent to one of your addresses."),
            _(
                "Your money is safe: nothing can be paid, sent, topped up or linked until we have talked to you. "
                "Please call us to go on."
            ),
        ],
        State.REFUSED: [
            _("Our support desk has not gone on with it. Nothing has changed."),
            _("If you cannot sign in, please call us: we look at it together with you."),
        ],
        State.WITHDRAWN: [
            _("It will not go on. Nothing has changed: your password and your second factor stay.")
        ],
        State.OVERTAKEN: [
            _("Something else about how you sign in was changed meanwhile, so it will not go on."),
        ],
        State.EXPIRED: [_("It was not finished in time, so it will not go on. Nothing has changed.")],
    }
    return told[state]


def _about_the_wait(event: Event, recovery: Recovery) -> list[str]:
    until = when(event.payload["until"])
    if recovery.way == Recovery.Way.CODE and not recovery.password_lost:
        why = _(
            "A recovery code and the code from the mail were right. But we can tell you of it at one address only, so "
            "we wait a day before anything changes."
        )
    elif recovery.password_lost:
        why = _(
            "Whoever opened the link says that they have forgotten the password too. So we wait another day before "
            "anything changes."
        )
    else:
        why = _(
            "We were told that you have lost your second factor and your recovery codes. Two members of our support "
            "desk have agreed to help; nobody of them can set or see a password, a code or an address of yours."
        )
    return [
        why,
        _(
            "Nothing changes before %(until)s. Then a link goes to the confirmed address of your account, and whoever "
            "opens it also needs the password."
        )
        % {"until": until}
        if not recovery.password_lost
        else _(
            "Nothing changes before %(until)s. Then a link goes to the confirmed address of your account, with which a "
            "new password and a new second factor can be set up."
        )
        % {"until": until},
    ]


def _facts(event: Event, recovery: Recovery, step: RecoveryStep, state: State) -> list[tuple[str, str]]:
    facts = [(_("How"), str(recovery.get_way_display()))]
    if state == State.WAITING:
        facts.append((_("Nothing changes before"), when(event.payload["until"])))
    if state in (State.WAITING, State.READY, State.PROVING):
        facts.append((_("Address that takes part"), mask_email(recovery.address)))
    return [*facts, (_("When"), when(step.at)), (_("From where"), where(step.actor))]


def _how_to_stop(state: State) -> list[str]:
    if state == State.COMPLETED:
        return [
            _(
                "If this was not you: open the page below and press the button there. It freezes the account, signs "
                "everything out and calls our support desk. Opening the page alone changes nothing."
            )
        ]
    return [
        _(
            "If this was not you: open the page below and press the button there. It stops the recovery, freezes the "
            "account and calls our support desk. Opening the page alone changes nothing; you need not sign in."
        )
    ]


class _ToAddressOnFile(AccountNotice):
    """To the address that was on file when the recovery began, and is still; to nobody when it has changed."""

    def recipients(self, event: Event) -> list[Recipient]:
        user = user_of(event)
        recovery = Recovery.objects.get(pk=event.payload["recovery_id"])
        if recovery.address != user.email:
            return []
        return [Recipient(user.email, user.language, name=user.full_name)]


@notice(events.RECOVERY_CODE)
class RecoveryCode(_ToAddressOnFile):
    """The code that proves the address on file, after the recovery code."""

    def words(self, event: Event, to: Recipient) -> Words:
        return Words(
            subject=_("Your code to set up a new second factor"),
            opening=[_("Enter this code on the page where you are setting up a new second factor.")],
            code=decrypt(event.payload["sealed_code"]),
            facts=[
                (_("Valid until"), when(event.payload["valid_until"])),
                (_("Asked for from"), where(event.payload["origin"])),
            ],
            closing=[
                _("Never tell this code to anybody. We never ask for it."),
                _(
                    "If you are not doing this, somebody knows your password and has one of your recovery codes: the "
                    "other mail that we have sent you stops it."
                ),
                call_us(),
            ],
        )


@notice(events.RECOVERY_LINK)
class RecoveryLink(_ToAddressOnFile):
    """The link with which the new factor is set up, when the wait is over."""

    def words(self, event: Event, to: Recipient) -> Words:
        recovery = Recovery.objects.get(pk=event.payload["recovery_id"])
        token = decrypt(event.payload["sealed_token"])
        subject = _("Set up your new second factor")
        current = recovery.link_digest
        if current is None or not equal(bytes(current), link_digest(token)):
            return Words(
                subject=subject,
                opening=[
                    _("This recovery has ended, or a newer link was sent. There is nothing to do here.")
                ],
                closing=[call_us()],
            )
        opening = _(
            "The wait is over and nobody has stopped it. With the link below and your password you set up a new second "
            "factor of your own."
        )
        if recovery.password_lost:
            opening = _(
                "The second wait is over and nobody has stopped it. With the link below you choose a new password and "
                "set up a new second factor of your own."
            )
        return Words(
            subject=subject,
            opening=[opening],
            facts=[(_("Valid until"), when(recovery.expires_at))] if recovery.expires_at else [],
            link=settings.PUBLIC_URL + reverse("accounts:recovery_link", kwargs={"token": token}),
            link_label=_("Set up a new second factor"),
            closing=[
                _("The link works for you alone: never pass it on. Our staff never ask for it."),
                call_us(),
            ],
        )
