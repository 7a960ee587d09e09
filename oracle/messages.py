"""What an oracle says to the Committee contract and hears from it, as bytes.

The typed client in `governance.ledger` does the same through web3, which costs a process 40 MB and most of a second;
five oracles run on one small machine here, and one oracle runs for months beside other things elsewhere. A test holds
the two together, byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, cast

from governance.chain.receipts import Log
from governance.encoding.abi import abi_type, decode_values, encode_values
from governance.encoding.committee import split_words
from governance.encoding.errors import NotDecodable
from governance.encoding.keccak import keccak256
from governance.encoding.structs import Array
from governance.ledger.artifacts import load_artifact
from governance.types import (
    Address,
    Epoch,
    Fault,
    Hash32,
    MemberIndex,
    Phase,
    ReleaseId,
    RequestId,
)
from governance.types.events import EVENTS
from governance.types.events.committee import CommitteeEvent
from oracle.errors import StrangeEvent


def encode_register(epoch: Epoch, transport_key: bytes, commitments_hash: Hash32) -> bytes:
    return _call("register", ("uint64", "bytes", "bytes32"), (epoch, transport_key, commitments_hash))


def encode_deal(epoch: Epoch, commitments: bytes, proof: bytes, envelopes: Sequence[bytes]) -> bytes:
    return _call("deal", ("uint64", "bytes", "bytes", Array("bytes")), (epoch, commitments, proof, envelopes))


def encode_complain(epoch: Epoch, dealers: Sequence[MemberIndex]) -> bytes:
    return _call("complain", ("uint64", Array("uint16")), (epoch, dealers))


def encode_answer(epoch: Epoch, commitments: bytes, shares: Sequence[bytes]) -> bytes:
    return _call("answer", ("uint64", "bytes", Array("bytes32")), (epoch, commitments, shares))


def encode_settle(epoch: Epoch, commitments: Sequence[bytes]) -> bytes:
    return _call("settle", ("uint64", Array("bytes")), (epoch, commitments))


def encode_acknowledge(epoch: Epoch, proof: bytes) -> bytes:
    return _call("acknowledge", ("uint64", "bytes"), (epoch, proof))


def encode_advance(epoch: Epoch) -> bytes:
    return _call("advance", ("uint64",), (epoch,))


def encode_approve(request_id: RequestId) -> bytes:
    return _call("approve", ("bytes32",), (request_id,))


def encode_post(
    request_id: RequestId,
    release_id: ReleaseId,
    worker: Address,
    partial_key: bytes,
    transport_key: bytes,
    verification_key: bytes,
) -> bytes:
    g1, g2 = Array("bytes32", 4), Array("bytes32", 8)
    points = tuple(split_words(point) for point in (partial_key, transport_key, verification_key))
    return _call("post", ("bytes32", "bytes32", "address", g1, g1, g2), (request_id, release_id, worker, *points))


def compute_dealing_hash(commitments: bytes, envelopes: Sequence[bytes]) -> Hash32:
    """keccak256(abi.encode(commitments, envelopes)), which the contract keeps of every dealing."""
    return Hash32(keccak256(encode_values(("bytes", Array("bytes")), (commitments, envelopes))))


def decode_log(log: Log) -> CommitteeEvent:
    """The event that this log of the Committee contract is.

    Raises: StrangeEvent.
    """
    shape = _events().get(log.topics[0] if log.topics else b"")
    if shape is None or len(log.topics) != 1 + len(shape.indexed):
        raise StrangeEvent(f"log {log.index} of block {log.block} is no event of Committee")
    try:
        found = dict(zip(shape.plain, decode_values(tuple(shape.plain.values()), log.data, strict=False), strict=True))
        for (name, schema), topic in zip(shape.indexed.items(), log.topics[1:], strict=True):
            (found[name],) = decode_values((schema,), topic, strict=False)
    except NotDecodable as e:
        raise StrangeEvent(f"log {log.index} of block {log.block} is no {shape.name}: {e.message}") from e
    return cast(CommitteeEvent, EVENTS["Committee"][shape.name](*(found[name] for name in shape.order)))


def event_topic(name: str) -> bytes:
    """Topic 0 of that event of Committee."""
    return next(topic for topic, shape in _events().items() if shape.name == name)


_ENUMS = {"enum ICommittee.Phase": Phase, "enum ICommittee.Fault": Fault}


class _Shape(NamedTuple):
    name: str
    order: list[str]
    indexed: dict[str, Any]  # by name, in the order of the topics
    plain: dict[str, Any]  # by name, in the order of the data


@cache
def _events() -> dict[bytes, _Shape]:
    """Every event of Committee by its first topic."""
    shapes = {}
    for entry in load_artifact("Committee").abi:
        if entry["type"] != "event":
            continue
        inputs = entry["inputs"]
        schemas = {each["name"]: _schema(each["type"], each.get("internalType", "")) for each in inputs}
        indexed = {each["name"]: schemas[each["name"]] for each in inputs if each["indexed"]}
        plain = {name: schema for name, schema in schemas.items() if name not in indexed}
        signature = f"{entry['name']}({','.join(each['type'] for each in inputs)})"
        shapes[keccak256(signature.encode())] = _Shape(entry["name"], list(schemas), indexed, plain)
    return shapes


def _schema(abi: str, internal: str) -> Any:
    if internal in _ENUMS:
        return _ENUMS[internal]
    return Array(abi[:-2]) if abi.endswith("[]") else abi


def _call(name: str, schemas: tuple[Any, ...], values: tuple[object, ...]) -> bytes:
    types = ",".join(map(abi_type, schemas))
    return keccak256(f"{name}({types})".encode())[:4] + encode_values(schemas, values)
