"""What contracts/README.md says to read with cast is read with cast, as printed, on a chain with a history."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from governance.chain.tools import find_tool
from governance.encoding.keccak import keccak256
from governance.encoding.names import make_short_name
from governance.encoding.releases import compute_model_id
from governance.ledger.signer import Signer
from governance.types import (
    ZERO_HASH,
    ActionKind,
    AddConstraint,
    ConstraintId,
    Direction,
    GrantRelease,
    Hash32,
    IdentityRequest,
    Mode,
    ModelId,
    ParameterSetting,
    ProposalId,
    RegisterModel,
    ReleaseId,
    RevokeRelease,
    SetParameter,
    Support,
    Timestamp,
    WorkerGrant,
)
from live_committee import form_committee
from live_system import LiveSystem, live_system

pytestmark = [pytest.mark.chain, pytest.mark.slow]

README = Path(__file__).parents[2] / "contracts" / "README.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DAY = 86_400
KEY = make_short_name("max-tokens")


@dataclass(frozen=True)
class History:
    """Two changes of one constraint, a revoked release and one alive, and a proposal in the middle of its vote."""

    system: LiveSystem
    voted: ProposalId
    releases: list[ReleaseId]
    worker: Signer

    def type(self, block: str) -> list[str]:
        """The lines that the block prints."""
        addresses = self.system.ledger.deployment.addresses
        variables = {name.upper(): address for name, address in addresses.items()}
        done = subprocess.run(
            ["bash", "-e", "-u", "-o", "pipefail", "-c", block],
            env={
                "PATH": f"{find_tool('cast').parent}{os.pathsep}{os.environ['PATH']}",
                "ETH_RPC_URL": self.system.anvil.url,
                "ID": str(self.voted),
                "WORKER": self.worker.address,
                **variables,
            },
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    with live_system(tmp_path_factory.mktemp("history")) as system:
        form_committee(system, [Signer.random() for _ in range(5)])
        limit = ParameterSetting(KEY, Direction.MAX, 100)
        system.enact(ActionKind.ADD_CONSTRAINT, AddConstraint("no-bio", Timestamp(0), (limit,), b'{"id":"no-bio"}'))
        constraint = ConstraintId(Hash32(keccak256(b"no-bio")))
        parent = system.ledger.constraints.get_head()
        system.enact(ActionKind.TIGHTEN_PARAMETER, SetParameter(constraint, parent, KEY, 50))
        worker = Signer.random()
        releases = [release(system, worker) for _ in range(2)]
        system.enact(ActionKind.REVOKE_RELEASE, RevokeRelease(releases[0], "misuse"))
        voted = system.propose(ActionKind.REVOKE_RELEASE, RevokeRelease(releases[1], "misuse too"))
        system.vote(voted, [0, 7], Support.FOR)
        system.vote(voted, [3], Support.AGAINST)
        system.vote(voted, [3], Support.ABSTAIN)
        yield History(system, voted, releases, worker)


def release(system: LiveSystem, worker: Signer) -> ReleaseId:
    """The one model, registered when it is first needed, is released to the worker."""
    ledger = system.ledger
    registrar, model = worker.address, compute_model_id(worker.address, 1)
    if ledger.releases.get_model_count() == 0:
        hashes = [Hash32(bytes([n]) * 32) for n in range(1, 4)]
        identities = (IdentityRequest(Mode.PLAIN, 0),)
        key = ledger.committee.get_key_hash()
        action = RegisterModel(registrar, 1, ModelId(ZERO_HASH), *hashes, key, identities, "a model")
        system.enact(ActionKind.REGISTER_MODEL, action)
    workers = (WorkerGrant(registrar, 0, system.organisations[0]),)
    grant = GrantRelease(model, Mode.PLAIN, Timestamp(ledger.now() + 20 * DAY), workers, b"{}")
    proposal, _ = system.enact(ActionKind.GRANT_RELEASE, grant)
    return ReleaseId(Hash32(proposal.to_bytes(32, "big")))


def block_with(*parts: str) -> str:
    """The README's one block in which all of these stand."""
    [found] = [block for block in BLOCK.findall(README.read_text()) if all(part in block for part in parts)]
    return str(found)


def plain(line: str) -> str:
    """Without cast's second way of writing large numbers."""
    return re.sub(r" \[[\d.]+e\d+\]", "", line)


def fields(line: str) -> list[str]:
    return re.sub(r"[(),\[\]]", " ", plain(line)).split()


def test_proposal_is_read(history: History) -> None:
    state, proposal = history.type(block_with("state(uint256)"))
    assert state == "1"
    record = history.system.ledger.council.get_proposal(history.voted)
    read = fields(proposal)
    assert [int(read[0]), int(read[2]), int(read[5])] == [record.eligible, record.closes_at, record.kind]
    assert read[11].lower() == record.proposer.lower()
    assert int(read[13]) == record.ballots[0]


def test_count_is_read_beside_what_it_needs(history: History) -> None:
    [line] = history.type(block_with("quorumState"))
    read = fields(line)
    assert read[:9] == ["1", "1", "1", "2", "2", "15", "2", "8", "false"]
    chambers = [read[at : at + 6] for at in range(12, 30, 6)]
    assert chambers == [
        ["5", "1", "0", "1", "1", "true"],
        ["5", "1", "0", "0", "1", "true"],
        ["5", "0", "0", "0", "1", "false"],
    ]


def test_ballot_of_each_seat_is_read(history: History) -> None:
    lines = history.type(block_with("ballotOf"))
    cast = {0: "2 1 1", 3: "3 1 2", 7: "2 1 1"}
    assert lines == [f"{seat} {cast.get(seat, '0 1 0')}" for seat in range(15)]


def test_chain_of_constraints_is_read_and_folds_to_its_head(history: History) -> None:
    *entries, heads = history.type(block_with("genesisHead"))
    recorded = history.system.ledger.constraints.get_entries()
    assert len(entries) == len(recorded) == 2
    for n, (line, entry) in enumerate(zip(entries, recorded, strict=True)):
        read = fields(line)
        assert read[:4] == [str(n), f"0x{entry.head.hex()}", str(int(entry.kind)), f"0x{entry.constraint_id.hex()}"]
        assert int(read[7]) == entry.proposal_id
    folded, head = heads.split()
    assert folded == head == f"0x{history.system.ledger.constraints.get_head().hex()}"


def test_every_release_is_read(history: History) -> None:
    *lines, releasable, why = history.type(block_with("releaseAt"))
    assert [fields(line)[:2] for line in lines] == [
        [f"0x{history.releases[0].hex()}", "2"],
        [f"0x{history.releases[1].hex()}", "1"],
    ]
    assert (releasable, why) == ("true", "1")


def test_every_block_of_the_readme_is_typed_here() -> None:
    typed = ("state(uint256)", "quorumState", "ballotOf", "genesisHead", "releaseAt")
    blocks = [block for block in BLOCK.findall(README.read_text()) if "cast call" in block]
    assert len(blocks) == len(typed)
    assert all(block_with(name) in blocks for name in typed)
