"""Judging past movements by changed rules: what would have been stopped that went on, and the other way round."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings

from payments import risk
from payments.models import RiskDecision
from payments.risk import Outcome


class BadRules(Exception):
    """The changed rules or thresholds cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One stored decision and what the changed rules say to its facts."""

    decision: RiskDecision
    now: Outcome
    rules: tuple[str, ...]

    @property
    def was(self) -> Outcome:
        """What was decided then."""
        return Outcome(self.decision.outcome)

    @property
    def is_stopped(self) -> bool:
        """It went on, and would now be stopped or asked for more."""
        return self.decision.went_on and risk.is_graver(self.now, self.was)

    @property
    def is_let_go(self) -> bool:
        """It was stopped, and would now be stopped less."""
        return not self.decision.went_on and risk.is_graver(self.was, self.now)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a module, with thresholds: the settings' own, some of them replaced."""

    module: ModuleType
    thresholds: Any

    @classmethod
    def changed(cls, *, file: Path | None = None, replaced: Mapping[str, int] | None = None) -> Rules:
        """The portal's rules, or those of `file` (a changed copy of payments/risk.py). Raises BadRules."""
        module = _loaded(file) if file else risk
        known = {field.name for field in fields(module.Thresholds)}
        unknown = sorted(set(replaced or {}) - known)
        if unknown:
            raise BadRules(
                f"no threshold is named {', '.join(unknown)}; there are: {', '.join(sorted(known))}"
            )
        values = {**settings.RISK_THRESHOLDS, **(replaced or {})}
        missing = sorted(known - values.keys())
        if missing:
            raise BadRules(f"the rules need a value for {', '.join(missing)}")
        return cls(module, module.Thresholds(**{name: values[name] for name in known}))

    def judge(self, facts: Mapping[str, Any]) -> tuple[Outcome, tuple[str, ...]]:
        """The outcome for stored facts, and the rules that found something."""
        decision = self.module.decide(self.module.Facts.from_stored(facts), self.thresholds)
        return Outcome(decision.outcome.value), tuple(finding.rule.value for finding in decision.findings)


def _loaded(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("replayed_rules", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise BadRules(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by its name.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (SyntaxError, NameError, ImportError, AttributeError, TypeError, ValueError) as error:
        raise BadRules(f"{file}: {type(error).__name__}: {error}") from error
    if not all(hasattr(module, name) for name in ("decide", "Facts", "Thresholds")):
        raise BadRules(f"{file} needs decide, Facts and Thresholds, as payments/risk.py has them")
    return module


def replay(rules: Rules, *, since: datetime, action: str = "") -> Iterator[Replayed]:
    """Every decision from `since` on, oldest first, judged anew. Reads in portions; writes nothing."""
    rows = RiskDecision.objects.filter(made_at__gte=since).select_related("user").order_by("made_at", "pk")
    if action:
        rows = rows.filter(action=action)
    for row in rows.iterator(chunk_size=1000):
        outcome, found = rules.judge(row.facts)
        yield Replayed(row, outcome, found)
