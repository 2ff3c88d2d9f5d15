"""Which passwords are refused, wherever one is set."""

import pytest

from actors.accounts import password_rules
from actors.accounts.bodies import Registration
from actors.accounts.fields import InvalidField, validate_password
from actors.accounts.password_rules import COMMON_PASSWORDS, profile_errors
from config.limits import EMAIL_CHARACTERS


@pytest.mark.parametrize(
    "password", ["password1", "PassWord1", "12345678", "ｐａｓｓｗｏｒｄ１", "iloveyou1", "qwertyuiop"]
)
def test_common_passwords_are_refused(password: str) -> None:
    """Without case, and in full width too."""
    with pytest.raises(InvalidField) as refused:
        validate_password(password)
    assert refused.value.code == "too_common"


@pytest.mark.parametrize("password", ["a good password", "correct horse", "convene-demo", "\U0001f511" * 8])
def test_other_passwords_are_allowed(password: str) -> None:
    assert validate_password(password) == password


def test_list_holds_the_commonest() -> None:
    """Of the 10,000 commonest, all that are long enough to be a password here."""
    assert len(COMMON_PASSWORDS) > 10_000
    assert {"password", "12345678", "football", "trustno1", "qwerty123"} <= COMMON_PASSWORDS


@pytest.mark.parametrize(
    "password",
    [
        "anastasia",
        "AnaStasia",
        "Ana of Town",
        "ana of town ",
        "ana.town@example.test",
        "ANA.TOWN",
        "ａｎａｓｔａｓｉａ",
    ],
)
def test_passwords_that_repeat_the_profile_are_refused(password: str) -> None:
    """Username, display name, e-mail address and the part before its `@`, in any case."""
    (error,) = profile_errors(
        "password", password, email="Ana.Town@Example.test", names=("anastasia", "Ana of Town")
    )
    assert (error.field, error.code) == ("password", "matches_profile")


def test_absent_names_match_nothing() -> None:
    assert profile_errors("password", "some password", email=None, names=(None, "")) == []


def test_long_texts_are_not_normalized(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are invalid anyway, and the time grows with the square of the number of combining marks."""
    lengths: list[int] = []
    fold = password_rules._fold

    def fold_measured(text: str) -> str:
        lengths.append(len(text))
        return fold(text)

    monkeypatch.setattr(password_rules, "_fold", fold_measured)
    marks = "a" + "\u0301\u0316" * 5000
    for hostile in ("password", "username", "display_name", "email"):
        texts = {"password": "correct horse", "username": "ana", "display_name": "Ana", "email": "a@b.test"}
        registration = Registration(**texts | {hostile: marks})
        assert [error.field for error in registration.field_errors()] == [hostile]
    assert max(lengths) <= EMAIL_CHARACTERS
