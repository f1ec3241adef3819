"""What can be asked of a second person. Each kind says in words what will happen, and does it when approved.

    @approval_kind("lift_suspension")
    class LiftSuspension(ApprovalKind): ...

stands beside the action that asks for it (`support/actions/`); `support.apps` imports those modules. A kind sees only
the facts that were frozen when somebody asked, never the state of today: what the approver reads is what is done.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from support.models import Approval
from support.roles import Permission
from wallet_site.actor import Actor

Facts = dict[str, Any]
Text = str | Promise


class ApprovalKind(ABC):
    """One thing that takes two. `asks` and `decides` are rights of `support.roles`."""

    name: ClassVar[str]
    title: ClassVar[Text]
    asks: ClassVar[Permission]
    decides: ClassVar[Permission]
    button: ClassVar[Text] = _("Approve")
    # After that nobody can approve it any more: what was true when it was asked may no longer be.
    lifetime: ClassVar[timedelta] = timedelta(hours=24)
    # A template with more than words (a sample, a table), included below the facts; it gets `approval`, `facts`
    # and what `context` answers.
    template: ClassVar[str] = ""

    @abstractmethod
    def summary(self, facts: Facts) -> str:
        """One line for lists: what, of what."""

    @abstractmethod
    def will_happen(self, facts: Facts) -> list[str]:
        """What happens on approval, one sentence each."""

    @abstractmethod
    def details(self, facts: Facts) -> list[tuple[str, str]]:
        """The frozen facts as (label, value), in words."""

    @abstractmethod
    def execute(self, approval: Approval, *, actor: Actor) -> None:
        """Do it, inside the transaction of the decision, or write the run that does it.

        `actor` is who approved. Raises a `Problem` when the world no longer fits: then nothing is decided either.
        """

    def turn_down(self, approval: Approval, *, actor: Actor) -> None:  # noqa: B027  # most kinds leave nothing behind
        """What else ends with a request that is refused or taken back, inside the transaction of the decision."""

    def context(self, approval: Approval) -> dict[str, Any]:
        """What `template` needs beside the facts."""
        return {}

    def page(self, approval: Approval) -> str:
        """The page about its subject, where somebody who has decided goes on; "" for the customer's or the list."""
        return ""


_KINDS: dict[str, ApprovalKind] = {}
_Kind = TypeVar("_Kind", bound=ApprovalKind)


def approval_kind(name: str) -> Callable[[type[_Kind]], type[_Kind]]:
    """Class decorator: approvals of this `name` are this class's."""

    def register(kind: type[_Kind]) -> type[_Kind]:
        if name in _KINDS:
            raise ValueError(f"{name} is an approval's kind already")
        kind.name = name
        _KINDS[name] = kind()
        return kind

    return register


def kind_of(approval: Approval) -> ApprovalKind:
    """The kind of a request; `LookupError` for one that this release does not know."""
    return kind_named(approval.kind)


def kind_named(name: str) -> ApprovalKind:
    """`kind_of` by name."""
    try:
        return _KINDS[name]
    except KeyError:
        raise LookupError(f"no approval's kind is called {name!r}") from None


def kinds() -> dict[str, ApprovalKind]:
    """All of them by name."""
    return dict(_KINDS)
