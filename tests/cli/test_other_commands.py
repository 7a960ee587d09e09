"""Seats, brake, models, releases, committee, charter, keys, doctor, by the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_system import CliSystem, cli_system
from governance.encoding.releases import compute_model_id
from governance.ledger.signer import Signer
from governance.spec.rules import all_rules

pytestmark = pytest.mark.chain


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CliSystem]:
    with cli_system(tmp_path) as system:
        yield system


# --- seats and keys


def test_seat_list_and_show_tell_labels_and_keys(cli: CliSystem) -> None:
    seats = cli.run("seat", "list", "--json").json["seats"]
    assert len(seats) == 15
    assert (seats[5]["organisation"], seats[5]["chamber"], seats[5]["framework"]) == (
        "Fides Institute",
        "oversight",
        "duty",
    )
    assert seats[5]["votingKey"] == cli.system.seats[5].address
    assert "recovery key  " + cli.system.recovery[5].address in cli.run("seat", "show", "fides-institute").out
    assert cli.run("seat", "show", "Nobody").code == 2


def test_seat_rotates_by_the_voting_key_after_a_delay_and_by_the_recovery_key_at_once(cli: CliSystem) -> None:
    cli.save_key("second")
    cli.act("seat", "rotate", "5", "--to", "second", by=5)
    assert cli.run("seat", "show", "5", "--json").json["rotation"]["newKey"] == cli.keystore.find("second").address
    early = cli.run("seat", "rotate", "5", "--complete", "--yes", "--json", "--key", cli.key_of(5))
    assert (early.code, early.json["rule"]) == (4, "R-Seats-09")
    cli.act("seat", "rotate", "5", "--cancel", by="fides-institute.recovery")
    cli.act("seat", "rotate", "5", "--to", "second", by=5)
    cli.system.warp(3_600)
    cli.act("seat", "rotate", "5", "--complete")
    assert cli.run("seat", "show", "5", "--json").json["votingKey"] == cli.keystore.find("second").address
    cli.save_key("third")
    cli.act("seat", "rotate", "5", "--to", "third", "--recover", by="fides-institute.recovery")
    assert cli.run("seat", "show", "5", "--json").json["votingKey"] == cli.keystore.find("third").address
    assert cli.run("seat", "rotate", "5", "--yes").code == 2
    assert cli.run("seat", "rotate", "5", "--complete", "--cancel", "--yes").code == 2


def test_seats_change_by_a_batch_that_is_judged_as_a_whole(cli: CliSystem) -> None:
    grant = {
        "organisation": "Pax Foundation",
        "chamber": "public",
        "jurisdiction": "CH",
        "votingKey": Signer.random().address,
        "recoveryKey": Signer.random().address,
        "evidence": "statutes",
    }
    batch = cli.directory / "batch.json"
    batch.write_text(json.dumps({"removals": ["Oceania Union"], "grants": [grant]}))
    assert cli.act("seat", "change", "batch.json")["tier"] == 4
    cli.enact(1)
    assert "Pax Foundation" in cli.run("seat", "list").out
    batch.write_text(json.dumps({"removals": [], "grants": [grant | {"jurisdiction": "Swiss"}]}))
    assert cli.run("seat", "change", "batch.json", "--yes", "--key", cli.key_of(0)).code == 2
    for broken in ("[", '{"grants": [{}]}', '{"removals": 7}'):
        batch.write_text(broken)
        assert cli.run("seat", "change", "batch.json", "--yes", "--key", cli.key_of(0)).code == 2


def test_seat_is_suspended_by_a_proposal(cli: CliSystem) -> None:
    (cli.directory / "report.txt").write_text("evidence")
    cli.act("seat", "suspend", "Gauge Safety", "--evidence", "report.txt")
    cli.enact(1)
    assert cli.run("seat", "show", "Gauge Safety", "--json").json["standing"] == "suspended"


def test_keys_are_made_listed_and_exported_but_never_shown(cli: CliSystem) -> None:
    assert cli.run("keys", "new", "Bad Name").code == 2
    made = cli.run("keys", "new", "fresh", "--json")
    assert made.code == 0
    assert cli.run("keys", "new", "fresh").code == 2
    listed = {key["name"]: key for key in cli.run("keys", "list", "--json").json["keys"]}
    assert not listed["fresh"]["insecure"]
    assert listed["fides-institute"]["insecure"]
    exported = cli.run("keys", "export", "fresh", "--out", "wallet.json")
    assert exported.out.startswith(made.json["address"])
    secret = cli.keystore.find("fresh").open("a password")._secret.hex()
    assert secret not in made.out + made.err + exported.out + exported.err
    assert cli.run("keys", "export", "fresh", "--out", "wallet.json").code == 2
    assert cli.run("keys", "export", "nobody").code == 2


# --- brake


def test_brake_stops_everything_is_confirmed_and_resumed(cli: CliSystem) -> None:
    assert cli.run("brake", "pull", "no-model", "--because", "x", "--yes", "--key", cli.key_of(0)).code == 2
    assert (
        cli.run("brake", "pull", "everything", "--because", "x", "--severity", "huge", "--key", cli.key_of(0)).code == 2
    )
    first = cli.act("brake", "pull", "everything", "--because", "a leak", by=0)
    assert (first["pulls"], first["stop"]) == (1, None)
    assert cli.run("brake", "status", "--json").json["pending"][0]["pulls"] == 1
    cli.act("brake", "pull", "everything", "--because", "a leak", by=1)
    third = cli.act("brake", "pull", "everything", "--because", "a leak", "--severity", "critical", by=10)
    assert (third["chambers"], third["stop"]) == (2, 1)
    assert cli.run("brake", "status", "--json").json["stops"][0]["status"] == "standing"
    early = cli.run("brake", "lapse", "1", "--yes", "--json", "--key", cli.key_of(0))
    assert (early.code, early.json["rule"]) == (4, "R-Brake-05")
    assert cli.act("brake", "confirm", "1")["tier"] == 1
    cli.system.vote(int(cli.run("proposal", "show", "1", "--json").json["id"], 16), range(15))  # type: ignore[arg-type]
    cli.act("proposal", "execute", "1")  # urgent: as soon as it passes
    assert "confirmed" in cli.run("brake", "status").out
    early = cli.run("brake", "resume", "1", "--yes", "--json", "--key", cli.key_of(0))
    assert (early.code, early.json["rule"]) == (4, "R-Brake-14")
    assert cli.run("inbox", "--json", "--key", cli.key_of(4)).json["incidents"][0]["statement"] == "a leak"
    assert cli.act("incident", "respond", "1", "--because", "it is closed", by=3)["report"] == 1
    assert cli.act("brake", "resume", "1")["tier"] == 3
    cli.enact(2)
    assert cli.run("brake", "status", "--json").json["stops"][0]["status"] == "resumed"


def test_incident_is_reported_stopped_on_answered_and_shown(cli: CliSystem) -> None:
    key = cli.key_of(0)
    for bad in (("nothing", "high"), ("everything", "huge")):
        refused = cli.run("incident", "report", bad[0], "--because", "x", "--severity", bad[1], "--yes", "--key", key)
        assert refused.code == 2
    assert cli.run("incident", "show", "1").code == 2
    assert "nothing was ever reported" in cli.run("incident", "list").out
    report = ("incident", "report", "everything", "--because", "keys leaked")
    assert cli.run(*report, "--dry-run", "--json", "--key", key).json["sent"] is False
    made = cli.act(*report, "--severity", "critical", by=0)
    assert (made["report"], made["about"], made["severity"]) == (1, "everything", 4)
    assert cli.run("brake", "status", "--json").json["unanswered"][0]["statement"] == "keys leaked"
    both = ("--report", "custodes.toml", "--incident", "1", "--yes", "--key", key)
    assert cli.run("brake", "pull", "everything", "--because", "x", *both).code == 2
    pulls = [cli.act("brake", "pull", "everything", "--because", "that", "--incident", "1", by=n) for n in (0, 5, 10)]
    assert (pulls[-1]["stop"], pulls[-1]["report"]) == (1, 1)
    stop = cli.run("brake", "status", "--json").json["stops"][0]
    assert (stop["report"], stop["answered"], stop["severity"]) == (1, False, 4)
    cli.act("incident", "respond", "1", "--because", "they are changed", by=6)
    shown = cli.run("incident", "show", "1", "--json").json
    assert (shown["answers"][0]["statement"], shown["stops"]) == ("they are changed", [1])
    assert "they are changed" in cli.run("incident", "show", "1").out
    assert cli.run("incident", "list", "--json").json["incidents"][0]["answered"] == 1
    assert cli.run("brake", "status", "--json").json["unanswered"] == []
    assert cli.run("audit", "verify", "--json").json["ok"] is True
    assert "answers report 1" in cli.run("audit", "log").out


# --- models, releases, committee


def manifest(directory: Path, registrar: Signer) -> Path:
    sealed = directory / "sealed"
    sealed.mkdir()
    content = {
        "model": "SmolLM2",
        "modelId": "0x" + compute_model_id(registrar.address, 7).hex(),
        "registrar": registrar.address.lower(),
        "sealNonce": "0x" + (7).to_bytes(32, "big").hex(),
        "contentRoot": "0x" + "01" * 32,
        "keyCommitment": "0x" + "02" * 32,
        "committeeKeyHash": "0x" + "03" * 32,
        "wrappedKeys": [{"mode": "plain", "party": 0}],
    }
    (sealed / "manifest.json").write_text(json.dumps(content))
    return sealed


def test_model_register_is_refused_without_a_committee_and_a_wrong_manifest_before_that(cli: CliSystem) -> None:
    sealed = manifest(cli.directory, cli.system.seats[0])
    result = cli.run("model", "register", "sealed", "--yes", "--json", "--key", cli.key_of(0))
    assert result.code == 4
    assert result.json["rule"] in ("R-Releases-03", "R-Committee-19")
    content = json.loads((sealed / "manifest.json").read_text())
    for change in ({"modelId": "0x" + "04" * 32}, {"contentRoot": "0x00"}, {"wrappedKeys": 7}, {"registrar": "me"}):
        (sealed / "manifest.json").write_text(json.dumps(content | change))
        assert cli.run("model", "register", "sealed", "--yes", "--key", cli.key_of(0)).code == 2
    assert cli.run("model", "register", "absent.json", "--yes", "--key", cli.key_of(0)).code == 2
    assert cli.run("model", "list").out == "no models\n"


def test_release_propose_refuses_unknown_models_and_scopes_that_say_nothing(cli: CliSystem) -> None:
    worker = ("--worker", f"{cli.system.seats[0].address}=Aurora Labs", "--for", "1h")
    assert cli.run("release", "propose", "SmolLM2", *worker, "--yes", "--key", cli.key_of(0)).code == 2
    (cli.directory / "scope.json").write_text("{}")
    assert cli.run("release", "propose", "SmolLM2", *worker, "--scope", "scope.json").code == 2
    assert cli.run("release", "propose", "SmolLM2", *worker, "--scope", "absent.json").code == 2
    assert cli.run("release", "list").out == "no releases\n"
    assert cli.run("release", "show", "1").code == 2


def test_committee_is_proposed_by_names_and_its_status_told(cli: CliSystem) -> None:
    assert "no committee was ever formed" in cli.run("committee", "status").out
    oracles = []
    for seat in (0, 5, 7, 10, 12):
        cli.save_key(f"oracle-{seat}")
        oracles += ["--oracle", f"{cli.system.organisations[seat]}=oracle-{seat}"]
    assert cli.run("committee", "form", "--threshold", "3", "--oracle", "nobody", "--key", cli.key_of(0)).code == 2
    bad = cli.run("committee", "form", "--threshold", "5", *oracles, "--yes", "--json", "--key", cli.key_of(0))
    assert (bad.code, bad.json["rule"]) == (4, "R-Committee-01")
    assert cli.act("committee", "form", "--threshold", "3", *oracles)["tier"] == 4
    cli.enact(1)
    status = cli.run("committee", "status", "--json").json
    assert (status["phase"], status["threshold"], status["size"], status["inForce"]) == ("registering", 3, 5, None)
    assert "Aurora Labs" in {member["organisation"] for member in status["members"]}


# --- charter, doctor


def test_charter_show_checks_a_file_against_the_chain_and_deploys_another(cli: CliSystem) -> None:
    assert "in force on chain 31337" in cli.run("charter", "show").out
    template = cli.run("charter", "show", "--template", "standard").out
    (cli.directory / "charter.toml").write_text(template)
    assert cli.run("charter", "check", "charter.toml").code == 0
    assert cli.run("charter", "show", "charter.toml").code == 2  # it has no keys
    assert (
        cli.run("charter", "deploy", "charter.toml", "--out", "other.json", "--yes", "--key", "aurora-labs").code == 2
    )
    keyed = template
    for name in cli.system.organisations:
        fresh = (Signer.random().address, Signer.random().address)
        keys = f'name = "{name}"\nvoting_key = "{fresh[0]}"\nrecovery_key = "{fresh[1]}"'
        keyed = keyed.replace(f'name = "{name}"', keys)
    (cli.directory / "charter.toml").write_text(keyed)
    mismatch = cli.run("charter", "show", "charter.toml", "--json")
    assert (mismatch.code, mismatch.json["error"]) == (1, "DeploymentMismatch")
    dry = cli.run("charter", "deploy", "charter.toml", "--out", "other.json", "--dry-run", "--key", "aurora-labs")
    assert dry.code == 0
    assert not (cli.directory / "other.json").exists()
    deployed = cli.act("charter", "deploy", "charter.toml", "--out", "other.json", by="aurora-labs")
    assert deployed["file"] == "other.json"
    assert cli.run("charter", "show", "charter.toml", "--deployment", "other.json").code == 0
    again = cli.run("charter", "deploy", "charter.toml", "--out", "other.json", "--yes", "--key", "aurora-labs")
    assert again.code == 2
    # a system that does not follow this one would drop its constraints and stops
    drops = cli.run("successor", "propose", "other.json", "--yes", "--json", "--key", cli.key_of(0))
    assert (drops.code, drops.json["error"]) == (1, "DeploymentMismatch")
    assert "it would drop its constraints" in drops.json["message"]


def test_charter_check_exits_with_1_and_names_the_rules(cli: CliSystem) -> None:
    template = cli.run("charter", "show", "--template", "standard").out
    (cli.directory / "bad.toml").write_text(template.replace('brake_term = "45d"', 'brake_term = "24d"'))
    result = cli.run("charter", "check", "bad.toml")
    assert result.code == 1
    assert "breaks R-Council-15: tier 3" in result.err
    assert cli.run("charter", "check").code == 2
    assert cli.run("charter", "check", "--template", "imaginary").code == 2


def test_doctor_finds_everything_well_and_names_what_is_not(cli: CliSystem) -> None:
    well = cli.run("doctor", "--json", "--key", cli.key_of(5))
    assert well.code == 0
    assert {check["name"] for check in well.json["checks"]} >= {"node", "chain", "prague", "deployment", "key"}
    cli.save_key("poor")
    cli.system.anvil.rpc.call("anvil_setBalance", cli.keystore.find("poor").address, "0x0")
    poor = cli.run("doctor", "--key", "poor")
    assert poor.code == 3
    assert "FAIL  key         poor holds no ether" in poor.err
    assert "fix: custodes devnet fund" in poor.err


def test_explain_tells_rules_and_refuses_unknown_ones(cli: CliSystem) -> None:
    told = cli.run("explain", "r-council-07", "--json").json
    assert told["enforcer"] == "contract"
    assert "StaleBallot" in told["errors"]
    shown = {rule["rule"] for rule in cli.run("explain", "--json").json["rules"]}
    assert shown == set(all_rules())
    assert cli.run("explain", "R-Nothing-01").code == 2
