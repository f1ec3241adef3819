"""What accounts refuses, in words that say what to do next."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from wallet_site.errors import Conflict, InvalidInput, NotAllowed, Problem, Unavailable


class Suspended(NotAllowed):
    """A live suspension stops this capability."""

    code = "suspended"
    title = _("This is stopped on your account")
    detail = _("This is stopped on your account for now. The restrictions page says why and whom to call.")


class WrongCredentials(Problem):
    """Address or password is not right. Which one, and whether the address is known, is never said."""

    code = "wrong-credentials"
    status = 401
    title = _("The address or the password is not right")
    detail = _("The e-mail address or the password is not right. Check both and try again.")


class WrongCode(InvalidInput):
    """The second factor's code was not right (or was right before and is used up)."""

    code = "wrong-code"
    title = _("The code is not right")
    detail = _("The code is not right. Wait for the next one in your app and try again.")


class WrongPasskey(InvalidInput):
    """What the authenticator answered does not hold: another question, key, site or person, or no user verified."""

    code = "wrong-passkey"
    title = _("The passkey was not accepted")
    detail = _("This passkey was not accepted. Try again, or use another way.")


class PasskeyOver(InvalidInput):
    """The question to the authenticator was answered before, is too old, or was put somewhere else."""

    code = "passkey-over"
    title = _("That took too long")
    detail = _("That took too long or was used already. Press the button for your passkey again.")


class PasskeyKnown(Conflict):
    """This very passkey is on file already."""

    code = "passkey-known"
    title = _("This passkey is on file already")
    detail = _("This passkey is on file already. Use another device, or remove it first.")


class AppKnown(Conflict):
    """An authenticator app with this very key is on file already: the same request came twice."""

    code = "app-known"
    title = _("This app is on file already")
    detail = _("This authenticator app is on file already. Look at your list of apps.")


class EnrolmentOver(Conflict):
    """What was begun to bind an authenticator app is too old, or was begun on another device."""

    code = "enrolment-over"
    title = _("That took too long")
    detail = _("That took too long. Begin again with a new key for your app.")


class FactorLocked(NotAllowed):
    """A hundred wrong codes in a row: codes no longer open this account until it is bound anew (requirement 17)."""

    code = "factor-locked"
    title = _("Codes no longer work for this account")
    detail = _(
        "There were too many wrong codes in a row, so codes of your app no longer count. Set up a new second factor "
        "with one of your recovery codes, or ask us to get your account back."
    )


class StepUpOver(Conflict):
    """There is nothing (any more) to confirm: it was confirmed, has expired, or is another session's."""

    code = "step-up-over"
    title = _("There is nothing to confirm any more")
    detail = _("This was confirmed already or took too long. Nothing has happened: go back and try again.")


class SignUpOver(Conflict):
    """There is no sign-up to go on with: it expired, was finished, or was never begun in this browser."""

    code = "sign-up-over"
    title = _("Please begin again")
    detail = _("Your sign-up has expired or is finished. Please begin again.")


class AddressTaken(Conflict):
    """Somebody proved this address for an account of their own in the meantime."""

    code = "address-taken"
    title = _("This address has an account")
    detail = _("This e-mail address has an account now. Sign in with it instead.")


class LastFactor(Conflict):
    """Taking this factor away would leave none; the database refuses it too."""

    code = "last-factor"
    title = _("This is your last second factor")
    detail = _("You cannot remove your last passkey or authenticator app. Add another one first.")


class TooManyFactors(Conflict):
    """More than anybody needs."""

    code = "too-many-factors"
    title = _("You have as many as possible")
    detail = _("Remove one that you no longer use first.")


class LinkOver(Conflict):
    """A link that was used, is too old, or that a later change has made worthless."""

    code = "link-over"
    title = _("This link is no longer valid")
    detail = _("This link was used already or is too old. Ask for a new one.")


class RecoveryOver(Conflict):
    """The recovery has ended, its time is over, or it is at another step than this one."""

    code = "recovery-over"
    title = _("Please begin again")
    detail = _(
        "This was finished, stopped, or took too long. Nothing has changed by this. Please begin again."
    )


class RecoveryNotDue(Conflict):
    """The database's clock says that it is too early or too late for this step."""

    code = "recovery-not-due"
    title = _("Not yet")
    detail = _("The waiting period is not over, or the time for this has run out. Nothing has changed.")


class RecoveryUnderWay(Conflict):
    """There is a recovery of this account already."""

    code = "recovery-under-way"
    title = _("A recovery is under way")
    detail = _("A recovery of this account is under way already. Look at how far it is.")


class NoPendingChange(Conflict):
    """There is no new address or number waiting to be confirmed."""

    code = "no-pending-change"
    title = _("No change is waiting")
    detail = _("No change is waiting to be confirmed. It was confirmed, cancelled or has expired.")


class NoMessages(Unavailable):
    """The operator has no SMS gateway."""

    code = "no-messages"
    title = _("We cannot send messages to phones")
    detail = _("We do not send messages to phones at the moment. Add a second e-mail address instead.")
