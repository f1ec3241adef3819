"""Telling about accounts and credentials that were changed, and about changes that were undone."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import events
from accounts.addresses import mask, mask_email
from accounts.models import ChangeUndo, CredentialChange
from accounts.notices.words import AccountNotice, Words, call_us, everywhere, listed, user_of, when, where
from accounts.undo_links import ends_at, is_undoing, may_undo, undo_url
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Recipient, notice

Kind = CredentialChange.Kind

SUBJECTS: Final = {
    Kind.PASSWORD_CHANGED: gettext_lazy("Your password was changed"),
    Kind.EMAIL_CHANGED: gettext_lazy("Your e-mail address was changed"),
    Kind.PHONE_CHANGED: gettext_lazy("Your phone number was changed"),
    Kind.NOTICE_ADDRESS_ADDED: gettext_lazy("A second address for notices was added to your account"),
    Kind.NOTICE_ADDRESS_CHANGED: gettext_lazy("The second address for notices of your account was changed"),
    Kind.NOTICE_ADDRESS_REMOVED: gettext_lazy("The second address for notices was removed from your account"),
    Kind.ACCOUNT_CLOSED: gettext_lazy("Your account was deactivated"),
    Kind.ACCOUNT_REOPENED: gettext_lazy("Your account was activated again"),
    Kind.TOTP_ADDED: gettext_lazy("An authenticator app was added to your account"),
    Kind.TOTP_REMOVED: gettext_lazy("An authenticator app was removed from your account"),
    Kind.TOTP_CHANGED: gettext_lazy("An authenticator app of your account was changed"),
    Kind.PASSKEY_ADDED: gettext_lazy("A passkey was added to your account"),
    Kind.PASSKEY_REMOVED: gettext_lazy("A passkey was removed from your account"),
    Kind.PASSKEY_CHANGED: gettext_lazy("A passkey of your account was changed"),
    Kind.RECOVERY_ADDED: gettext_lazy("New recovery codes were made for your account"),
    Kind.RECOVERY_USED: gettext_lazy("A recovery code of your account was used"),
    Kind.RECOVERY_REMOVED: gettext_lazy("The recovery codes of your account were removed"),
    Kind.API_DEVICE_ADDED: gettext_lazy("The app on a new device was signed in to your account"),
    Kind.API_DEVICE_REMOVED: gettext_lazy("The app on a device was signed out of your account"),
}
_ENDS_SESSIONS: Final = {
    Kind.PASSWORD_CHANGED,
    Kind.EMAIL_CHANGED,
    Kind.PHONE_CHANGED,
    Kind.NOTICE_ADDRESS_ADDED,
    Kind.NOTICE_ADDRESS_CHANGED,
    Kind.NOTICE_ADDRESS_REMOVED,
    Kind.TOTP_ADDED,
    Kind.TOTP_REMOVED,
    Kind.TOTP_CHANGED,
    Kind.PASSKEY_ADDED,
    Kind.PASSKEY_REMOVED,
    Kind.PASSKEY_CHANGED,
    Kind.RECOVERY_ADDED,
    Kind.RECOVERY_REMOVED,
}
_REPLACES_AN_ADDRESS: Final = {
    Kind.EMAIL_CHANGED,
    Kind.NOTICE_ADDRESS_CHANGED,
    Kind.NOTICE_ADDRESS_REMOVED,
}
_DAY_OF_LOWER_LIMITS: Final = {Kind.PASSWORD_CHANGED, Kind.API_DEVICE_ADDED}


@notice(events.CREDENTIAL_CHANGED)
class CredentialChanged(AccountNotice):
    """One text for each kind of change; to the old, the new and the former addresses and the phone."""

    def recipients(self, event: Event) -> list[Recipient]:
        return listed(event, user_of(event))

    def words(self, event: Event, to: Recipient) -> Words:
        change = CredentialChange.objects.select_related("user").get(pk=event.payload["change_id"])
        subject = str(SUBJECTS[Kind(change.kind)])
        if is_undoing(change):
            return Words(
                subject=subject,
                short=_short(subject, change),
                opening=[_("This was done by the undo link of an earlier change. Your account is stopped.")],
                facts=change_facts(change),
                closing=[call_us()],
            )
        undoable = may_undo(change, to.address)
        return Words(
            subject=subject,
            short=_short(subject, change),
            opening=[_("If this was you, there is nothing to do."), *_effects(change)],
            facts=change_facts(change),
            before_link=_how_to_undo(change) if undoable else [],
            link=undo_url(change, to.address) if undoable else "",
            link_label=_("This was not me"),
            link_kind="danger",
            closing=[call_us()],
        )


def _short(subject: str, change: CredentialChange) -> str:
    return _("%(operator)s: %(what)s. %(when)s. Not you? Call %(phone)s. Never tell anybody a code.") % {
        "operator": settings.OPERATOR_NAME,
        "what": subject,
        "when": when(change.at),
        "phone": settings.SUPPORT_PHONE,
    }


def _effects(change: CredentialChange) -> list[str]:
    told = []
    if change.kind in _ENDS_SESSIONS:
        told.append(_("Everything else that was signed in to your account has been signed out."))
    if change.kind == Kind.RECOVERY_USED:
        told.append(_("The code cannot be used again. Make new recovery codes on the security page soon."))
    if change.kind in _DAY_OF_LOWER_LIMITS:
        told.append(_("For 24 hours your limits are lower and no new card can be linked."))
    elif change.kind in _ENDS_SESSIONS:
        told.append(_("For 72 hours your limits are lower and no new card can be linked."))
    if change.kind in _REPLACES_AN_ADDRESS:
        told.append(_("The earlier address is told of everything for 30 more days."))
    return told


def _how_to_undo(change: CredentialChange) -> list[str]:
    return [
        _(
            "If this was not you: open the page below and press the button there. It stops your wallet, signs "
            "everything out, puts back what can be put back and calls our support desk. Opening the page alone "
            "changes nothing."
        ),
        _("The page works until %(until)s, without signing in.") % {"until": when(ends_at(change))},
    ]


def change_facts(change: CredentialChange) -> list[tuple[str, str]]:
    """What, before and after (masked), when, from where: the same in the mail and on the undo page."""
    facts = [(_("What"), str(change.get_kind_display()))]
    if change.old_value:
        facts.append((_("Before"), mask(change.old_value)))
    if change.new_value:
        facts.append((_("After"), mask(change.new_value)))
    return [*facts, (_("When"), when(change.at)), (_("From where"), where(change.actor))]


@notice(events.ACCOUNT_OPENED)
class AccountOpened(AccountNotice):
    """The welcome; it also tells whoever owns the address that there is an account now."""

    def recipients(self, event: Event) -> list[Recipient]:
        return listed(event, user_of(event))

    def words(self, event: Event, to: Recipient) -> Words:
        user = user_of(event)
        number = [(_("Customer number"), user.customer_number)] if user.customer_number else []
        return Words(
            subject=_("Your account is open"),
            opening=[_("Your address, your password and your authenticator app are proven. Welcome.")],
            facts=[*number, (_("When"), when(user.created_at))],
            closing=[
                _("Keep your recovery codes where you find them without your phone."),
                _("If you did not open an account, call us: %(phone)s") % {"phone": settings.SUPPORT_PHONE},
            ],
        )


@notice(events.EMAIL_CHANGE_ASKED)
class EmailChangeAsked(AccountNotice):
    """To the present and former addresses: somebody wants another one. Nothing has changed yet."""

    def recipients(self, event: Event) -> list[Recipient]:
        return everywhere(user_of(event))

    def words(self, event: Event, to: Recipient) -> Words:
        payload = event.payload
        subject = _("A new e-mail address was asked for")
        return Words(
            subject=subject,
            short=_("%(operator)s: %(what)s. Not you? Call %(phone)s.")
            % {"operator": settings.OPERATOR_NAME, "what": subject, "phone": settings.SUPPORT_PHONE},
            opening=[_("Nothing has changed yet. The change counts only when the new address is confirmed.")],
            facts=[
                (_("New address"), mask_email(payload["new_address"])),
                (_("Can be confirmed until"), when(payload["until"])),
                (_("When"), when(event.created_at)),
                (_("From where"), where(payload["origin"])),
            ],
            closing=[
                _("You can cancel it on the security page of your wallet, without a code."),
                call_us(),
            ],
        )


@notice(events.UNDO_USED)
class UndoUsed(AccountNotice):
    """To every address on file: the undo link was used, the account is stopped, the desk knows."""

    def recipients(self, event: Event) -> list[Recipient]:
        return listed(event, user_of(event))

    def words(self, event: Event, to: Recipient) -> Words:
        undo = ChangeUndo.objects.select_related("change").get(pk=event.payload["undo_id"])
        subject = _("A change of your account was undone and your account is stopped")
        return Words(
            subject=subject,
            short=_("%(operator)s: %(what)s. Call %(phone)s.")
            % {"operator": settings.OPERATOR_NAME, "what": subject, "phone": settings.SUPPORT_PHONE},
            opening=[
                _("Somebody pressed the button on the undo page that we had sent to one of your addresses."),
                _(
                    "Your money is safe: nothing can be paid, sent, topped up or linked until we have talked to you."
                ),
            ],
            facts=[
                (_("Undone"), str(undo.change.get_kind_display())),
                (_("When"), when(undo.at)),
                (_("From where"), where(undo.actor)),
            ],
            closing=[
                _("Please call us to go on, day and night: %(phone)s") % {"phone": settings.SUPPORT_PHONE},
            ],
        )
