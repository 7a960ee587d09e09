"""The six contracts on a chain, wired, active, and with no power left to who deployed them.

Addresses are predicted from the deployer's nonce, given to every constructor, and checked by `activate`, which anybody
may call. A deployment that breaks off half-way leaves contracts that can never become active: start again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from governance.chain.rpc import Rpc, as_int
from governance.charter.check import check_charter
from governance.charter.document import Charter
from governance.charter.genesis import compute_genesis
from governance.encoding.charter import compute_system
from governance.encoding.code import compute_code_hash
from governance.ledger.artifacts import CONTRACTS, ContractName
from governance.ledger.client import Ledger
from governance.ledger.codec import Call, encode_creation, encode_transaction
from governance.ledger.deployment import Deployment
from governance.ledger.errors import DeploymentMismatch
from governance.ledger.transactions import Draft, TransactionSigner, await_mined, draft, send, submit
from governance.spec.genesis import Genesis
from governance.types import Address, Hash32, System


@dataclass(frozen=True)
class Step:
    """One transaction of a deployment, for people who watch it."""

    number: int
    of: int
    what: str


def deploy_charter(
    charter: Charter, rpc: Rpc, signer: TransactionSigner, *, report: Callable[[Step], None] = lambda step: None
) -> Deployment:
    """The charter's system stands on the chain of `rpc`, active, and was found to be what it should be.

    Raises: UnsoundCharter, CharterIncomplete, LedgerRefused, TransactionRejected, TransactionPending, RpcUnavailable,
    DeploymentMismatch.
    """
    check_charter(charter).verify()
    chain_id, block_0, block, nonce = rpc.batch(
        [
            ("eth_chainId", []),
            ("eth_getBlockByNumber", ["0x0", False]),
            ("eth_blockNumber", []),
            ("eth_getTransactionCount", [signer.address, "pending"]),
        ]
    )
    system = compute_system(signer.address, as_int(nonce))
    genesis = compute_genesis(charter, as_int(chain_id), system)  # type: ignore[arg-type]
    sent = []
    for at, (name, arguments) in enumerate(_constructors(genesis).items()):
        report(Step(at + 1, len(CONTRACTS) + 1, name))
        sent.append((name, *_create(rpc, genesis, signer, name, arguments)))
    for name, drafted, transaction in sent:
        created = await_mined(rpc, signer.address, drafted, transaction, what=f"the creation of {name}").created
        expected = getattr(system, name.lower())
        if created is None or created.lower() != expected.lower():
            raise DeploymentMismatch(
                f"{name} stands at {created}, but {expected} was predicted",
                hint="another transaction of this account came between: deploy again, from an account of its own",
            )
    report(Step(len(CONTRACTS) + 1, len(CONTRACTS) + 1, "activation"))
    _activate(rpc, genesis, signer)
    deployment = Deployment(
        name=charter.name,
        chain_id=genesis.chain_id,
        genesis_hash=Hash32(bytes.fromhex(block_0["hash"][2:])),
        block=as_int(block),
        charter_hash=genesis.charter_hash,
        addresses=dict(zip(CONTRACTS, _addresses(system), strict=True)),
        code_hashes={
            name: compute_code_hash(bytes.fromhex(rpc.call("eth_getCode", address, "latest")[2:]))
            for name, address in zip(CONTRACTS, _addresses(system), strict=True)
        },
    )
    deployment.verify_against_chain(rpc)
    deployment.verify_sources(rpc)
    return deployment


def verify_charter(charter: Charter, ledger: Ledger) -> None:
    """Returns if this system is the one of this charter: every seat, number and word of it.

    Raises: DeploymentMismatch, CharterIncomplete, RpcUnavailable.
    """
    ledger.verify()
    expected = compute_genesis(charter, ledger.chain_id, ledger.deployment.system).charter_hash
    if ledger.deployment.charter_hash != expected:
        raise DeploymentMismatch(
            f"the charter hashes to 0x{expected.hex()}, but 0x{ledger.deployment.charter_hash.hex()} was deployed"
        )


def _constructors(genesis: Genesis) -> dict[ContractName, tuple[Any, ...]]:
    """The arguments of each constructor, in the order of deployment."""
    system = genesis.system
    return {
        "Seats": (system, genesis.chamber_names, genesis.grants),
        "Council": (system, genesis.legal_text_hash, genesis.charter_hash, genesis.initial, genesis.bounds),
        "Constraints": (system, genesis.charter_hash),
        "Releases": (system,),
        "Brake": (system,),
        "Committee": (system,),
    }


def _create(
    rpc: Rpc, genesis: Genesis, signer: TransactionSigner, name: ContractName, arguments: tuple[Any, ...]
) -> tuple[Draft, str]:
    """Sent and not waited for: all six fit into one or two blocks."""
    code = encode_creation(name, *arguments)
    what = f"the creation of {name}"
    drafted = draft(rpc, genesis.chain_id, signer.address, None, code, what=what, contract=name)
    return drafted, submit(rpc, signer, drafted, what=what)


def _activate(rpc: Rpc, genesis: Genesis, signer: TransactionSigner) -> None:
    call = Call("Council", "activate")
    council = genesis.system.council
    drafted = draft(
        rpc, genesis.chain_id, signer.address, council, encode_transaction(call), what=str(call), contract=call.contract
    )
    send(rpc, signer, drafted, what=str(call))


def _addresses(system: System) -> tuple[Address, ...]:
    return (system.seats, system.council, system.constraints, system.releases, system.brake, system.committee)
