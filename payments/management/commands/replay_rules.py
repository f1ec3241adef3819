"""`manage.py replay_rules`: which past movements changed rules of risk would have stopped. Writes nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from payments.days import TOKYO
from payments.risk import Action
from payments.risk_replay import BadRules, Replayed, Rules, replay

COLUMNS = ("when", "customer", "action", "amount", "then", "now", "rules", "subject")


class Command(BaseCommand):
    """Lists each movement that went on and would now be stopped or asked for more, then counts and sums."""

    help = (
        "Judge stored decisions by changed rules: --set at_limit_delay=2, or --rules changed_copy_of_risk.py"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=30, help="how far back (30)")
        parser.add_argument("--action", choices=[action.value for action in Action], default="")
        parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help="a threshold")
        parser.add_argument("--rules", type=Path, help="a changed copy of payments/risk.py")
        parser.add_argument("--csv", action="store_true", help="rows only, as CSV")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            rules = Rules.changed(file=options["rules"], replaced=dict(map(_threshold, options["set"])))
        except BadRules as error:
            raise CommandError(str(error)) from error
        since = timezone.now() - timedelta(days=options["days"])
        judged = replay(rules, since=since, action=options["action"])
        if options["csv"]:
            writer = csv.writer(self.stdout, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(_cells(one) for one in judged if one.is_stopped)
        else:
            self._print_table(judged)

    def _print_table(self, judged: Iterator[Replayed]) -> None:
        seen = stopped = yen = let_go = 0
        for one in judged:
            seen += 1
            let_go += one.is_let_go
            if one.is_stopped:
                stopped += 1
                yen += one.decision.amount
                self.stdout.write("  ".join(_cells(one)))
        self.stdout.write(
            f"{seen} decisions replayed: {stopped} that went on would be stopped or asked for more ({yen:,} yen), "
            f"{let_go} that were stopped would be stopped less."
        )


def _threshold(text: str) -> tuple[str, int]:
    name, equals, number = text.partition("=")
    if not equals or not number.strip().isdecimal():
        raise BadRules(f"{text!r} is not NAME=NUMBER")
    return name.strip(), int(number)


def _cells(one: Replayed) -> tuple[str, ...]:
    decision = one.decision
    return (
        decision.made_at.astimezone(TOKYO).isoformat(timespec="seconds"),
        decision.user.customer_number or "",
        decision.action,
        str(decision.amount),
        one.was.value,
        one.now.value,
        " ".join(one.rules),
        f"{decision.subject_type}:{decision.subject_id}".strip(":"),
    )
