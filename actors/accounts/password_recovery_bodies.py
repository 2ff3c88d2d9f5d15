"""Request bodies of the password reset. Their `repr` shows neither address nor password."""

import msgspec

from actors.accounts.bodies import Email, Password
from actors.accounts.fields import collect_field_errors, validate_email_address, validate_password
from actors.protocol.errors import FieldError


class ResetRequest(msgspec.Struct, frozen=True):
    email: Email

    def field_errors(self) -> list[FieldError]:
        return collect_field_errors(("email", validate_email_address, self.email))

    def __repr__(self) -> str:
        return "ResetRequest(...)"


class PasswordReset(msgspec.Struct, frozen=True):
    new_password: Password

    def field_errors(self) -> list[FieldError]:
        return collect_field_errors(("new_password", validate_password, self.new_password))

    def __repr__(self) -> str:
        return "PasswordReset(...)"
