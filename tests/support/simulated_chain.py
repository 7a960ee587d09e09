"""A chain of valid headers without a node, and RPCs over it that can lag, fail and lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import rlp

from governance.chain.errors import RpcUnavailable
from governance.encoding.keccak import keccak256

PRAGUE = (
    "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty",
    "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas", "withdrawalsRoot",
    "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash",
)  # fmt: skip
NUMBERS = {
    "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas",
}  # fmt: skip

Block = dict[str, Any]


def seal(block: Block, fields: Sequence[str] = PRAGUE) -> Block:
    """The block with the hash that its fields have."""
    encoded = rlp.encode(
        [int(block[name], 16) if name in NUMBERS else bytes.fromhex(block[name][2:]) for name in fields]
    )
    return {**{name: block[name] for name in fields}, "hash": "0x" + keccak256(encoded).hex()}


def make_block(parent: Block | None, *, salt: int = 0, timestamp: int | None = None) -> Block:
    """The next block; another salt gives another block at the same height."""
    number = 0 if parent is None else int(parent["number"], 16) + 1
    before = 1_000 if parent is None else int(parent["timestamp"], 16)
    word = lambda value: "0x" + value.to_bytes(32, "big").hex()  # noqa: E731
    return seal(
        {
            "parentHash": word(0) if parent is None else parent["hash"],
            "sha3Uncles": word(1),
            "miner": "0x" + "00" * 20,
            "stateRoot": word(2 + salt),
            "transactionsRoot": word(3),
            "receiptsRoot": word(4),
            "logsBloom": "0x" + "00" * 256,
            "difficulty": "0x0",
            "number": hex(number),
            "gasLimit": hex(30_000_000),
            "gasUsed": "0x0",
            "timestamp": hex(before + 1 if timestamp is None else timestamp),
            "extraData": "0x",
            "mixHash": word(0),
            "nonce": "0x" + "00" * 8,
            "baseFeePerGas": "0x7",
            "withdrawalsRoot": word(5),
            "blobGasUsed": "0x0",
            "excessBlobGas": "0x0",
            "parentBeaconBlockRoot": word(6),
            "requestsHash": word(7),
        }
    )


@dataclass
class SimulatedChain:
    """Blocks 0, 1, 2, ... of which the last `depth` are not final."""

    blocks: list[Block] = field(default_factory=lambda: [make_block(None)])
    depth: int = 2

    def grow(self, count: int = 1, *, salt: int = 0) -> None:
        for _ in range(count):
            self.blocks.append(make_block(self.blocks[-1], salt=salt))

    def fork(self, at: int, *, salt: int) -> SimulatedChain:
        """Another chain that shares the blocks below `at`, and is as long as this one."""
        other = SimulatedChain(self.blocks[:at], self.depth)
        other.grow(len(self.blocks) - at, salt=salt)
        return other

    def get(self, tag: str) -> Block | None:
        number = {"latest": len(self.blocks) - 1, "finalized": max(0, len(self.blocks) - 1 - self.depth)}.get(tag)
        at = int(tag, 16) if number is None else number
        return self.blocks[at] if at < len(self.blocks) else None


@dataclass
class SimulatedRpc:
    """One RPC over a chain. `lag` hides its newest blocks; `lie` changes an answer on its way out."""

    chain: SimulatedChain
    name: str = "rpc"
    lag: int = 0
    is_down: bool = False
    lie: Callable[[str, Block | None], Block | None] = lambda tag, block: block
    asked: list[str] = field(default_factory=list)

    def call(self, method: str, *params: Any) -> Any:
        if self.is_down:
            raise RpcUnavailable(f"{self.name} is down")
        assert method == "eth_getBlockByNumber", method
        tag = str(params[0])
        self.asked.append(tag)
        seen = SimulatedChain(self.chain.blocks[: len(self.chain.blocks) - self.lag], self.chain.depth)
        return self.lie(tag, seen.get(tag))

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        return [self.call(method, *params) for method, params in calls]
