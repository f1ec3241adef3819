"""Who somebody is, what they prove it with, and what was changed."""

from accounts.models.api_devices import AccessToken, ApiDevice, RefreshToken
from accounts.models.changes import ChangeUndo, CredentialChange, FormerAddress
from accounts.models.contacts import ContactChange, ContactKind, NoticeAddress
from accounts.models.factors import FactorGuesses, RecoveryCode, RecoveryCodeSet, TotpDevice
from accounts.models.locks import LockRequest
from accounts.models.notice_preferences import NoticePreference
from accounts.models.passkeys import Passkey
from accounts.models.push_tokens import PushToken
from accounts.models.recoveries import Recovery, RecoveryAsk, RecoveryState, RecoveryStep, RecoveryStop
from accounts.models.reports import AccountReport
from accounts.models.resets import PasswordReset
from accounts.models.sign_ins import SignIn, SignInAttempt
from accounts.models.sign_ups import SignUp
from accounts.models.step_ups import StepUpChallenge
from accounts.models.suspensions import Suspension
from accounts.models.users import User
from accounts.models.waves import StuffingWave

__all__ = [
    "AccessToken",
    "AccountReport",
    "ApiDevice",
    "ChangeUndo",
    "ContactChange",
    "ContactKind",
    "CredentialChange",
    "FactorGuesses",
    "FormerAddress",
    "LockRequest",
    "NoticeAddress",
    "NoticePreference",
    "Passkey",
    "PasswordReset",
    "PushToken",
    "Recovery",
    "RecoveryAsk",
    "RecoveryCode",
    "RecoveryCodeSet",
    "RecoveryState",
    "RecoveryStep",
    "RecoveryStop",
    "RefreshToken",
    "SignIn",
    "SignInAttempt",
    "SignUp",
    "StepUpChallenge",
    "StuffingWave",
    "Suspension",
    "TotpDevice",
    "User",
]
