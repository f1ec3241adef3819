"""Papers for customers: statements and receipts, as PDF and CSV."""
