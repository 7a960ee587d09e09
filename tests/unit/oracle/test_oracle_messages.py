"""What an oracle says and hears, held against the typed client that goes through web3, byte for byte."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from committee_player import play_key_generation
from governance.chain.headers import verify_header
from governance.chain.receipts import Log, read_logs
from governance.encoding.keccak import keccak256
from governance.encoding.names import make_address
from governance.ledger.codec import Call, encode_call
from governance.types import Epoch, Hash32, MemberIndex, ReleaseId, RequestId
from governance.types.events.committee import Dealt
from live_system import live_system
from oracle import messages
from oracle.errors import StrangeEvent
from oracle.messages import compute_dealing_hash, decode_log, event_topic

EPOCH, HASH, REQUEST = Epoch(3), Hash32(b"\x01" * 32), RequestId(b"\x02" * 32)
RELEASE, WORKER = ReleaseId(b"\x03" * 32), make_address(b"\x04" * 20)
COMMITMENTS, PROOF = b"c" * 768, b"p" * 128
ENVELOPES = [b"", b"one", b"x" * 1168]


@pytest.mark.parametrize(
    ("encoded", "call"),
    [
        (messages.encode_register(EPOCH, b"k" * 1216, HASH), ("register", EPOCH, b"k" * 1216, HASH)),
        (messages.encode_deal(EPOCH, COMMITMENTS, PROOF, ENVELOPES), ("deal", EPOCH, COMMITMENTS, PROOF, ENVELOPES)),
        (messages.encode_complain(EPOCH, [MemberIndex(9)]), ("complain", EPOCH, [9])),
        (messages.encode_answer(EPOCH, b"\1" * 256, [b"\2" * 32]), ("answer", EPOCH, b"\1" * 256, [b"\2" * 32])),
        (messages.encode_settle(EPOCH, [b"\1" * 256]), ("settle", EPOCH, [b"\1" * 256])),
        (messages.encode_acknowledge(EPOCH, b"p" * 128), ("acknowledge", EPOCH, b"p" * 128)),
        (messages.encode_advance(EPOCH), ("advance", EPOCH)),
        (messages.encode_approve(REQUEST), ("approve", REQUEST)),
        (
            messages.encode_post(REQUEST, RELEASE, WORKER, b"1" * 128, b"2" * 128, b"3" * 256),
            (
                "post", REQUEST, RELEASE, WORKER,
                *([digit * 32] * words for digit, words in ((b"1", 4), (b"2", 4), (b"3", 8))),
            ),
        ),
    ],
)  # fmt: skip
def test_call_is_encoded_as_web3_encodes_it(encoded: bytes, call: tuple[Any, ...]) -> None:
    assert encoded == encode_call(Call("Committee", call[0], call[1:]))


@pytest.mark.chain
def test_every_event_of_a_key_generation_is_read_as_web3_reads_it(tmp_path: Any) -> None:
    with live_system(tmp_path) as system:
        play_key_generation(system)
        rpc, ledger = system.anvil.rpc, system.ledger
        address = ledger.deployment.addresses["Committee"]
        headers = [verify_header(rpc.block(number)) for number in range(int(rpc.block()["number"], 16) + 1)]
        logs = read_logs(rpc, headers, address)
        expected = [record for record in ledger.events() if record.contract == "Committee"]
        assert [decode_log(log) for log in logs] == [record.event for record in expected]
        assert [log.block for log in logs] == [record.block for record in expected]
        names = {record.name for record in expected}
        assert names == {
            "EpochStarted", "MemberNamed", "TransportKeyRegistered", "PhaseAdvanced", "Dealt", "Settled",
            "Acknowledged", "EpochInForce",
        }  # fmt: skip
        for log, record in zip(logs, expected, strict=True):
            assert log.topics[0] == event_topic(record.name)
        kept = [ledger.committee.get_dealing(Epoch(1), place) for place in range(5)]
        dealings = [event for event in map(decode_log, logs) if isinstance(event, Dealt)]
        hashes = [compute_dealing_hash(event.commitments, event.envelopes) for event in dealings]
        assert hashes == [dealing.dealing_hash for dealing in kept]

        with pytest.raises(StrangeEvent, match="no EpochStarted"):
            decode_log(replace(logs[0], data=logs[0].data[:-40]))


@pytest.mark.parametrize("topics", [(), (b"\x01" * 32,), (keccak256(b"EpochInForce(uint64,bytes32,bytes)"),)])
def test_log_that_is_no_event_of_committee_is_refused(topics: tuple[bytes, ...]) -> None:
    with pytest.raises(StrangeEvent, match="no event of Committee"):
        decode_log(Log(b"\xc0" * 20, topics, b"", 7, 0))


def test_oracle_does_not_carry_web3() -> None:
    program = (
        "import sys, oracle.service, oracle.commands\n"
        "from governance.ledger.reverts import explain_revert\n"
        "from oracle.messages import encode_approve, event_topic\n"
        "encode_approve(bytes(32)); event_topic('Dealt'); explain_revert(bytes(4), called='approve')\n"
        "print([name for name in ('web3', 'torch') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
