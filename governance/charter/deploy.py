"""The six contracts on a chain, wired, active, and with no power left to who deployed them.

Addresses are predicted from the deployer's nonce, given to every constructor, and checked by `activate`, which anybody
may call. A deployment that breaks off half-way leaves contracts that can never become active: start again.

A system that follows another one is deployed first and stays inert until that one's vote names it (R-Constraints-10).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
from governance.ledger.errors import DeploymentMismatch, LedgerRefused
from governance.ledger.transactions import Draft, TransactionSigner, await_mined, draft, send, submit
from governance.spec.genesis import Genesis
from governance.types import Address, ChainId, Hash32, System


@dataclass(frozen=True)
class Step:
    """One transaction of a deployment, for people who watch it."""

    number: int
    of: int
    what: str


def deploy_charter(
    charter: Charter,
    rpc: Rpc,
    signer: TransactionSigner,
    *,
    predecessor: Deployment | None = None,
    report: Callable[[Step], None] = lambda step: None,
) -> Deployment:
    """The charter's system stands on the chain of `rpc`, and was found to be what it should be.

    It is active, or waits for the vote of its `predecessor`.
    Raises: UnsoundCharter, CharterIncomplete, LedgerRefused, TransactionRejected, TransactionPending, RpcUnavailable,
    DeploymentMismatch.
    """
    check_charter(charter).verify()
    if predecessor is not None:
        predecessor.verify_against_chain(rpc)
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
    if predecessor is not None:
        genesis = replace(genesis, predecessor=predecessor.addresses["Council"])
    sent = []
    of = len(CONTRACTS) + (predecessor is None)
    for at, (name, arguments) in enumerate(_constructors(genesis).items()):
        report(Step(at + 1, of, name))
        sent.append((name, *_create(rpc, genesis, signer, name, arguments)))
    for name, drafted, transaction in sent:
        created = await_mined(rpc, signer.address, drafted, transaction, what=f"the creation of {name}").created
        expected = getattr(system, name.lower())
        if created is None or created.lower() != expected.lower():
            raise DeploymentMismatch(
                f"{name} stands at {created}, but {expected} was predicted",
                hint="another transaction of this account came between: deploy again, from an account of its own",
            )
    if predecessor is None:
        report(Step(of, of, "activation"))
        activate(rpc, genesis.chain_id, genesis.system.council, signer)
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
        predecessor=predecessor,
    )
    deployment.verify_against_chain(rpc, active=predecessor is None)
    deployment.verify_sources(rpc)
    return deployment


def verify_charter(charter: Charter, ledger: Ledger) -> None:
    """Returns if this system is the one of this charter: every seat, number and word of it.

    Raises: DeploymentMismatch, CharterIncomplete, RpcUnavailable.
    """
    ledger.verify_standing()
    expected = compute_genesis(charter, ledger.chain_id, ledger.deployment.system).charter_hash
    if ledger.deployment.charter_hash != expected:
        raise DeploymentMismatch(
            f"the charter hashes to 0x{expected.hex()}, but 0x{ledger.deployment.charter_hash.hex()} was deployed"
        )


def try_activation(rpc: Rpc, chain_id: ChainId, council: Address, sender: Address) -> Draft:
    """The activation that `sender` would sign, found to succeed now. Raises: LedgerRefused, RpcUnavailable."""
    call = Call("Council", "activate")
    return draft(rpc, chain_id, sender, council, encode_transaction(call), what=str(call), contract=call.contract)


def activate(rpc: Rpc, chain_id: ChainId, council: Address, signer: TransactionSigner) -> None:
    """The system is active; if it follows another one, it has taken that one over. Raises: LedgerRefused."""
    send(rpc, signer, try_activation(rpc, chain_id, council, signer.address), what="Council.activate")


def verify_heir(following: Deployment, own: Deployment, rpc: Rpc, sender: Address) -> None:
    """Returns if all that `following` waits for is the vote of `own`: named, it takes everything over.

    Raises: DeploymentMismatch, RpcUnavailable.
    """
    following.verify_against_chain(rpc, active=False)
    following.verify_sources(rpc)
    if following.predecessor is None or following.predecessor.addresses != own.addresses:
        raise DeploymentMismatch(
            "that system does not follow this one: it would drop its constraints, identities and stops",
            hint="deploy it with custodes charter deploy --predecessor and this system's deployment.json",
        )
    try:
        try_activation(rpc, following.chain_id, following.addresses["Council"], sender)
    except LedgerRefused as e:
        if e.error != "NotItsSuccessor":
            raise DeploymentMismatch(f"named, it could not begin: {e.message}", rule=e.rule) from e
        return
    raise DeploymentMismatch("that system has begun already")


def _constructors(genesis: Genesis) -> dict[ContractName, tuple[Any, ...]]:
    """The arguments of each constructor, in the order of deployment."""
    system = genesis.system
    return {
        "Seats": (system, genesis.chamber_names, genesis.grants),
        "Council": (system, genesis.legal_text_hash, genesis.charter_hash, genesis.initial, genesis.bounds),
        "Constraints": (system, genesis.charter_hash, genesis.predecessor),
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


def _addresses(system: System) -> tuple[Address, ...]:
    return (system.seats, system.council, system.constraints, system.releases, system.brake, system.committee)
