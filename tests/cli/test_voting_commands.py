"""The voting path by the command line alone: refusals first, then a constraint from draft to ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_system import CliSystem, cli_system

pytestmark = pytest.mark.chain


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CliSystem]:
    with cli_system(tmp_path) as system:
        yield system


@pytest.fixture
def proposed(cli: CliSystem) -> CliSystem:
    """Proposal 1, by seat 5, adds a constraint."""
    document = cli.act("constraint", "new", "no-bioweapons", "--title", "No bioweapons", "--text", "Refuse them.")
    assert document["file"] == "no-bioweapons.json"
    made = cli.act("constraint", "propose", "no-bioweapons.json", "--limit", "max_output_tokens=512", by=5)
    assert (made["proposal"], made["tier"], made["kind"]) == (1, 1, "add_constraint")
    return cli


def test_vote_is_refused_when_the_key_holds_no_seat(proposed: CliSystem) -> None:
    proposed.save_key("stranger")
    result = proposed.run("vote", "1", "for", "--yes", "--key", "stranger")
    assert result.code == 4
    assert result.out == ""
    assert result.err.startswith("custodes: error: the caller, or the ballot's voter, holds no live seat (account 0x")
    assert "[R-Council-01]\ncustodes: hint: custodes seat list" in result.err


def test_vote_sends_nothing_unless_a_person_agrees_or_yes_is_given(proposed: CliSystem) -> None:
    result = proposed.run("vote", "1", "for", "--key", proposed.key_of(0))
    assert result.code == 2
    assert "for proposal 1: add the constraint no-bioweapons" in result.err
    assert "digest     0x" in result.err
    dry = proposed.run("vote", "1", "for", "--dry-run", "--key", proposed.key_of(0))
    assert dry.code == 0
    assert "nothing was sent" in dry.err
    assert proposed.run("proposal", "show", "1", "--json").json["ballots"] == []


def test_vote_fails_with_a_wrong_password_and_without_naming_it(proposed: CliSystem) -> None:
    (proposed.directory / "password").write_text("hunter2\n")
    result = proposed.run("vote", "1", "for", "--yes", "--key", proposed.key_of(0))
    assert result.code == 2
    assert "does not open" in result.err
    assert "hunter2" not in result.err


def test_vote_fails_before_signing_when_the_deployment_is_another(proposed: CliSystem) -> None:
    path = proposed.directory / "deployment.json"
    content = json.loads(path.read_text())
    content["contracts"]["Brake"]["codeHash"] = "0x" + "11" * 32
    path.write_text(json.dumps(content))
    result = proposed.run("vote", "1", "for", "--yes", "--key", proposed.key_of(0))
    assert result.code == 1
    assert "do not sign" in result.err


@pytest.mark.parametrize("number", ["2", "0x1234abcd", "no-such"])
def test_vote_fails_when_no_proposal_is_called_so(proposed: CliSystem, number: str) -> None:
    assert proposed.run("vote", number, "for", "--yes", "--key", proposed.key_of(0)).code == 2


def test_execute_is_refused_before_it_passed_and_explain_says_what_is_missing(proposed: CliSystem) -> None:
    result = proposed.run("proposal", "execute", "1", "--yes", "--json", "--key", proposed.key_of(0))
    assert result.code == 4
    assert result.json["rule"] == "R-Council-05"
    assert result.json["details"]["arguments"]["actual"] == "active"
    told = proposed.run("explain", "1")
    assert "builders needs 1 more, oversight needs 1 more, public needs 1 more [R-Council-22]" in told.out
    assert "0 of 15 seats say yes, and 8 are needed" in told.out


def test_proposal_is_cancelled_by_its_proposer_and_by_nobody_else(proposed: CliSystem) -> None:
    other = proposed.run("proposal", "cancel", "1", "--yes", "--json", "--key", proposed.key_of(0))
    assert (other.code, other.json["rule"]) == (4, "R-Council-13")
    proposed.act("proposal", "cancel", "1", by=5)
    assert proposed.run("proposal", "list", "--state", "canceled", "--json").json["proposals"][0]["number"] == 1
    assert "withdrew it" in proposed.run("explain", "1").out


def test_signed_ballot_is_carried_by_another_and_refused_when_changed_or_stale(proposed: CliSystem) -> None:
    voter = proposed.key_of(6)
    signed = proposed.run("vote", "1", "for", "--sign-only", "--out", "ballot.json", "--yes", "--key", voter)
    assert signed.code == 0
    assert "next: custodes ballots submit ballot.json" in signed.err

    path = proposed.directory / "ballot.json"
    good = path.read_text()
    forged = json.loads(good) | {"support": "against"}
    path.write_text(json.dumps(forged))
    result = proposed.run("ballots", "submit", "ballot.json", "--yes", "--json", "--key", proposed.key_of(0))
    assert (result.code, result.json["error"]) == (1, "BallotMismatch")

    path.write_text(good)
    sent = proposed.act("ballots", "submit", "ballot.json")
    assert [(b["organisation"], b["support"]) for b in sent["ballots"]] == [("Gauge Safety", "for")]
    again = proposed.run("ballots", "submit", "ballot.json", "--yes", "--json", "--key", proposed.key_of(0))
    assert (again.code, again.json["details"]["error"]) == (4, "StaleBallot")


def test_ballot_is_signed_without_a_node_when_id_round_and_count_are_given(proposed: CliSystem) -> None:
    proposal = proposed.run("proposal", "show", "1", "--json").json["id"]
    online = proposed.run("vote", "1", "for", "--sign-only", "--yes", "--json", "--key", proposed.key_of(7)).json
    offline = ("--round", "1", "--count", "0", "--rpc", "http://127.0.0.1:9")
    command = ("vote", proposal, "for", "--sign-only", "--yes", "--json", "--key", proposed.key_of(7))
    assert proposed.run(*command, *offline).json == online
    for wrong in (("--round", "1"), ("--count", "0")):
        assert proposed.run(*command, *wrong).code == 2
    short = proposed.run("vote", "1", "for", "--sign-only", "--yes", *offline, "--key", proposed.key_of(7))
    assert short.code == 2


def test_constraint_goes_from_draft_to_ledger_and_its_limit_is_tightened_then_loosened(proposed: CliSystem) -> None:
    cli = proposed
    voted = cli.act("vote", "1", "for", "--reason", "good", by=0)
    assert (voted["organisation"], voted["yes"], voted["passing"]) == ("Aurora Labs", 1, False)
    done = cli.enact(1)
    assert "LedgerAdvanced" in done["events"]
    shown = cli.run("constraint", "show", "no-bioweapons", "--json").json
    assert shown["limits"] == {"max_output_tokens": {"direction": "max", "value": 512}}

    wrong = ("constraint", "tighten", "no-bioweapons", "max_output_tokens=1024")
    loose = cli.run(*wrong, "--yes", "--json", "--key", cli.key_of(0))
    assert (loose.code, loose.json["rule"]) == (4, "R-Constraints-04")
    assert cli.act("constraint", "tighten", "no-bioweapons", "max_output_tokens=256")["tier"] == 1
    cli.enact(2)
    assert cli.act("constraint", "loosen", "no-bioweapons", "max_output_tokens=300")["tier"] == 3
    cli.enact(3)
    assert cli.run("constraint", "show", "--json").json["constraints"][0]["limits"]["max_output_tokens"]["value"] == 300
    log = cli.run("constraint", "log", "--json").json
    assert [entry["kind"] for entry in log["entries"]] == ["add_constraint", "tighten_parameter", "loosen_parameter"]
    assert log["head"] == cli.run("constraint", "show", "--json").json["head"]
    assert "loosen max_output_tokens of no-bioweapons to 300" in cli.run("proposal", "list").out
    assert cli.act("constraint", "retire", "no-bioweapons")["tier"] == 3


def test_amendment_escalates_on_one_objection(proposed: CliSystem) -> None:
    cli = proposed
    cli.enact(1)
    cli.act("constraint", "new", "no-bioweapons", "--title", "No bio", "--text", "Refuse most.", "--out", "new.json")
    assert cli.act("constraint", "amend", "no-bioweapons", "new.json")["tier"] == 1
    cli.act("proposal", "object", "2", "it drops two agents", by=7)
    shown = cli.run("proposal", "show", "2", "--json").json
    assert (shown["tier"], shown["round"], shown["yes"]) == (3, 2, 0)
    again = cli.run("proposal", "object", "2", "again", "--yes", "--json", "--key", cli.key_of(8))
    assert (again.code, again.json["rule"]) == (4, "R-Council-11")


def test_inbox_names_deadline_ballot_and_what_silence_means(proposed: CliSystem) -> None:
    key = proposed.key_of(9)
    found = proposed.run("inbox", "--json", "--ics", "deadlines.ics", "--key", key).json
    assert [(item["proposal"], item["ballot"]) for item in found["items"]] == [(1, "none")]
    assert "counts as no" in found["items"][0]["silence"]
    calendar = (proposed.directory / "deadlines.ics").read_bytes().decode()
    assert calendar.startswith("BEGIN:VCALENDAR\r\n")
    assert "SUMMARY:Vote closes: proposal 1\\, add the constraint no-bioweapons\r\n" in calendar
    proposed.act("vote", "1", "abstain", by=9)
    assert proposed.run("inbox", "--json", "--key", key).json["items"][0]["ballot"] == "abstain"
    proposed.save_key("stranger")
    assert proposed.run("inbox", "--key", "stranger").code == 4


def test_constraint_check_and_new_refuse_what_is_no_document(cli: CliSystem) -> None:
    (cli.directory / "floats.json").write_text('{"schema":"custodes.constraint/1","x":1.5}')
    (cli.directory / "other.json").write_text('{"schema":"custodes.scope/1"}')
    for file in ("floats.json", "other.json", "absent.json"):
        assert cli.run("constraint", "check", file).code == 2
    assert cli.run("constraint", "new", "No Good", "--title", "x", "--text", "y").code == 2
    cli.act("constraint", "new", "fine", "--title", "x", "--text", "y")
    assert cli.run("constraint", "new", "fine", "--title", "x", "--text", "y").code == 2
    assert cli.run("constraint", "check", "fine.json", "--json").json["document"]["name"] == "fine"
    for limit in ("max_output_tokens", "max_output_tokens=many", "strange=5", "=5"):
        assert (
            cli.run("constraint", "propose", "fine.json", "--limit", limit, "--yes", "--key", cli.key_of(0)).code == 2
        )
    made = cli.act("constraint", "propose", "fine.json", "--limit", "strange:min=5", "--expires", "90d")
    assert made["proposal"] == 1
