"""custodes seat: labels, silence, recovery keys, on a live system."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_system import CliSystem, cli_system
from governance.ledger.signer import Signer

pytestmark = pytest.mark.chain

QUIET = "Lok Sabha Forum"  # seat 11
OTHERS = tuple(seat for seat in range(15) if seat != 11)


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CliSystem]:
    with cli_system(tmp_path) as system:
        yield system


def grant(cli: CliSystem, **changes: str) -> str:
    """A file that names who takes a place."""
    made = {
        "organisation": "Pax Foundation",
        "jurisdiction": "CH",
        "votingKey": Signer.random().address,
        "recoveryKey": Signer.random().address,
        **changes,
    }
    (cli.directory / "grant.json").write_text(json.dumps(made))
    return "grant.json"


def refused(cli: CliSystem, *arguments: str, by: int | str = 0) -> tuple[int, str]:
    """The exit code and the rule of a command that is refused."""
    key = by if isinstance(by, str) else cli.key_of(by)
    result = cli.run(*arguments, "--json", "--yes", "--key", key)
    return result.code, result.json.get("rule") or result.json["error"]


def test_silent_seat_is_counted_challenged_and_replaced(cli: CliSystem) -> None:
    assert refused(cli, "seat", "replace", QUIET, grant(cli)) == (4, "R-Seats-23")
    dry = cli.run("seat", "challenge", QUIET, "--dry-run", "--key", cli.key_of(0))
    assert (dry.code, dry.out) == (0, "")
    assert "count the silence of Lok Sabha Forum" in dry.err
    assert cli.act("seat", "challenge", QUIET)["step"] == "counted"
    assert refused(cli, "seat", "challenge", QUIET) == (4, "R-Seats-22")
    counted = cli.run("inbox", "--json", "--key", cli.key_of(11)).json["challenged"]
    assert counted["step"] == "counted"
    cli.system.warp(1800)
    assert cli.run("inbox", "--json", "--key", cli.key_of(11)).json["challenged"]["step"] == "silent"
    assert cli.act("seat", "challenge", QUIET, by=5)["step"] == "challenged"
    told = cli.run("inbox", "--key", cli.key_of(11))
    assert "my seat is challenged" in told.out
    assert "custodes seat answer" in told.err
    assert "challenged: if nothing is heard of it until" in cli.run("seat", "show", QUIET).out
    cli.system.warp(600)
    assert cli.run("seat", "show", QUIET, "--json").json["silence"]["step"] == "dormant"
    assert cli.run("seat", "replace", QUIET, "nothing.json", "--key", cli.key_of(0)).code == 2
    (cli.directory / "broken.json").write_text("[]")
    assert cli.run("seat", "replace", QUIET, "broken.json", "--key", cli.key_of(0)).code == 2

    proposed = cli.run("seat", "replace", QUIET, grant(cli), "--yes", "--key", cli.key_of(0))
    assert "replace Lok Sabha Forum, which is silent, by Pax Foundation" in proposed.out
    assert "that are not dormant" in proposed.err
    cli.enact(1, OTHERS)
    assert cli.run("seat", "show", "Pax Foundation", "--json").json["chamber"] == "public"
    audited = cli.run("audit", "verify", "--json")
    assert audited.code == 0, audited.out
    story = cli.run("audit", "log").out
    assert "Aurora Labs has the silence of Lok Sabha Forum counted" in story
    assert "Fides Institute challenges Lok Sabha Forum" in story


def test_silent_seat_is_heard_by_an_answer_or_a_ballot(cli: CliSystem) -> None:
    assert refused(cli, "seat", "answer", by=11) == (4, "R-Seats-20")
    cli.act("seat", "challenge", QUIET)
    assert refused(cli, "seat", "answer", QUIET, by=3) == (4, "R-Seats-10")
    assert cli.act("seat", "answer", by=11)["sent"]
    cli.act("seat", "challenge", QUIET)
    assert cli.act("seat", "answer", QUIET, by="lok-sabha-forum.recovery")["organisation"] == QUIET
    cli.act("seat", "challenge", QUIET)
    cli.act("seat", "challenge", "Kenya Data Commons", by=11)
    assert cli.run("seat", "show", QUIET, "--json").json["silence"] is None
    cli.act("seat", "challenge", QUIET)
    (cli.directory / "register.txt").write_text("evidence")
    cli.act("seat", "suspend", "Gauge Safety", "--evidence", "register.txt")
    cli.act("vote", "1", "against", by=11)
    assert cli.run("seat", "show", QUIET, "--json").json["silence"] is None
    assert cli.run("audit", "verify").code == 0


def test_seat_is_reclassified_and_the_later_of_a_group_suspended(cli: CliSystem) -> None:
    (cli.directory / "register.txt").write_text("the register of companies")
    evidence = ("--evidence", "register.txt")
    assert cli.run("seat", "reclassify", "Gauge Safety", *evidence, "--yes", "--key", cli.key_of(0)).code == 2
    swiss = cli.run("seat", "reclassify", "Gauge Safety", "--jurisdiction", "Swiss", *evidence, "--key", cli.key_of(0))
    assert swiss.code == 2
    proposed = cli.act("seat", "reclassify", "Gauge Safety", "--affiliation", "Aurora Holding", *evidence)
    assert (proposed["tier"], proposed["kind"]) == (4, "reclassify")
    cli.enact(1)
    shown = cli.run("seat", "show", "Gauge Safety", "--json").json
    assert shown["standing"] == "suspended"  # the later of the two
    assert [said["jurisdiction"] for said in shown["labels"]] == ["US", "US"]
    assert shown["labels"][0]["affiliation"] != shown["labels"][1]["affiliation"]
    assert "Gauge Safety is reclassified under US" in cli.run("audit", "log").out
    assert cli.run("audit", "verify").code == 0


def test_recovery_key_gives_its_place_to_another(cli: CliSystem) -> None:
    fresh = cli.save_key("fides-safe")
    rotate = ("seat", "rotate", "5", "--recovery-key", "--to", "fides-safe")
    assert refused(cli, *rotate, by=5) == (4, "R-Seats-10")
    cli.act(*rotate, by="fides-institute.recovery")
    assert cli.run("seat", "show", "5", "--json").json["recoveryKey"] == fresh.address
    assert refused(cli, *rotate, by="fides-institute.recovery") == (4, "R-Seats-10")
    for wrong in (("--recovery-key", "--complete"), ("--recovery-key", "--recover", "--to", "fides-safe")):
        assert cli.run("seat", "rotate", "5", *wrong, "--yes").code == 2
    assert cli.run("audit", "verify").code == 0
