"""Figures an operator watches about signing in: tries from devices nobody knows, and whether it is a wave."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from accounts import stuffing
from accounts.models import StuffingWave
from wallet_site.errors import Unavailable


class SignInCollector(Collector):
    """Asks Redis and the database at every scrape: right for any number of processes."""

    def describe(self) -> list[Metric]:
        """Named without asking: registering must not touch a server."""
        return [_tries_family(), _wave_family()]

    def collect(self) -> Iterator[Metric]:
        """Four figures of ten minutes, left out while Redis is away, and 1 while a wave is under way."""
        tries, wave = _tries_family(), _wave_family()
        try:
            found = stuffing.figures()
        except Unavailable:
            found = None
        if found is not None:
            for name in ("tries", "right", "accounts", "networks"):
                tries.add_metric([name], float(getattr(found, name)))
            yield tries
        wave.add_metric([], float(StuffingWave.objects.filter(is_over=False).exists()))
        yield wave


def _tries_family() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "kakehashi_password_tries",
        "Tries at a password from unknown devices within ten minutes: all, right ones, different accounts, networks",
        labels=["what"],
    )


def _wave_family() -> GaugeMetricFamily:
    return GaugeMetricFamily("kakehashi_stuffing_wave", "1 while a wave of guessed passwords is under way")
