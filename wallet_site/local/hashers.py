"""Password hashing for the tests' mode, which alone may be quick."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2PasswordHasher(Argon2PasswordHasher):
    """The same algorithm at a hundredth of its price: the suite proves thousands of passwords on two cores."""

    time_cost = 1
    memory_cost = 1024
    parallelism = 1
