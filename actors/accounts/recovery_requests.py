"""What somebody sends who forgot a password. Neither text form shows an address or a password."""

import msgspec

from actors.accounts.fields import email_of, faults_of, password_of
from actors.accounts.requests import Email, Password
from actors.protocol.errors import FieldError


class ResetRequest(msgspec.Struct, frozen=True):
    email: Email

    def faults(self) -> list[FieldError]:
        return faults_of(("email", email_of, self.email))

    def __repr__(self) -> str:
        return "ResetRequest(...)"


class PasswordReset(msgspec.Struct, frozen=True):
    new_password: Password

    def faults(self) -> list[FieldError]:
        return faults_of(("new_password", password_of, self.new_password))

    def __repr__(self) -> str:
        return "PasswordReset(...)"
