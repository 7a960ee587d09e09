"""Events by fixed offsets, beside the decoder that looks at each value by itself: one answer, or none."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from eth_abi.abi import encode

from governance.ledger import codec
from governance.ledger.artifacts import CONTRACTS, ContractName
from governance.ledger.codec import UndecodableAnswer, decode_event, decode_words
from governance.types.events import EVENTS

LONG_WAY = {"Dealt", "ParametersSet", "ProposalCreated", "SuccessorNamed"}  # arrays of bytes, texts or structs; structs
CASES = [(contract, name) for contract in CONTRACTS for name in EVENTS[contract] if name not in LONG_WAY]
Log = tuple[list[bytes], bytes]  # topics, data


def draw_value(kind: str, draw: random.Random, schema: Any) -> Any:
    if kind.endswith("[]"):
        return [draw_value(kind[:-2], draw, None) for _ in range(draw.randrange(4))]
    if kind in ("bytes", "string"):
        data = draw.randbytes(draw.choice((0, 1, 31, 32, 33, 100)))
        return data if kind == "bytes" else data.hex()
    if kind == "address":
        return "0x" + draw.randbytes(20).hex()
    if kind == "bool":
        return draw.random() < 0.5
    if isinstance(schema, type):
        return draw.choice(list(schema))
    size = int(re.sub("[a-z]", "", kind))
    if kind.startswith("bytes"):
        return draw.randbytes(size)
    extremes = (0, (1 << size) - 1) if kind.startswith("u") else (-(1 << size - 1), (1 << size - 1) - 1)
    return draw.choice((*extremes, draw.randint(*extremes)))


def draw_log(contract: ContractName, name: str, draw: random.Random) -> Log:
    topic, entry = next(item for item in codec._events_by_topic(contract).items() if item[1]["name"] == name)
    schemas = codec._field_schemas(EVENTS[contract][name])
    drawn = [
        (each["indexed"], each["type"], draw_value(each["type"], draw, schema))
        for each, schema in zip(entry["inputs"], schemas, strict=True)
    ]
    plain = [(kind, value) for indexed, kind, value in drawn if not indexed]
    topics = [topic, *(encode([kind], [value]) for indexed, kind, value in drawn if indexed)]
    return topics, encode([kind for kind, _ in plain], [value for _, value in plain])


def bend(log: Log, draw: random.Random) -> Log:
    """The log with one thing about it that is odd."""
    topics, data = list(log[0]), bytearray(log[1])
    what = draw.randrange(5)
    if what == 0 and len(topics) > 1:  # a bit of an indexed word
        at = draw.randrange(1, len(topics))
        topics[at] = (int.from_bytes(topics[at], "big") ^ 1 << draw.randrange(256)).to_bytes(32, "big")
    elif what == 1:
        data += bytes(draw.choice((1, 32)))
    elif what == 2:
        del data[-draw.choice((1, 32)) :]
    elif what == 3 and len(topics) > 1:
        topics.pop()
    elif data:
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return topics, bytes(data)


def to_rpc(log: Log) -> dict[str, Any]:
    return {"topics": ["0x" + topic.hex() for topic in log[0]], "data": "0x" + log[1].hex()}


def read_slowly(contract: ContractName, log: Log) -> object:
    try:
        return codec._decode_slowly(contract, *log)
    except UndecodableAnswer:
        return None


@pytest.mark.parametrize(("contract", "name"), CASES)
def test_log_is_read_as_the_long_way_reads_it_or_left_to_it(contract: ContractName, name: str) -> None:
    draw = random.Random(name)
    layout = codec._layouts(contract)[codec.event_topic(contract, name)]
    for _ in range(20):
        log = draw_log(contract, name, draw)
        expected = codec._decode_slowly(contract, *log)
        assert layout.read_words(*log) == expected
        assert type(layout.read_words(*log)) is EVENTS[contract][name]
        assert decode_event(contract, to_rpc(log)) == decode_words(contract, *log) == expected
        bent = bend(log, draw)
        read = layout.read_words(*bent)
        assert read is None or read == read_slowly(contract, bent)
        read = layout.read_hex(to_rpc(bent)["topics"], to_rpc(bent)["data"])
        assert read is None or read == read_slowly(contract, bent)


def test_events_without_a_layout_are_those_that_are_known_to_have_none() -> None:
    found = {
        name
        for contract in CONTRACTS
        for name in EVENTS[contract]
        if codec.event_topic(contract, name) not in codec._layouts(contract)
    }
    assert found == LONG_WAY


@pytest.mark.parametrize(
    "change",
    [
        lambda log: log | {"data": log["data"][:-2] + "  "},
        lambda log: log | {"data": log["data"][2:]},
        lambda log: log | {"data": log["data"] + "0"},
        lambda log: log | {"data": "0x" + "zz" * 32},
        lambda log: log | {"topics": [log["topics"][0], log["topics"][1][:-2] + " 0"]},
        lambda log: log | {"topics": [log["topics"][0], log["topics"][1][:-1]]},
        lambda log: log | {"topics": [log["topics"][0], log["topics"][1][2:] + "00"]},
    ],
)
def test_hex_that_is_not_plain_is_no_case_for_the_shortcut(change: Any) -> None:
    log = change(to_rpc(draw_log("Council", "VoteCast", random.Random(1))))
    layout = codec._layouts("Council")[codec.event_topic("Council", "VoteCast")]
    assert layout.read_hex(log["topics"], log["data"]) is None
