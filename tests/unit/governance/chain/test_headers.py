"""Headers prove themselves: every field is under the hash, and a child names its parent."""

from __future__ import annotations

from itertools import pairwise

import pytest

from governance.chain.headers import BadHeader, verify_header, verify_link
from governance.chain.rpc import Rpc
from simulated_chain import NUMBERS, PRAGUE, make_block, seal

BLOCK = make_block(make_block(None))
CANCUN, SHANGHAI, LONDON = PRAGUE[:20], PRAGUE[:17], PRAGUE[:16]


@pytest.mark.parametrize("field", PRAGUE)
def test_header_is_refused_when_one_field_is_another(field: str) -> None:
    value = BLOCK[field]
    other = hex(int(value, 16) + 1) if field in NUMBERS else value[:-1] + ("1" if value[-1] != "1" else "2")
    if field == "extraData":
        other = "0x00"
    with pytest.raises(BadHeader, match="hashes to"):
        verify_header({**BLOCK, field: other})


@pytest.mark.parametrize("field", [*PRAGUE[:16], "hash"])
def test_header_is_refused_when_a_field_is_missing(field: str) -> None:
    with pytest.raises(BadHeader):
        verify_header({name: value for name, value in BLOCK.items() if name != field})


@pytest.mark.parametrize("field", PRAGUE[16:])
def test_header_is_refused_when_it_passes_for_one_of_an_older_fork(field: str) -> None:
    with pytest.raises(BadHeader):
        verify_header({name: value for name, value in BLOCK.items() if name != field})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("parentHash", "0x12"),
        ("stateRoot", "0x" + "00" * 33),
        ("logsBloom", "0x00"),
        ("number", "ten"),
        ("number", None),
        ("miner", 7),
        ("hash", "0x" + "zz" * 32),
        ("nonce", "0x" + "00" * 9),
    ],
)
def test_header_is_refused_when_a_field_is_malformed(field: str, value: object) -> None:
    with pytest.raises(BadHeader):
        verify_header({**BLOCK, field: value})


@pytest.mark.parametrize("fields", [PRAGUE, CANCUN, SHANGHAI, LONDON])
def test_header_of_each_fork_is_believed(fields: tuple[str, ...]) -> None:
    block = seal(BLOCK, fields)
    header = verify_header(block)
    assert "0x" + header.hash.hex() == block["hash"]
    assert (header.number, header.timestamp) == (1, int(BLOCK["timestamp"], 16))
    assert "0x" + header.state_root.hex() == BLOCK["stateRoot"]


def test_link_is_refused_when_the_child_names_another_parent() -> None:
    parent, other = make_block(None), make_block(None, salt=1)
    with pytest.raises(BadHeader, match="does not follow"):
        verify_link(verify_header(other), verify_header(make_block(parent)))


def test_link_is_refused_when_a_height_is_left_out() -> None:
    first = make_block(None)
    third = make_block(make_block(first))
    with pytest.raises(BadHeader, match="does not follow"):
        verify_link(verify_header(first), verify_header(third))


@pytest.mark.parametrize("timestamp", [1_001, 1_000, 0])
def test_link_is_refused_when_time_does_not_go_forward(timestamp: int) -> None:
    parent = make_block(None)
    assert int(parent["timestamp"], 16) == 1_001
    with pytest.raises(BadHeader, match="not later"):
        verify_link(verify_header(parent), verify_header(make_block(parent, timestamp=timestamp)))


@pytest.mark.chain
def test_headers_of_a_real_node_are_believed_and_linked(anvil) -> None:  # type: ignore[no-untyped-def]
    rpc = Rpc(anvil.url)
    rpc.call("anvil_setBlockTimestampInterval", 1)
    rpc.call("anvil_mine", "0x5")
    headers = [verify_header(rpc.block(number)) for number in range(6)]
    for parent, child in pairwise(headers):
        verify_link(parent, child)
    assert "bloom" not in repr(headers[0])
