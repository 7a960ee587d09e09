"""The devnet's block 0: a complete allocation, so that anybody can execute the chain again from nothing.

Three facts make Ethereum's executable specification agree with anvil block for block under Prague: the precompiles
0x01 to 0x11 exist (1 wei each; anvil keeps accounts that the specification would clear when they are touched), the
withdrawal and consolidation predeploys have code (`0x00`, which stops), and nothing else stands at block 0 that this
file does not name: no test accounts, no CREATE2 factory.

anvil leaves the state root of block 0 at the empty trie's; the first block that follows proves the allocation.
Source: EIP-7002, EIP-7251, EIP-2935 (its history contract is part of Prague, and anvil places it with this code).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from governance.encoding.names import make_address
from governance.types import Address, ChainId, Timestamp

DEVNET_CHAIN_ID = ChainId(31_337)
GAS_LIMIT = 30_000_000
BASE_FEE = 1_000_000_000  # [wei] of block 0; it falls by an eighth with every empty block

PRECOMPILES = tuple(Address(f"0x{number:040x}") for number in range(0x01, 0x12))
WITHDRAWALS = make_address("00000961ef480eb55e80d19ad83579a64c007002")
CONSOLIDATIONS = make_address("0000bbddc7ce488642fb579f8b00f3a590007251")
HISTORY = make_address("0000f90827f1c53a10cb7a02335b175320002935")
HISTORY_CODE = (
    "0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff8143031160425761"
    "1fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500"
)


@dataclass(frozen=True)
class Genesis:
    """What block 0 says. `balances` in wei."""

    timestamp: Timestamp
    balances: Mapping[Address, int] = field(default_factory=dict)
    chain_id: ChainId = DEVNET_CHAIN_ID

    def to_json(self) -> dict[str, Any]:
        """The file that `anvil --init` and an auditor read."""
        return {
            "config": {"chainId": self.chain_id},
            "nonce": "0x0",
            "timestamp": hex(self.timestamp),
            "extraData": "0x",
            "gasLimit": hex(GAS_LIMIT),
            "difficulty": "0x0",
            "mixHash": "0x" + "00" * 32,
            "coinbase": "0x" + "00" * 20,
            "alloc": self.allocation(),
            "number": "0x0",
            "gasUsed": "0x0",
            "parentHash": "0x" + "00" * 32,
            "baseFeePerGas": hex(BASE_FEE),
        }

    def allocation(self) -> dict[str, dict[str, str]]:
        """Every account of block 0 by address."""
        accounts: dict[str, dict[str, str]] = {address: {"balance": "0x1"} for address in PRECOMPILES}
        for predeploy in (WITHDRAWALS, CONSOLIDATIONS):
            accounts[predeploy] = {"balance": "0x0", "code": "0x00"}
        accounts[HISTORY] = {"balance": "0x0", "code": HISTORY_CODE}
        for address, balance in self.balances.items():
            accounts[address] = {"balance": hex(balance)}
        return accounts
