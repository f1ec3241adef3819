"""Which switches are pulled, and how often somebody met one."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

REFUSED = Counter("kakehashi_switch_refusals", "Requests that met a pulled switch", ["switch"])


class SwitchCollector(Collector):
    """Asks the database at every scrape: right for any number of processes."""

    def describe(self) -> list[Metric]:
        """Named without asking: registering must not touch the database."""
        return [_family()]

    def collect(self) -> Iterator[Metric]:
        """One gauge by switch: 1 while it is pulled."""
        family = _family()
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, is_pulled::int FROM switches_switch")
            for name, pulled in cursor.fetchall():
                family.add_metric([name], float(pulled))
        yield family


def _family() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "kakehashi_switch_pulled", "1 while the capability is stopped for everybody", labels=["switch"]
    )
