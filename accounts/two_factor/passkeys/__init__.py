"""Passkeys (WebAuthn Level 3): `ceremonies` asks an authenticator and judges its answer, `relying_party` says who asks.

Of django-otp-webauthn come the model and the options; its views are not used. What they get wrong for a wallet (see the
tests): user verification is only preferred when a passkey is made and discouraged when a second factor is asked, a
challenge lies in the session where parallel requests find it many times, a credential is read without a lock, and the
user handle that an authenticator sends is not compared. Everything that is used of the package is in here.
"""
