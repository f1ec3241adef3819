"""Append-only, hash-chained audit. `from wallet_site.audit.recording import record`."""
