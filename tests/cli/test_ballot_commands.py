"""Ballots off line and in batches, a late one, a veto, a seat whose key is a contract: refusals first."""

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
    """Proposal 1, by seat 5, suspends a seat: tier 1, and what a late ballot extends."""
    (cli.directory / "report.txt").write_text("it sold its vote")
    cli.act("seat", "suspend", "Oceania Union", "--evidence", "report.txt", by=5)
    return cli


@pytest.fixture
def changed(cli: CliSystem) -> CliSystem:
    """Proposal 1 removes a seat and grants one to a contract: tier 4, open to vetoes."""
    grant = {
        "organisation": "Pacta", "chamber": "public", "jurisdiction": "PT", "key": "erc1271",
        "votingKey": "0x" + "77" * 20, "recoveryKey": "0x" + "78" * 20,
    }  # fmt: skip
    (cli.directory / "batch.json").write_text(json.dumps({"removals": ["Oceania Union"], "grants": [grant]}))
    made = cli.act("seat", "change", "batch.json")
    assert made["tier"] == 4
    return cli


def sign(cli: CliSystem, seat: int, choice: str = "for", *more: str) -> str:
    """The file of that seat's signed ballot on proposal 1."""
    out = f"ballot-{seat}-{choice}.json"
    key = ("--yes", "--key", cli.key_of(seat))
    result = cli.run("vote", "1", choice, "--sign-only", "--out", out, *key, *more)
    assert result.code == 0, result.err
    return out


# --- signing on a machine without a chain


def export(cli: CliSystem) -> Path:
    path = cli.directory / "proposal-1.json"
    path.write_text(cli.run("proposal", "show", "1", "--json").out)
    return path


OFFLINE = ("--sign-only", "--from", "proposal-1.json", "--rpc", "http://127.0.0.1:9", "--yes", "--json")


@pytest.mark.parametrize(
    ("change", "code", "error"),
    [
        ({"action": "0x" + "00" * 32}, 1, "ExportMismatch"),  # another action under the id
        ({"id": "0x" + "11" * 32}, 1, "ExportMismatch"),
        ({"number": 2}, 1, "ExportMismatch"),
        ({"kind": "make tea"}, 2, "BadExport"),
        ({"schema": "custodes.ballot/1"}, 2, "BadExport"),
    ],
)
def test_ballot_is_not_signed_for_an_export_that_does_not_fit(
    proposed: CliSystem, change: dict[str, object], code: int, error: str
) -> None:
    path = export(proposed)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    result = proposed.run("vote", "1", "for", *OFFLINE, "--key", proposed.key_of(7))
    assert (result.code, result.json["error"]) == (code, error)


def test_ballot_is_signed_without_a_chain_from_an_export_and_shows_what_it_is_for(proposed: CliSystem) -> None:
    proposed.act("vote", "1", "against", by=7)
    export(proposed)
    online = proposed.run("vote", "1", "for", "--sign-only", "--yes", "--json", "--key", proposed.key_of(7))
    offline = proposed.run("vote", "1", "for", *OFFLINE, "--key", proposed.key_of(7))
    assert offline.json == online.json
    assert offline.json["count"] == 1
    told = proposed.run("vote", "1", "for", *OFFLINE[:-1], "--key", proposed.key_of(7)).err
    assert "for proposal 1: suspend the seat of" in told
    assert "which      takes a vote away" in told
    assert proposed.run("vote", "1", "for", "--from", "proposal-1.json", "--key", proposed.key_of(7)).code == 2


# --- batches


def test_batch_of_ballots_is_refused_when_not_one_would_count(proposed: CliSystem) -> None:
    files = [sign(proposed, 6), sign(proposed, 8)]
    proposed.act("ballots", "submit", *files)
    again = proposed.run("ballots", "submit", *files, "--yes", "--json", "--key", proposed.key_of(0))
    assert (again.code, again.json["details"]["error"]) == (4, "StaleBallot")


def test_batch_of_ballots_is_one_transaction_and_names_what_it_skips(proposed: CliSystem) -> None:
    stale = sign(proposed, 6, "against")
    proposed.act("vote", "1", "for", by=6)
    dry = proposed.run("ballots", "submit", stale, sign(proposed, 8), "--dry-run", "--key", "aurora-labs")
    assert "nothing was sent" in dry.err
    assert "counting   1 of 2" in dry.err
    sent = proposed.act("ballots", "submit", sign(proposed, 7), stale, sign(proposed, 8, "abstain"))
    assert [ballot["counted"] for ballot in sent["ballots"]] == [True, False, True]
    assert "another round or count" in sent["ballots"][1]["skipped"]
    assert len({ballot["transaction"] for ballot in sent["ballots"]}) == 1
    shown = proposed.run("proposal", "show", "1", "--json").json
    assert sorted(ballot["support"] for ballot in shown["ballots"]) == ["abstain", "for", "for"]
    assert proposed.run("audit", "verify").code == 0  # the replay took the batch, what was skipped included


# --- the last part of a round


def test_late_ballot_extends_the_round_and_is_explained(proposed: CliSystem) -> None:
    cli = proposed
    for seat in (0, 1, 2, 3, 5, 6, 7):
        cli.act("vote", "1", "for", by=seat)
    before = cli.run("proposal", "show", "1", "--json").json["closesAt"]
    cli.system.warp(before - 5 - cli.system.ledger.now())
    cli.act("vote", "1", "for", by=8)
    shown = cli.run("proposal", "show", "1", "--json").json
    assert shown["closesAt"] > before
    assert shown["extendedTo"] == [shown["closesAt"]]
    assert "[R-Council-24]" in cli.run("explain", "1").out
    assert "extended by a late ballot" in cli.run("inbox", "--key", cli.key_of(9)).out
    assert cli.run("audit", "verify").code == 0


# --- vetoes


def test_veto_is_refused_at_tier_1_and_twice(proposed: CliSystem) -> None:
    result = proposed.run("proposal", "veto", "1", "no", "--yes", "--json", "--key", proposed.key_of(0))
    assert (result.code, result.json["rule"]) == (4, "R-Council-25")


def test_veto_of_a_chamber_ends_a_proposal(changed: CliSystem) -> None:
    cli = changed
    dry = cli.run("proposal", "veto", "1", "no", "--dry-run", "--key", cli.key_of(5))
    assert "nobody takes a veto back" in dry.err
    cli.act("proposal", "veto", "1", "unheard", by=5)
    again = cli.run("proposal", "veto", "1", "no", "--yes", "--json", "--key", cli.key_of(5))
    assert (again.code, again.json["rule"]) == (4, "R-Council-26")
    assert "vetoed by: Fides Institute [R-Council-25]" in cli.run("explain", "1").out
    assert cli.run("inbox", "--json", "--key", cli.key_of(6)).json["items"][0]["may"] == ["veto"]
    cli.act("proposal", "veto", "1", "unheard", by=6)
    last = cli.act("proposal", "veto", "1", "unheard", by=7)
    assert "ProposalVetoed" in last["events"]
    shown = cli.run("proposal", "show", "1", "--json").json
    assert (shown["state"], shown["vetoedBy"], len(shown["vetoes"])) == ("canceled", "oversight", 3)
    assert "oversight vetoed it; nothing revives it [R-Council-26]" in cli.run("explain", "1").out
    assert "is vetoed" in cli.run("audit", "log").out
    assert cli.run("audit", "verify").code == 0


# --- a contract's seat


def test_contract_is_granted_a_seat_and_its_owner_signs_for_it(changed: CliSystem) -> None:
    cli = changed
    assert "contract 0x7777" in cli.run("proposal", "show", "1").out
    cli.enact(1)
    shown = cli.run("seat", "show", "Pacta", "--json").json
    assert (shown["key"], shown["votingKey"]) == ("erc1271", "0x" + "77" * 20)
    cli.act("constraint", "new", "fine", "--title", "x", "--text", "y")
    cli.act("constraint", "propose", "fine.json")
    owner = ("--voter", "0x" + "77" * 20, "--sign-only", "--out", "owned.json", "--yes", "--key", cli.key_of(0))
    assert cli.run("vote", "2", "for", *owner).code == 0
    # There is no code at that address that would approve it, which only the chain can tell.
    result = cli.run("ballots", "submit", "owned.json", "--yes", "--json", "--key", cli.key_of(0))
    assert (result.code, result.json["details"]["error"]) == (4, "BadSignature")
