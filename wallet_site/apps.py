"""The ground floor as a Django app: its checks, its template tags, and Celery's app bound for `shared_task`."""

from __future__ import annotations

from django.apps import AppConfig


class GroundFloorConfig(AppConfig):
    """Loads Celery's app, so that every process that queues a task knows the broker."""

    name = "wallet_site"
    label = "wallet_site"

    def ready(self) -> None:
        from wallet_site import celery, checks  # noqa: F401  (bound and registered by being imported)
