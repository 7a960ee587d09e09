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
from functools import lru_cache
from typing import Any, ClassVar

from governance.chain.bulk import collector_at_rest
from governance.chain.errors import RpcUnavailable
from governance.chain.headers import Header
from governance.chain.pace import Pace
from governance.chain.proofs import EMPTY_TRIE
from governance.chain.view import JsonRpc
from governance.encoding import rlp
from governance.encoding.keccak import keccak256
from governance.errors import VerificationError

BATCH = 20  # blocks a request


class BadReceipts(VerificationError):
    """The receipts that an RPC gives for a block are not the block's."""

    hint: ClassVar[str] = "an RPC hid or invented an event: use another RPC, and find out why"


@dataclass(frozen=True, slots=True)
class Log:
    """An event as it stands under a receipts root."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    index: int  # its place among all logs of the block


def may_hold_logs_of(header: Header, address: str) -> bool:
    """False only if no contract at `address` emitted anything in that block. Source: yellow paper, section 4.3.1."""
    mask = _bloom_mask(address)
    return int.from_bytes(header.logs_bloom, "big") & mask == mask


def verify_receipts(header: Header, receipts: object, address: bytes | None = None) -> list[Log]:
    """The block's logs (of that contract) in order, once all its receipts were found to hash to its `receiptsRoot`.

    Raises: BadReceipts.
    """
    if not isinstance(receipts, list):
        raise BadReceipts(f"{header}: the answer holds no receipts")
    logs: list[Log] = []
    encoded: list[bytes] = []
    index = 0
    try:
        for receipt in receipts:
            entries = [
                (_data(log["address"]), tuple([_data(topic) for topic in log["topics"]]), _data(log["data"]))
                for log in receipt["logs"]
            ]
            encoded.append(_encode(receipt, entries))
            for at, (emitter, topics, data) in enumerate(entries, index):
                if address is None or emitter == address:
                    logs.append(Log(emitter, topics, data, header.number, at))
            index += len(entries)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as e:
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
    return keccak256(_node([(key, items[at]) for key, at in _ordered_keys(len(items))], 0))


def read_logs(rpc: JsonRpc, headers: Iterable[Header], address: str, pace: Pace | None = None) -> list[Log]:
    """Every log of the contract at `address` in those blocks, in order, by one RPC, each proven.

    `pace` remembers how many blocks that RPC takes in one request.
    Raises: BadReceipts, RpcUnavailable, RpcError.
    """
    wanted = bytes.fromhex(address.removeprefix("0x"))
    asked = [header for header in headers if may_hold_logs_of(header, address)]
    logs: list[Log] = []

    def ask(start: int, end: int) -> list[Any]:
        return rpc.batch([("eth_getBlockReceipts", [hex(header.number)]) for header in asked[start:end]])

    for start, end, answers in (pace or Pace(BATCH)).ask(0, len(asked), ask):
        with collector_at_rest():
            for header, receipts in zip(asked[start:end], answers, strict=True):
                if receipts is None:
                    raise RpcUnavailable(f"{rpc.name} has no receipts of {header}")
                logs += verify_receipts(header, receipts, wanted)
    return logs


@lru_cache(64)
def _bloom_mask(address: str) -> int:
    digest = keccak256(bytes.fromhex(address.removeprefix("0x")))
    mask = 0
    for at in (0, 2, 4):
        mask |= 1 << int.from_bytes(digest[at : at + 2], "big") % 2048
    return mask


def _encode(receipt: Mapping[str, Any], logs: Sequence[tuple[bytes, tuple[bytes, ...], bytes]]) -> bytes:
    body = rlp.encode_list(
        (
            rlp.encode_integer(int(receipt["status"], 16)),
            rlp.encode_integer(int(receipt["cumulativeGasUsed"], 16)),
            rlp.encode_bytes(_data(receipt["logsBloom"])),
            rlp.encode_list([_encode_log(*log) for log in logs]),
        )
    )
    kind = int(receipt.get("type") or "0x0", 16)
    return body if kind == 0 else bytes([kind]) + body


def _encode_log(address: bytes, topics: tuple[bytes, ...], data: bytes) -> bytes:
    listed = rlp.encode_list([rlp.encode_bytes(topic) for topic in topics])
    return rlp.encode_list((rlp.encode_bytes(address), listed, rlp.encode_bytes(data)))


@lru_cache(64)
def _ordered_keys(count: int) -> tuple[tuple[tuple[int, ...], int], ...]:
    """The keys of so many items as nibbles, sorted, each with its item's place: blocks are alike in this."""
    return tuple(sorted((_nibbles(rlp.encode_integer(at)), at) for at in range(count)))


def _node(pairs: Sequence[tuple[tuple[int, ...], bytes]], depth: int) -> bytes:
    """The encoded node over these pairs: sorted, alike in `depth` nibbles, no key the beginning of another."""
    first, last = pairs[0][0], pairs[-1][0]
    if len(pairs) == 1:
        return rlp.encode_list((_hex_prefix(first[depth:], is_leaf=True), rlp.encode_bytes(pairs[0][1])))
    shared = depth
    while first[shared] == last[shared]:
        shared += 1
    if shared > depth:
        return rlp.encode_list((_hex_prefix(first[depth:shared], is_leaf=False), _reference(_node(pairs, shared))))
    branch = [_NOTHING] * 17
    start = 0
    for end in range(1, len(pairs) + 1):
        if end == len(pairs) or pairs[end][0][depth] != pairs[start][0][depth]:
            branch[pairs[start][0][depth]] = _reference(_node(pairs[start:end], depth + 1))
            start = end
    return rlp.encode_list(branch)


def _reference(node: bytes) -> bytes:
    """How its parent names a node: itself if it is small, else its hash."""
    return rlp.encode_bytes(keccak256(node)) if len(node) >= 32 else node


@lru_cache(1024)
def _hex_prefix(nibbles: tuple[int, ...], *, is_leaf: bool) -> bytes:
    """The encoded path of a node. Source: yellow paper, appendix C."""
    flag = 2 * is_leaf + len(nibbles) % 2
    padded = (flag, *nibbles) if len(nibbles) % 2 else (flag, 0, *nibbles)
    return rlp.encode_bytes(bytes(16 * high + low for high, low in zip(padded[::2], padded[1::2], strict=True)))


def _nibbles(data: bytes) -> tuple[int, ...]:
    return tuple(nibble for byte in data for nibble in (byte >> 4, byte & 15))


def _data(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix("0x"))


_NOTHING = rlp.encode_bytes(b"")
