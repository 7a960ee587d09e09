"""charter check: every broken rule is named, and the absences that each tier tolerates are told."""

from __future__ import annotations

import pytest

from governance.charter.check import check_charter
from governance.charter.document import parse_charter
from governance.charter.errors import UnsoundCharter
from governance.charter.templates import TEMPLATES, read_template

STANDARD = read_template("standard")


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('affiliation = "Aurora Holding"', 'affiliation = "Borealis AI"', "R-Seats-02"),
        ('name = "Oceania Union"\nchamber = "public"', 'name = "Oceania Union"\nchamber = "builders"', None),
        ('jurisdiction = "CA"', 'jurisdiction = "US"', None),
        (
            'chambers = ["builders", "oversight", "public"]',
            'chambers = ["builders", "oversight", "public", "x", "y"]',
            "R-Seats-14",
        ),
        ('brake_term = "45d"', 'brake_term = "24d"', "R-Council-15"),
        ('seats = ">= 3/4"', 'seats = "> 4/5"', "R-Council-15"),
        ('seats = ">= 2/3"', 'seats = ">= 1/2"', "R-Council-15"),
        ('grace = "14d"', 'grace = "40d"', "R-Council-14"),
        ("pull_seats = 3", "pull_seats = 1", "R-Council-14"),
    ],
)
def test_check_names_the_rule_that_one_change_breaks(old: str, new: str, rule: str | None) -> None:
    assert old in STANDARD
    report = check_charter(parse_charter(STANDARD.replace(old, new, 1)))
    if rule is None:
        assert report.is_sound
        return
    assert rule in {refusal.rule for refusal in report.refusals}
    with pytest.raises(UnsoundCharter) as caught:
        report.verify()
    assert caught.value.exit_code == 1
    assert any(rule in refusal for refusal in caught.value.details["refusals"])  # type: ignore[attr-defined]


def test_check_names_a_jurisdiction_with_more_than_half_of_a_chamber() -> None:
    text = STANDARD
    for jurisdiction in ("CA", "GB"):
        text = text.replace(f'jurisdiction = "{jurisdiction}"', 'jurisdiction = "US"', 1)
    report = check_charter(parse_charter(text))
    assert [refusal.rule for refusal in report.refusals] == ["R-Seats-05"]
    assert report.tiers == ()


def test_check_names_several_broken_rules_at_once() -> None:
    text = STANDARD.replace('brake_term = "45d"', 'brake_term = "24d"').replace("pull_seats = 3", "pull_seats = 1")
    rules = {refusal.rule for refusal in check_charter(parse_charter(text)).refusals}
    assert rules == {"R-Council-14", "R-Council-15"}


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_are_sound_and_tolerate_three_absences_at_tier_4(template: str) -> None:
    report = check_charter(parse_charter(read_template(template)))
    report.verify()
    assert report.chamber_sizes == {"builders": 5, "oversight": 5, "public": 5}
    tolerated = [(tier.absences.whichever, tier.absences.at_best) for tier in report.tiers if tier.absences]
    assert tolerated == [(7, 7), (2, 5), (1, 3), (1, 3)]
    assert len(report.keyless) == 15
    assert report.charter_hash is None
