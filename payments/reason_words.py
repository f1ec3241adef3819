"""Why a card was not linked, a top-up or a payment not made, and what to do next, in the customer's language."""

from __future__ import annotations

from django.utils.translation import gettext as _


def linking_failed_because(reason: str) -> str:
    """For the result page and the API, by the linking's `failure_reason`."""
    words = {
        "owner_differs": _("The name on the card is not the name of this wallet. Link a card of your own."),
        "too_many_cards": _("You have five cards already. Remove one first."),
        "card_on_too_many_wallets": _("This card is linked to two other wallets. Use another card."),
        "already_linked": _("This card is linked to your wallet already."),
        "looks_unusual": _("This looks unusual, so the card was not linked. Please call us if it was you."),
        "suspended": _("Linking cards is stopped on your account for now."),
    }
    return words.get(reason) or charge_failed_because(reason)


def charge_failed_because(reason: str) -> str:
    """For the result page and the API, by the top-up's `failure_reason`."""
    words = {
        "insufficient_funds": _(
            "The card has not enough money or credit left. Use another card or a smaller amount."
        ),
        "lost_or_stolen": _("The bank declined the card. Please ask the bank that issued it."),
        "card_expired": _("The card has expired. Link the new one."),
        "security_code_wrong": _("The security code was wrong. Please try again."),
        "authentication_failed": _("Your bank could not confirm that it was you. Nothing was charged."),
        "authentication_required": _("The card did not pass 3-D Secure, which we need. Use another card."),
        "authentication_not_supported": _("The card does not take part in 3-D Secure. Use another card."),
        "abandoned": _("It was not confirmed at your bank in time. Nothing was charged."),
        "processor_unavailable": _(
            "We could not reach the card company. Nothing was charged. Please try again."
        ),
    }
    return words.get(reason) or _(
        "The bank declined the card. Use another card, or ask the bank that issued it."
    )


def payment_declined_because(reason: str) -> str:
    """For the Pay page, by the payment's `decline_reason`; what the cashier reads is said to the cashier."""
    words = {
        "code-unknown": _("The code is not valid. Show a new one."),
        "code-expired": _("The code is too old. Show a new one."),
        "code-used": _("The code was used already. Show a new one."),
        "insufficient-funds": _("Your balance is not enough."),
        "over-limit": _("The amount is above your limit."),
        "confirm-first": _("To protect your money, please confirm that it is you and show a new code."),
        "store-closed": _("This store cannot take payments at the moment."),
    }
    return words.get(reason) or _("You cannot pay at the moment. Please call us if you do not know why.")
