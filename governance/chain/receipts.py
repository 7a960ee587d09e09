"""Logs that prove themselves: a block's receipts are rebuilt into the trie that its header names.

An RPC that answers `eth_getLogs` can leave out what it likes, and nobody sees it. One that gives a block's receipts
cannot: all of them together hash to `receiptsRoot`, or they are refused. Most blocks need not even be asked for, since
the header's bloom filter has no false negatives: what it excludes did not happen.

Not under the root, and therefore not given here: the hash of the transaction that emitted a log.

Source: EIP-2718 (typed receipts), EIP-658 (status), Ethereum yellow paper, appendix D (trie) and section 4.3.1 (bloom).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import rlp

from governance.chain.errors import RpcUnavailable
from governance.chain.headers import Header
from governance.chain.proofs import EMPTY_TRIE
from governance.chain.view import JsonRpc
from governance.encoding.keccak import keccak256
from governance.errors import VerificationError

BATCH = 20  # blocks a request


class BadReceipts(VerificationError):
    """The receipts that an RPC gives for a block are not the block's."""

    hint: ClassVar[str] = "an RPC hid or invented an event: use another RPC, and find out why"


@dataclass(frozen=True)
class Log:
    """An event as it stands under a receipts root."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    index: int  # its place among all logs of the block


def may_hold_logs_of(header: Header, address: str) -> bool:
    """False only if no contract at `address` emitted anything in that block. Source: yellow paper, section 4.3.1."""
    digest = keccak256(bytes.fromhex(address.removeprefix("0x")))
    bloom = int.from_bytes(header.logs_bloom, "big")
    return all(bloom >> (int.from_bytes(digest[at : at + 2], "big") % 2048) & 1 for at in (0, 2, 4))


def verify_receipts(header: Header, receipts: object) -> list[Log]:
    """The logs of the block, in order, once all its receipts were found to hash to the header's `receiptsRoot`.

    Raises: BadReceipts.
    """
    if not isinstance(receipts, list):
        raise BadReceipts(f"{header}: the answer holds no receipts")
    logs: list[Log] = []
    encoded: list[bytes] = []
    try:
        for receipt in receipts:
            entries = [
                (_data(log["address"]), tuple(_data(topic) for topic in log["topics"]), _data(log["data"]))
                for log in receipt["logs"]
            ]
            encoded.append(_encode(receipt, entries))
            logs += [Log(*entry, block=header.number, index=len(logs) + at) for at, entry in enumerate(entries)]
    except (AttributeError, KeyError, TypeError, ValueError) as e:
        raise BadReceipts(f"{header}: a receipt is malformed: {e}") from e
    computed = compute_ordered_root(encoded)
    if computed != header.receipts_root:
        raise BadReceipts(
            f"{header}: its receipts hash to 0x{computed.hex()[:16]}…, not to 0x{header.receipts_root.hex()[:16]}…"
        )
    return logs


def compute_ordered_root(items: Sequence[bytes]) -> bytes:
    """The root of the trie that maps rlp(i) to the i-th item: that of a block's receipts or transactions."""
    if not items:
        return EMPTY_TRIE
    pairs = sorted((_nibbles(rlp.encode(at)), item) for at, item in enumerate(items))
    return keccak256(bytes(rlp.encode(_node(pairs, 0))))


def read_logs(rpc: JsonRpc, headers: Iterable[Header], address: str) -> list[Log]:
    """Every log of the contract at `address` in those blocks, in order, by one RPC, each proven.

    Raises: BadReceipts, RpcUnavailable, RpcError.
    """
    wanted = bytes.fromhex(address.removeprefix("0x"))
    asked = [header for header in headers if may_hold_logs_of(header, address)]
    logs: list[Log] = []
    for start in range(0, len(asked), BATCH):
        chunk = asked[start : start + BATCH]
        answers = rpc.batch([("eth_getBlockReceipts", [hex(header.number)]) for header in chunk])
        for header, receipts in zip(chunk, answers, strict=True):
            if receipts is None:
                raise RpcUnavailable(f"{rpc.name} has no receipts of {header}")
            logs += [log for log in verify_receipts(header, receipts) if log.address == wanted]
    return logs


def _encode(receipt: Mapping[str, Any], logs: Sequence[tuple[bytes, tuple[bytes, ...], bytes]]) -> bytes:
    status, gas = _integer(receipt["status"]), _integer(receipt["cumulativeGasUsed"])
    body: bytes = rlp.encode([status, gas, _data(receipt["logsBloom"]), logs])
    kind = int(receipt.get("type") or "0x0", 16)
    return body if kind == 0 else bytes([kind]) + body


def _node(pairs: Sequence[tuple[tuple[int, ...], bytes]], depth: int) -> list[Any]:
    """The trie node over these pairs: sorted, alike in `depth` nibbles, no key the beginning of another."""
    first, last = pairs[0][0], pairs[-1][0]
    if len(pairs) == 1:
        return [_hex_prefix(first[depth:], is_leaf=True), pairs[0][1]]
    shared = depth
    while first[shared] == last[shared]:
        shared += 1
    if shared > depth:
        return [_hex_prefix(first[depth:shared], is_leaf=False), _reference(_node(pairs, shared))]
    branch: list[Any] = [b""] * 17
    start = 0
    for end in range(1, len(pairs) + 1):
        if end == len(pairs) or pairs[end][0][depth] != pairs[start][0][depth]:
            branch[pairs[start][0][depth]] = _reference(_node(pairs[start:end], depth + 1))
            start = end
    return branch


def _reference(node: list[Any]) -> Any:
    encoded = rlp.encode(node)
    return keccak256(encoded) if len(encoded) >= 32 else node


def _hex_prefix(nibbles: tuple[int, ...], *, is_leaf: bool) -> bytes:
    """Source: yellow paper, appendix C."""
    flag = 2 * is_leaf + len(nibbles) % 2
    padded = (flag, *nibbles) if len(nibbles) % 2 else (flag, 0, *nibbles)
    return bytes(16 * high + low for high, low in zip(padded[::2], padded[1::2], strict=True))


def _nibbles(data: bytes) -> tuple[int, ...]:
    return tuple(nibble for byte in data for nibble in (byte >> 4, byte & 15))


def _data(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix("0x"))


def _integer(value: str) -> bytes:
    number = int(value, 16)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
