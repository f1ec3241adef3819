"""What can be stopped for everybody, in words: for the customer who meets it, and for who pulls the switch.

The rows are made by migration 0002; a switch that is asked for and does not exist refuses (fail closed). To add one: a
line here, its row in a migration, and a trigger that asks for it where it must hold (`support` migration 0050).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

SwitchName = Literal[
    "read_only", "top_up", "spending", "sending", "refunds", "card_linking", "sign_up", "sign_in", "sign_in_unknown",
    "password_reset", "credential_changes", "processor_sandbox", "processor_stripe",
]  # fmt: skip
NAMES: Final[tuple[SwitchName, ...]] = get_args(SwitchName)


@dataclass(frozen=True, slots=True)
class Words:
    """`title`: the capability. `told`: what a customer reads while it is stopped. `effect`: what pulling it does."""

    title: StrPromise
    told: StrPromise
    effect: StrPromise


WORDS: Final[dict[SwitchName, Words]] = {
    "read_only": Words(
        _("Everything but looking"),
        _(
            "For the moment you can look at your wallet but not use it. Your balance is safe; we are working on it."
        ),
        _(
            "Customers and stores can change nothing: no sign-up, no cards, no top-up, no payment, no sending, no"
            " refund, no new credentials. Signing in and looking go on, and so does everything that protects."
        ),
    ),
    "top_up": Words(
        _("Topping up"),
        _("Topping up is stopped for the moment. Nothing is charged; your balance is safe and can be used."),
        _("No card is charged any more. What was charged already still arrives in its wallet."),
    ),
    "spending": Words(
        _("Paying in stores"),
        _("Paying in stores is stopped for the moment. Your balance is safe."),
        _("No store can take a payment or capture an authorized one; cancelling and refunding go on."),
    ),
    "sending": Words(
        _("Sending money"),
        _("Sending money to others is stopped for the moment. Your balance is safe."),
        _("No customer can send money to another one."),
    ),
    "refunds": Words(
        _("Refunds by stores"),
        _("Stores cannot refund for the moment. What you are owed will come once this is over."),
        _("No store can refund a payment. Nothing is lost: the store can repeat the refund later."),
    ),
    "card_linking": Words(
        _("Linking cards"),
        _("Linking a card is stopped for the moment. Linked cards stay as they are."),
        _("No linking can begin, and none that has begun makes a card."),
    ),
    "sign_up": Words(
        _("Opening accounts"),
        _("New accounts cannot be opened for the moment. Please try again later."),
        _("No account is opened; who is in the middle of signing up is told to come back."),
    ),
    "sign_in": Words(
        _("Signing in"),
        _("Signing in is stopped for everybody for the moment. Your money is safe where it is."),
        _(
            "No customer signs in, and who is signed in sees nothing but this notice, from the next request on. Nobody"
            " is signed out for good: once it is released they go on. The desk is not concerned."
        ),
    ),
    "sign_in_unknown": Words(
        _("Signing in from unknown devices"),
        _(
            "For the moment you can sign in only from a device and a place where you have signed in before. Your money"
            " is safe."
        ),
        _("A customer can sign in only from a device and a network that the account has seen before."),
    ),
    "password_reset": Words(
        _("Resetting passwords"),
        _("Passwords cannot be reset for the moment. Nothing has changed. Please try again later."),
        _("No reset link is sent and none that was sent works."),
    ),
    "credential_changes": Words(
        _("Changing sign-in details"),
        _("Sign-in details cannot be changed for the moment. Everything stays as it is."),
        _(
            "No customer can change password, address, phone number or factors. Undoing a change and signing devices"
            " out go on."
        ),
    ),
    "processor_sandbox": Words(
        _("Card processor: sandbox"),
        _("Cards cannot be linked or charged for the moment. Your balance is safe and can be used."),
        _("No card is linked or charged through the sandbox processor."),
    ),
    "processor_stripe": Words(
        _("Card processor: Stripe"),
        _("Cards cannot be linked or charged for the moment. Your balance is safe and can be used."),
        _("No card is linked or charged through Stripe."),
    ),
}  # fmt: skip


def words_of(name: str) -> Words:
    """The words of a switch; those of "everything" for one that this release does not know."""
    return WORDS.get(name, WORDS["read_only"])  # type: ignore[call-overload, no-any-return]
