"""charter.toml: what it can say, and how each wrong line is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.charter.document import parse_charter, read_charter
from governance.charter.durations import format_duration, parse_duration
from governance.charter.errors import BadCharter, CharterIncomplete
from governance.charter.genesis import compute_bounds, compute_charter_hash, compute_parameters
from governance.charter.templates import TEMPLATES, read_template
from governance.errors import InvalidInput
from governance.types import TierRule

STANDARD = read_template("standard")


@pytest.mark.parametrize("text", ["", "7", "d", "7 d", "-1s", "1.5h", "1D", "7d!", "99999999999s"])
def test_parse_duration_raises_when_it_is_no_length_of_time(text: str) -> None:
    with pytest.raises(InvalidInput, match="no length of time"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("20s", 20), ("90m", 5_400), ("1d12h", 129_600), ("2w", 1_209_600), ("1y", 31_536_000)],
)
def test_parse_duration_gives_seconds(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (59, "59s"), (90, "1m30s"), (86_400, "1d"), (90_061, "1d1h")])
def test_format_duration_names_the_two_largest_units(seconds: int, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('schema = "custodes.charter/1"', 'schema = "custodes.charter/2"', "schema"),
        ('chambers = "a yes in 2"', 'chambers = "two yes"', "tiers.1"),
        ('seats = ">= 3/4"', 'seats = "75 %"', "tiers.3"),
        ('period = "3d"', 'period = "three days"', "tiers.1.period"),
        ('grace = "14d"', 'grace = "14d"\nmercy = "1d"', "parameters.mercy"),
        ("pull_seats = 3", 'pull_seats = "3"', "parameters.pull_seats"),
        ("[tiers.4]", "[tiers.5]", "tiers.5"),
        ('chamber = "public"', 'chamber = "publik"', "no chamber"),
        ('jurisdiction = "KE"', 'jurisdiction = "Kenya"', "two capital letters"),
        ('name = "Borealis AI"', 'name = "Aurora-Labs"', "aurora-labs"),
        ('name = "Borealis AI"', 'name = "Borealis AI"\nvoting_key = "0x12"', "20 bytes"),
        ('framework = "duty"', 'framework = "duty and love"', "printable ASCII"),
    ],
)
def test_parse_charter_raises_and_names_the_place(old: str, new: str, named: str) -> None:
    assert old in STANDARD
    with pytest.raises(BadCharter, match=named):
        parse_charter(STANDARD.replace(old, new, 1))


def test_read_charter_raises_when_the_file_is_missing_or_no_toml(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("name = ")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    for name in ("broken.toml", "binary.toml", "absent.toml"):
        with pytest.raises(BadCharter, match=name):
            read_charter(tmp_path / name)


def test_read_template_raises_when_there_is_none_of_that_name() -> None:
    with pytest.raises(BadCharter, match="standard and devnet"):
        read_template("../standard")


def test_charter_hash_raises_while_keys_are_missing() -> None:
    with pytest.raises(CharterIncomplete, match="Aurora Labs"):
        compute_charter_hash(parse_charter(STANDARD))


def test_charter_words_become_the_numbers_of_the_design() -> None:
    parameters = compute_parameters(parse_charter(STANDARD))
    day = 86_400
    assert parameters.tiers == (
        TierRule(0, 1, True, 2, 1, 2, True, 3 * day, 0),  # type: ignore[arg-type]
        TierRule(1, 2, True, 0, 2, 3, False, 7 * day, 7 * day),  # type: ignore[arg-type]
        TierRule(2, 3, False, 0, 3, 4, False, 10 * day, 14 * day),  # type: ignore[arg-type]
        TierRule(2, 3, False, 0, 4, 5, False, 14 * day, 30 * day),  # type: ignore[arg-type]
    )
    assert (parameters.pull_seats, parameters.brake_term, parameters.document_bytes) == (3, 45 * day, 16_384)


@pytest.mark.parametrize("template", TEMPLATES)
def test_bounds_hold_the_numbers_of_the_beginning(template: str) -> None:
    charter = parse_charter(read_template(template))
    bounds, parameters = compute_bounds(charter.bounds), compute_parameters(charter)
    assert bounds.min.grace <= parameters.grace <= bounds.max.grace
    assert bounds.min.tiers[2].timelock <= parameters.tiers[2].timelock <= bounds.max.tiers[2].timelock
    assert (bounds.max.tiers[0].chamber_num, bounds.max.tiers[0].chamber_den) == (100, 100)
