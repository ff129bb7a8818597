"""What is asked of somebody at the door, and of whoever keeps their own account."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from app.accounts.rules import LONGEST, RECOMMENDED, SHORTEST
from app.shared.language import _, later
from app.web.forms import AtMost, address, called


class CodeField(StringField):  # type: ignore[misc]
    """A code of an app or of recovery; it is good once, so it is never shown again."""

    def _value(self) -> str:
        return ""


class NewPasswordField(PasswordField):  # type: ignore[misc]
    """A password to be; its description says how long a good one is."""

    def __init__(self, *given: Any, **words: Any) -> None:
        super().__init__(*given, **words)
        self.description = _(
            "At least {shortest} characters; {recommended} or more are better. A sentence will do.",
            shortest=SHORTEST,
            recommended=RECOMMENDED,
        )


# Argon2 reads all of it: without a limit one request could keep a processor busy.
LIMIT = AtMost(LONGEST)


def _secret(label: str, missing: str) -> PasswordField:
    return PasswordField(label, [InputRequired(missing), LIMIT])


def _new_password(label: str) -> NewPasswordField:
    return NewPasswordField(label, [InputRequired(later("Choose a password.")), LIMIT])


def _code(label: str) -> CodeField:
    # A recovery code has 23 characters with its dashes; some write spaces around them.
    limit = Length(max=40, message=later("No code is that long."))
    return CodeField(label, [DataRequired(later("Enter the code.")), limit])


class SignIn(FlaskForm):  # type: ignore[misc]
    """An address and a password; whether they fit is the account's word, not the form's."""

    email = EmailField(
        later("E-mail"),
        [
            InputRequired(later("Enter the e-mail of your account.")),
            Length(max=320, message=later("No e-mail is that long.")),
        ],
    )
    password = _secret(later("Password"), later("Enter your password."))
    next = HiddenField()


class Code(FlaskForm):  # type: ignore[misc]
    """The second factor."""

    code = _code(later("Code"))
    next = HiddenField()


class Confirm(FlaskForm):  # type: ignore[misc]
    """The password again, and a code from whoever has an app for them."""

    password = _secret(later("Password"), later("Enter your password."))
    code = _code(later("Code"))
    next = HiddenField()


class AskReset(FlaskForm):  # type: ignore[misc]
    """Where a link for a new password goes."""

    email = address(later("E-mail"), later("Enter the e-mail of your account."))


class NewPassword(FlaskForm):  # type: ignore[misc]
    """A password in place of one that was forgotten."""

    password = _new_password(later("New password"))


class Accept(FlaskForm):  # type: ignore[misc]
    """Who accepts an invitation."""

    name = called(
        later("Your name"),
        later("Enter your name."),
        description=later("As others will see it."),
    )
    password = _new_password(later("Choose a password"))


class Follow(FlaskForm):  # type: ignore[misc]
    """Nothing but the wish to follow a link: looking at it changes nothing."""


class Name(FlaskForm):  # type: ignore[misc]
    """How somebody is called."""

    name = called(later("Name"), later("Enter your name."))


class Email(FlaskForm):  # type: ignore[misc]
    """Another address to sign in with."""

    email = address(later("New e-mail"), later("Enter your new e-mail."))


class ChangePassword(FlaskForm):  # type: ignore[misc]
    """The password that is, and the one to be."""

    current = _secret(later("Current password"), later("Enter your current password."))
    password = _new_password(later("New password"))
    end_others = BooleanField(later("Sign me out everywhere else"), default=True)


class Enrol(FlaskForm):  # type: ignore[misc]
    """The first code of a new app: it shows that app and clock agree."""

    code = _code(later("Code from the app"))


class Passkey(FlaskForm):  # type: ignore[misc]
    """What a passkey is called in the list of them."""

    name = called(later("Name"), later("Give the passkey a name."), longest=60)
