"""Every kind of approval is registered by importing the module of its action; `support.apps` imports this one."""

from __future__ import annotations

from support.actions import access, claims, disputes, recoveries, settlement_files, suspensions, switches

__all__ = ["access", "claims", "disputes", "recoveries", "settlement_files", "suspensions", "switches"]
