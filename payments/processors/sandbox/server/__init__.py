"""A pretend card processor: a process of its own, Stripe-shaped, with a hosted card page and a pretend bank.

Run it with `python -m payments.processors.sandbox.server`. It shares no code, no database and no settings with the
portal: the two know each other by HTTP alone, as they would with a real processor. It imports the standard library
only, and is no place for real card numbers.
"""
