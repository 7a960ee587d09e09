"""From a committee to a release and its end, by the command line; the key is made by its members in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_system import CliSystem, cli_system
from governance.encoding.releases import compute_model_id
from governance.ledger.signer import Signer
from live_committee import form_committee

pytestmark = pytest.mark.chain


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CliSystem]:
    """A committee of five is in force, and a sealed directory says that it was sealed to it."""
    with cli_system(tmp_path) as cli:
        epoch = form_committee(cli.system, [Signer.random() for _ in range(5)])
        assert cli.system.ledger.committee.get_current_epoch() == epoch
        write_manifest(cli, "smollm2", nonce=1)
        yield cli


def write_manifest(cli: CliSystem, name: str, *, nonce: int) -> None:
    registrar = cli.system.seats[0].address
    sealed = cli.directory / name
    sealed.mkdir()
    content = {
        "model": name,
        "modelId": "0x" + compute_model_id(registrar, nonce).hex(),
        "registrar": registrar.lower(),
        "sealNonce": "0x" + nonce.to_bytes(32, "big").hex(),
        "contentRoot": "0x" + "01" * 32,
        "keyCommitment": f"0x{nonce:064x}",
        "committeeKeyHash": "0x" + cli.system.ledger.committee.get_key_hash().hex(),
        "wrappedKeys": [{"mode": "plain", "party": 0}],
    }
    (sealed / "manifest.json").write_text(json.dumps(content))


def test_model_is_registered_released_renewed_and_revoked(cli: CliSystem) -> None:
    worker = cli.save_key("worker")
    assert "3 of 5 unlock together" in cli.run("committee", "status").out
    assert "3 of 5 unlock together" in cli.run("doctor", "--key", "worker").out
    assert cli.act("model", "register", "smollm2")["tier"] == 2
    number = cli.run("proposal", "list", "--json").json["proposals"][-1]["number"]
    assert "register the model smollm2" in cli.run("proposal", "show", str(number)).out
    cli.enact(number)
    assert [model["name"] for model in cli.run("model", "list", "--json").json["models"]] == ["smollm2"]

    scope = ("--for", "10d", "--capability", "chat", "--max-tokens", "64")
    for bad in ("0x11=Gauge Safety", "nobody=Gauge Safety", "worker=Gauge Safety:x"):
        assert (
            cli.run("release", "propose", "smollm2", "--worker", bad, *scope, "--yes", "--key", cli.key_of(0)).code == 2
        )
    long = cli.run("release", "propose", "smollm2", "--worker", "worker=Gauge Safety", "--for", "1y", "--yes", "--json",
                   "--key", cli.key_of(0))  # fmt: skip
    assert (long.code, long.json["rule"]) == (4, "R-Releases-05")
    made = cli.act("release", "propose", "smollm2", "--worker", "worker=Gauge Safety", *scope)
    release = str(made["proposal"])
    assert cli.run("release", "show", release).code == 2  # nothing is granted yet
    cli.enact(made["proposal"])
    shown = cli.run("release", "show", release, "--json").json
    assert shown["scope"]["capabilities"] == ["chat"]
    assert [(w["address"], w["organisation"], w["standing"]) for w in shown["workers"]] == [
        (worker.address, "Gauge Safety", "releasable")
    ]
    assert cli.run("release", "show", release).out.startswith(f"release {release} of smollm2\n")
    assert "releasable" in cli.run("release", "list").out

    renewed = cli.act("release", "renew", release, "--for", "20d")["proposal"]
    cli.enact(renewed)
    assert cli.run("release", "show", release, "--json").json["expiresAt"] > shown["expiresAt"]
    revoked = cli.act("release", "revoke", release, "--because", "the worker was stolen")["proposal"]
    proposal = int(cli.run("proposal", "show", str(revoked), "--json").json["id"], 16)
    cli.system.vote(proposal, range(15))  # type: ignore[arg-type]
    assert "the worker was stolen" in cli.run("proposal", "show", str(revoked)).out
    cli.act("proposal", "execute", str(revoked))
    assert cli.run("release", "show", release, "--json").json["workers"][0]["standing"] == "revoked"
    assert cli.run("audit", "verify").code == 0


def test_lineage_is_stopped_with_all_that_was_derived_from_it(cli: CliSystem) -> None:
    cli.act("model", "register", "smollm2")
    cli.enact(2)
    write_manifest(cli, "smollm2-chat", nonce=2)
    assert cli.run("model", "register", "smollm2-chat", "--parent", "nobody", "--yes", "--key", cli.key_of(0)).code == 2
    cli.act("model", "register", "smollm2-chat", "--parent", "smollm2")
    cli.enact(3)
    for seat in (0, 1):
        cli.act("brake", "pull", "smollm2-chat", "--because", "a misuse", by=seat)
    assert cli.act("brake", "pull", "smollm2", "--because", "a misuse", by=5)["stop"] == 1
    models = {model["name"]: model["stopped"] for model in cli.run("model", "list", "--json").json["models"]}
    assert models == {"smollm2": True, "smollm2-chat": True}
    assert "the lineage of smollm2" in cli.run("brake", "status").out
