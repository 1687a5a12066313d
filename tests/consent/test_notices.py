"""What people were told can be found again, word for word, and can never be changed."""

import hashlib
import tomllib
from datetime import UTC, datetime, timedelta

import pytest

from consent.model import ConsentError
from consent.notices import (
    Notice,
    current,
    installed_notices,
    is_own,
    languages,
    load_notices,
    nothing_told,
    notice,
    own_notice,
)
from tests.consent.test_purity import sources

ROWS = tomllib.loads((sources() / "tables" / "notices.toml").read_text("utf-8"))["notice"]
SECOND_VERSION = datetime(2026, 1, 1, tzinfo=UTC)


def test_every_notice_is_the_text_of_its_hash() -> None:
    assert len(installed_notices()) == 3
    for words in installed_notices():
        assert hashlib.sha256(words.text.encode()).hexdigest() == words.sha256
        assert words.text == words.text.strip()


def test_a_row_is_loaded_whole() -> None:
    row = {**ROWS[0], "text": "\n Agree? \n", "sha256": hashlib.sha256(b"Agree?").hexdigest()}
    first = datetime(2025, 1, 1, tzinfo=UTC)
    assert load_notices([{**row, "valid_from": "2025-01-01T00:00:00Z"}]) == (
        Notice("support-referral", "1", "en", first, "Agree?", row["sha256"]),
    )


def test_changed_words_are_refused() -> None:
    altered = {**ROWS[0], "text": ROWS[0]["text"].replace("do not have to", "must")}
    assert altered["text"] != ROWS[0]["text"]
    with pytest.raises(ConsentError, match="support-referral/1/en: words were changed"):
        load_notices([altered])


def test_the_same_version_twice_is_refused() -> None:
    with pytest.raises(ConsentError, match="stands twice"):
        load_notices([ROWS[0], ROWS[0]])


def test_a_notice_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ConsentError, match=r"support-referral/1/en: valid_from needs a time zone"):
        load_notices([{**ROWS[0], "valid_from": "2025-01-01T00:00:00"}])


def test_a_notice_from_no_time_is_refused() -> None:
    with pytest.raises(ConsentError, match=r"support-referral/1/en: valid_from must be a time"):
        load_notices([{**ROWS[0], "valid_from": "last spring"}])


def test_a_notice_is_found_by_id_version_and_language() -> None:
    first = notice("support-referral", "1", "en")
    second = notice("support-referral", "2", "en")
    welsh = notice("support-referral", "2", "cy")
    assert len({first.sha256, second.sha256, welsh.sha256}) == 3
    assert (welsh.id, welsh.version, welsh.language) == ("support-referral", "2", "cy")


@pytest.mark.parametrize(
    "key",
    [("support-referral", "1", "cy"), ("support-referral", "3", "en"), ("other", "1", "en")],
)
def test_words_that_were_never_told_are_not_found(key: tuple[str, str, str]) -> None:
    with pytest.raises(
        ConsentError, match=r"^notice: no notice has this id, version and language$"
    ):
        notice(*key)


def test_the_words_in_use_change_at_the_second_a_version_begins() -> None:
    before = SECOND_VERSION - timedelta(seconds=1)
    assert current("support-referral", "en", before).version == "1"
    assert current("support-referral", "en", SECOND_VERSION).version == "2"
    assert current("support-referral", "cy", SECOND_VERSION).version == "2"


@pytest.mark.parametrize(
    ("notice_id", "language", "at"),
    [
        ("support-referral", "cy", SECOND_VERSION - timedelta(seconds=1)),
        ("support-referral", "fr", SECOND_VERSION),
        ("other", "en", SECOND_VERSION),
    ],
)
def test_there_may_be_no_words_in_use(notice_id: str, language: str, at: datetime) -> None:
    words = r"^notice: no words in this language are in use at this time$"
    with pytest.raises(ConsentError, match=words):
        current(notice_id, language, at)


def test_the_languages_on_offer_begin_with_english() -> None:
    assert languages("support-referral", SECOND_VERSION) == ("en", "cy")
    assert languages("support-referral", SECOND_VERSION - timedelta(seconds=1)) == ("en",)
    assert languages("other", SECOND_VERSION) == ()


def test_the_current_words_say_how_to_say_no_and_whom_to_complain_to() -> None:
    words = current("support-referral", "en", SECOND_VERSION).text
    for promise in ("do not have to agree", "change your mind at any time", "its name", "copy"):
        assert promise in words
    assert "Information Commissioner" in words


def test_the_versions_of_an_agency_s_own_words_are_counted_from_one() -> None:
    own = ["own-1", "own-10", "own-999999"]
    others = [
        *("1", "own", "own-", "own1", "Own-1", "their-1", "-1", "own-1-2", "own-own-1"),
        *("own-0", "own-01", "own-x", "own--1", "own-1 ", "own-1000000"),
        *("own-\N{SUPERSCRIPT TWO}", "own-\N{ARABIC-INDIC DIGIT ONE}"),
    ]
    assert [version for version in own + others if is_own(version)] == own


def test_own_words_and_no_words_are_notices_like_any_other() -> None:
    names = ("support-referral", "own-1", "cy")
    # The hashes are those of `sha256sum`.
    assert own_notice(names, "Siôn", since=SECOND_VERSION) == Notice(
        *names,
        SECOND_VERSION,
        "Siôn",
        "5aa968563a0934deff0bf9253076d42925d9c007d9081ea409dc158ff32c69a3",
    )
    assert nothing_told(SECOND_VERSION) == Notice(
        "none",
        "0",
        "en",
        SECOND_VERSION,
        "",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    )
