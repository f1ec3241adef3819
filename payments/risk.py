"""Is this movement likely its customer's own? Pure rules: facts in, a decision with its reasons out.

Each rule is one function that reads facts and thresholds and says what it found, or nothing. The decision is the
gravest finding. Facts are stored with every decision, so `manage.py replay_rules` can judge the past by changed rules:
a fact that is added here needs a default that no rule minds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What is about to happen."""

    LINK_CARD = "link_card"
    TOP_UP = "top_up"
    SPEND = "spend"
    SEND = "send"


class Outcome(StrEnum):
    """What to do about it, the gravest last."""

    ALLOW = "allow"
    STEP_UP = "step_up"
    DELAY = "delay"
    DENY = "deny"


_GRAVITY = {outcome: number for number, outcome in enumerate(Outcome)}


class Rule(StrEnum):
    """Why. Stable: stored with the decision; told to staff, never to the customer, who may be the attacker."""

    COOL_OFF = "cool_off"
    VELOCITY = "velocity"
    NEW_DEVICE = "new_device"
    NEW_NETWORK = "new_network"
    MANY_CARDS_ONE_DEVICE = "many_cards_one_device"
    ONE_CARD_MANY_WALLETS = "one_card_many_wallets"
    AT_THE_LIMIT = "at_the_limit"
    FAR_FROM_HOME = "far_from_home"
    NEW_PAYEE = "new_payee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known at the moment of judging. Amounts are minor units, ages whole hours, counts leave this one out.

    A default is what is assumed of a decision that was stored before the fact was known.
    """

    action: Action
    amount_minor: int = 0
    # None: nobody's device is involved, as in an automatic top-up or a till.
    device_hours: int | None = None
    network_hours: int | None = None
    cool_off_hours_left: int = 0
    # Tries of this action by this customer.
    tries_in_ten_minutes: int = 0
    tries_in_a_day: int = 0
    # Card pages at which the issuer refused something, by this customer within a day.
    refused_cards_in_a_day: int = 0
    # Different cards that anybody tried to link from this device and network within a day.
    cards_on_device: int = 0
    # Other wallets that the card is on, or was within ninety days.
    wallets_with_card: int = 0
    # Whether nearly as much is asked as could pass, and how often that passed in the last three days.
    is_at_limit: bool = False
    at_limit_lately: int = 0
    # From the prefecture where the customer usually pays; None: not known. Whether they never paid there before.
    km_from_home: int | None = None
    is_new_place: bool = False
    # Since the payee was first paid by this customer; None: nobody is paid.
    payee_hours: int | None = None

    def as_stored(self) -> dict[str, Any]:
        """Plain values for the database."""
        return asdict(self)

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Facts:
        """Facts of a stored decision; what this version does not know any more is left out."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in stored.items() if name in known}
        return cls(**{**values, "action": Action(values["action"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The numbers of the rules, from `settings.RISK_THRESHOLDS`. Amounts are minor units."""

    new_for_hours: int
    new_device_from_minor: int
    new_network_from_minor: int
    both_new_from_minor: int
    cool_off_spend_from_minor: int
    top_ups_in_ten_minutes_step_up: int
    top_ups_in_ten_minutes_delay: int
    top_ups_in_a_day_deny: int
    spends_in_ten_minutes_step_up: int
    spends_in_ten_minutes_delay: int
    sends_in_ten_minutes_step_up: int
    sends_in_ten_minutes_delay: int
    linkings_in_a_day_delay: int
    refused_cards_in_a_day_deny: int
    cards_on_device_delay: int
    cards_on_device_deny: int
    wallets_with_card_step_up: int
    wallets_with_card_deny: int
    at_limit_from_minor: int
    at_limit_step_up: int
    at_limit_delay: int
    at_limit_deny: int
    far_from_home_km: int
    far_from_home_from_minor: int
    new_payee_delay_from_minor: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says. `wait_seconds` is how long a delay lasts; 0 for every other outcome."""

    rule: Rule
    outcome: Outcome
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What all rules say together: the gravest outcome, the longest wait, every finding."""

    outcome: Outcome
    findings: tuple[Finding, ...]

    @property
    def wait_seconds(self) -> int:
        """How long a delay lasts."""
        return max((finding.wait_seconds for finding in self.findings), default=0)


TEN_MINUTES = 600
HOUR = 3600
DAY = 24 * HOUR


def _gravest(count: int, *steps: tuple[int, Finding]) -> Iterator[Finding]:
    """The finding of the highest step that `count` has reached."""
    reached = [finding for least, finding in steps if count >= least]
    if reached:
        yield reached[-1]


def cool_off(facts: Facts, limits: Thresholds) -> Iterator[Finding]:
    """After a credential change nothing new is let in, and money moves only with a fresh factor.

    2019: addresses and passwords were changed first, the cards were emptied within the hour.
    """
    if facts.cool_off_hours_left <= 0:
        return
    wait = facts.cool_off_hours_left * HOUR
    if facts.action is Action.LINK_CARD or (facts.action is Action.SEND and facts.payee_hours == 0):
        yield Finding(Rule.COOL_OFF, Outcome.DELAY, wait)
    elif facts.action is not Action.SPEND or facts.amount_minor >= limits.cool_off_spend_from_minor:
        yield Finding(Rule.COOL_OFF, Outcome.STEP_UP)


def velocity(facts: Facts, limits: Thresholds) -> Iterator[Finding]:
    """Many in a short time: cards are tried out by many small charges, wallets emptied by many payments."""
    step_up = Finding(Rule.VELOCITY, Outcome.STEP_UP)
    delay = Finding(Rule.VELOCITY, Outcome.DELAY, TEN_MINUTES)
    soon = facts.tries_in_ten_minutes
    if facts.action is Action.TOP_UP:
        if facts.tries_in_a_day >= limits.top_ups_in_a_day_deny:
            yield Finding(Rule.VELOCITY, Outcome.DENY)
        yield from _gravest(
            soon,
            (limits.top_ups_in_ten_minutes_step_up, step_up),
            (limits.top_ups_in_ten_minutes_delay, delay),
        )
    elif facts.action is Action.SPEND:
        yield from _gravest(
            soon,
            (limits.spends_in_ten_minutes_step_up, step_up),
            (limits.spends_in_ten_minutes_delay, delay),
        )
    elif facts.action is Action.SEND:
        yield from _gravest(
            soon,
            (limits.sends_in_ten_minutes_step_up, step_up),
            (limits.sends_in_ten_minutes_delay, delay),
        )
    elif facts.tries_in_a_day >= limits.linkings_in_a_day_delay:
        yield Finding(Rule.VELOCITY, Outcome.DELAY, DAY)


def _is_new(hours: int | None, limits: Thresholds) -> bool:
    return hours is not None and hours < limits.new_for_hours


def new_device(facts: Facts, limits: Thresholds) -> Iterator[Finding]:
    """A device that the account has not known for long moves no large amount on yesterday's proof."""
    if _is_new(facts.device_hours, limits) and facts.amount_minor >= limits.new_device_from_minor:
        yield Finding(Rule.NEW_DEVICE, Outcome.STEP_UP)


def new_network(facts: Facts, limits: Thresholds) -> Iterator[Finding]:
    """The same for a network; both new together from a smaller amount on: that is how a stolen session looks."""
    both = _is_new(facts.device_hours, limits)
    least = limits.both_new_from_minor if both else limits.new_network_from_minor
    if _is_new(facts.network_hours, limits) and facts.amount_minor >= least:
        yield Finding(Rule.NEW_NETWORK, Outcome.STEP_UP)


def many_cards_one_device(facts: Facts, limits: Thresholds) -> Iterator[Finding]:
    """One device that works through a pile of cards, in one wallet or in many; or one that guesses at them."""
    if facts.action is not Action.LINK_CARD:
        return
    if facts.refused_cards_in_a_day >= limits.refused_cards_in_a_day_deny:
        yield Finding(Rule.MANY_CARDS_ONE_DEVICE, Outcome.DENY)
    yield from _gravest(
        facts.cards_on_device,
        (limits.cards_on_device_delay, Finding(Rule.MANY_CARDS_ONE_DEVICE, Outcome.DELAY, DAY)),
        (limits.cards_on_device_deny, Finding(Rule.MANY_CARDS_ONE_DEVICE, Outcome.DENY)),
    )


def one_card_many_wallets(facts: Facts, limits: Thresholds) -> Iterator[Finding]:
    """A card that wanders from wallet to wallet belongs to none of their owners (Docomo 2020)."""
    yield from _gravest(
        facts.wallets_with_card,
        (limits.wallets_with_card_step_up, Finding(Rule.ONE_CARD_MANY_WALLETS, Outcome.STEP_UP)),
        (limits.wallets_with_card_deny, Finding(Rule.ONE_CARD_MANY_WALLETS, Outcome.DENY)),
    )


def at_the_limit(facts: Facts, limits: Thresholds) -> Iterator[Finding]:
    """The largest possible amount, again and again: the pattern of July 2019, 30,000 yen at a time.

    The small limits of new cards and accounts protect by themselves, and people do use them up.
    """
    if not facts.is_at_limit or facts.amount_minor < limits.at_limit_from_minor:
        return
    yield from _gravest(
        facts.at_limit_lately + 1,
        (limits.at_limit_step_up, Finding(Rule.AT_THE_LIMIT, Outcome.STEP_UP)),
        (limits.at_limit_delay, Finding(Rule.AT_THE_LIMIT, Outcome.DELAY, DAY)),
        (limits.at_limit_deny, Finding(Rule.AT_THE_LIMIT, Outcome.DENY)),
    )


def far_from_home(facts: Facts, limits: Thresholds) -> Iterator[Finding]:
    """The first payment in a place far from where the customer lives and buys."""
    if facts.action is not Action.SPEND or facts.km_from_home is None or not facts.is_new_place:
        return
    is_far = facts.km_from_home >= limits.far_from_home_km
    if is_far and facts.amount_minor >= limits.far_from_home_from_minor:
        yield Finding(Rule.FAR_FROM_HOME, Outcome.STEP_UP)


def new_payee(facts: Facts, limits: Thresholds) -> Iterator[Finding]:
    """Money that is sent is gone: a large first send from a device that is new as well waits a day."""
    both_new = _is_new(facts.payee_hours, limits) and _is_new(facts.device_hours, limits)
    if facts.action is Action.SEND and both_new and facts.amount_minor >= limits.new_payee_delay_from_minor:
        yield Finding(Rule.NEW_PAYEE, Outcome.DELAY, DAY)


RULES: Sequence[Callable[[Facts, Thresholds], Iterator[Finding]]] = (
    cool_off,
    velocity,
    new_device,
    new_network,
    many_cards_one_device,
    one_card_many_wallets,
    at_the_limit,
    far_from_home,
    new_payee,
)


def decide(facts: Facts, limits: Thresholds) -> Decision:
    """Ask every rule. The same facts and thresholds always give the same decision."""
    findings = tuple(finding for rule in RULES for finding in rule(facts, limits))
    gravest = max((finding.outcome for finding in findings), key=_GRAVITY.__getitem__, default=Outcome.ALLOW)
    return Decision(gravest, findings)


def is_graver(outcome: Outcome, than: Outcome) -> bool:
    """Whether one outcome stops more than another."""
    return _GRAVITY[outcome] > _GRAVITY[than]
