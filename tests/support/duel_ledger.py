"""The typed client of the contracts that a duel is fought with."""

from __future__ import annotations

from committee_duel import Duel
from governance.encoding.code import compute_code_hash
from governance.ledger.artifacts import CONTRACTS
from governance.ledger.client import Ledger
from governance.ledger.deployment import Deployment
from governance.types import Hash32


def ledger_of(duel: Duel) -> Ledger:
    """The typed client of the duel's contracts."""
    world, rpc = duel.world, duel.rpc
    system = world.genesis.system
    order = (system.seats, system.council, system.constraints, system.releases, system.brake, system.committee)
    addresses = dict(zip(CONTRACTS, order, strict=True))
    codes = {name: bytes.fromhex(rpc.call("eth_getCode", where, "latest")[2:]) for name, where in addresses.items()}
    hashes = {name: compute_code_hash(code) for name, code in codes.items()}
    genesis_hash = Hash32(bytes.fromhex(rpc.call("eth_getBlockByNumber", "0x0", False)["hash"][2:]))
    chain, charter = world.genesis.chain_id, world.genesis.charter_hash
    return Ledger(rpc, Deployment("walk", chain, genesis_hash, 0, charter, addresses, hashes))
