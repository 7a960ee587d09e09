"""An RPC that fails in each way that there is, at each method that an oracle uses: alone, and as the first of three."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from catalogue import fault_case
from fault_scene import FaultScene, Life
from lies import swallow
from lying_rpc import (
    Lie,
    LyingRpc,
    Manner,
    cut,
    hang,
    hang_up,
    lying_rpcs,
    refuse,
    say,
    tell,
)

pytestmark = pytest.mark.chain

SEND, MINED, KNOWN = "eth_sendRawTransaction", "eth_getTransactionReceipt", "eth_getTransactionByHash"
METHODS = (
    "eth_chainId",
    "eth_getBlockByNumber",
    "eth_getCode",
    "eth_getBlockReceipts",
    "eth_getProof",
    "eth_estimateGas",
    "eth_getTransactionCount",
    "eth_maxPriorityFeePerGas",
    SEND,
    MINED,
    KNOWN,
)
ALONE, FIRST = (*range(1, 11), 97), (*range(11, 21), 98)  # numbers of the cases
AFTER_SENDING = (MINED, KNOWN)
SLOW = 0.15  # [seconds] an oracle's time-out, where it is to pass

MANNERS: dict[str, tuple[Manner, str]] = {
    "silence": (hang, r"did not answer within|left alone"),
    "a closed connection": (hang_up, "cannot be reached"),
    "half an answer": (cut, "cannot be reached|no JSON"),
    "HTTP 503": (say(b"<html>down</html>", 503), "HTTP 503"),
    "HTTP 500": (say(b"<html>down</html>", 500), "HTTP 500 and no JSON"),
    "a redirection": (say(b"", 302, location="http://127.0.0.1:9/"), "HTTP 302 and no JSON"),
    "no JSON": (say(b"\xff\xfe{"), "no JSON"),
    "a list in a list in a list": (say(b"[" * 200_000), "no JSON"),
    "null": (say(b"null"), "did not answer what was asked|says nothing"),
    "an empty list": (say(b"[]"), "did not answer what was asked"),
    "ids that are lists": (say(b'[{"id": [], "result": "0x1"}]'), "did not answer what was asked"),
    "another id": (say(b'{"id": 7777777, "result": "0x1"}'), "did not answer what was asked|says nothing"),
}
VALUES: tuple[Any, ...] = (None, 7, [], "-0x1", "0x" + "f" * 9000)
RESULTS: dict[str, tuple[Lie, str]] = {
    "an error": (refuse(), "the node is syncing"),
    **{repr(value): (tell(value), r"\w") for value in VALUES},
    "a deep list": (tell(json.loads("[" * 900 + "]" * 900)), r"\w"),
}
HARMLESS = {
    "eth_maxPriorityFeePerGas": ("None", "7", "[]", "a deep list"),  # as good as none
    MINED: ("None",),  # not mined yet
    KNOWN: tuple(set(RESULTS) - {"an error"}),  # known or not, and the same transaction is sent again
}


@pytest.fixture
def rpcs(scene: FaultScene) -> Iterator[list[LyingRpc]]:
    with lying_rpcs(scene.url, 3) as made:
        yield made


def some(number: int) -> dict[str, tuple[Any, str]]:
    """Four of the manners, others for each method; all methods together meet them all, and more than once."""
    names = list(MANNERS)
    return {name: MANNERS[name] for name in (names[(4 * number + at) % len(names)] for at in range(4))}


@pytest.mark.parametrize(
    ("method", "failures"),
    [
        fault_case(
            f"RPC-{number:02}",
            f"the only RPC fails at `{method}` in {4 + len(results)} ways, from silence to nonsense",
            "nothing is sent while it lasts, the log says why; afterwards everything is done once",
            method,
            some(number) | results,
        )
        for number, method in zip(ALONE, METHODS, strict=True)
        for results in [{name: RESULTS[name] for name in RESULTS if name not in HARMLESS.get(method, ())}]
    ],
)
def test_only_rpc_fails(
    scene: FaultScene, rpcs: list[LyingRpc], method: str, failures: dict[str, tuple[Any, str]]
) -> None:
    (rpc, *_), life = rpcs, scene.live(rpcs[:1])
    unseen = {SEND: swallow, MINED: tell(None)} if method == KNOWN else {}  # only then it is asked for
    rpc.lies.update(unseen)
    if method in AFTER_SENDING:
        life.look(2)
    sent = scene.count()
    for name, (failure, reason) in failures.items():
        rpc.lies.update(unseen)
        fail_at(life, rpc, method, name, failure)
        life.look(2)
        assert_told(life, rpc, name, reason)
        assert scene.count() == sent, name
        rpc.be_honest()
    life.timeout = 10.0
    life.restart()
    life.assert_recovers()
    assert rpc.asked <= set(METHODS)  # no method is left out above


@pytest.mark.parametrize(
    ("method", "names"),
    [
        fault_case(
            f"RPC-{number:02}",
            f"the first of three RPCs fails at `{method}`: {', '.join(names)}",
            "everything is done once, by the other two; the log names the first",
            method,
            names,
        )
        for number, method in zip(FIRST, METHODS, strict=True)
        for names in [("a closed connection", "an error") if number % 2 else ("HTTP 503", "silence")]
    ],
)
def test_first_of_three_rpcs_fails(
    scene: FaultScene, rpcs: list[LyingRpc], method: str, names: tuple[str, ...]
) -> None:
    rpc = rpcs[0]
    for name in names:
        life = scene.live(rpcs)
        failure, reason = (MANNERS | RESULTS)[name]
        fail_at(life, rpc, method, name, failure)
        if method == KNOWN:
            for each in rpcs:
                each.lie(MINED, tell(None))
        life.look(4)
        assert '"rpc": "liar"' in assert_told(life, rpc, name, reason)
        life.assert_done()
        for each in rpcs:
            each.be_honest()
        life.close()


def fail_at(life: Life, rpc: LyingRpc, method: str, name: str, failure: Any) -> None:
    """From now on the RPC fails so, and the oracle begins anew."""
    rpc.told = 0
    life.hear()
    rpc.fail(method, failure) if name in MANNERS else rpc.lie(method, failure)
    life.timeout = SLOW if failure is hang else 10.0
    life.restart()


def assert_told(life: Life, rpc: LyingRpc, name: str, reason: str) -> str:
    """The lie was heard, and the log says so; returns what it says."""
    assert rpc.told, name
    said = life.hear()
    assert '"level": "warning"' in said or '"level": "refusal"' in said, (name, said)
    assert re.search(reason, said), (name, said)
    return said
