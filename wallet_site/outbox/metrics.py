"""Figures an operator watches: what is owed, how long already, what was given up."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_OWED = """
SELECT p.priority,
       (SELECT count(*) FROM outbox_event e WHERE e.priority = p.priority AND e.expanded_at IS NULL)
       + (SELECT count(*) FROM outbox_delivery d WHERE d.priority = p.priority AND d.state = 'queued'),
       coalesce(extract(epoch FROM clock_timestamp() - least(
           (SELECT min(e.created_at) FROM outbox_event e WHERE e.priority = p.priority AND e.expanded_at IS NULL),
           (SELECT min(e.created_at) FROM outbox_delivery d JOIN outbox_event e ON e.id = d.event_id
            WHERE d.priority = p.priority AND d.state = 'queued'))), 0)
FROM unnest(ARRAY['security', 'ordinary', 'bulk', 'webhook']) AS p (priority)
"""


class OutboxCollector(Collector):
    """Asks the database at every scrape: right for any number of workers and processes."""

    def describe(self) -> list[Metric]:
        """Named without asking: registering must not touch the database."""
        return [_owed_family(), _age_family()]

    def collect(self) -> Iterator[Metric]:
        """Two gauges by priority."""
        owed, age = _owed_family(), _age_family()
        with connection.cursor() as cursor:
            cursor.execute(_OWED)
            for priority, count, seconds in cursor.fetchall():
                owed.add_metric([priority], float(count))
                age.add_metric([priority], float(seconds))
        yield owed
        yield age


def _owed_family() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "kakehashi_notices_owed", "Notices not yet with the mail server", labels=["priority"]
    )


def _age_family() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "kakehashi_notices_oldest_seconds", "Age of the oldest notice still owed", labels=["priority"]
    )
