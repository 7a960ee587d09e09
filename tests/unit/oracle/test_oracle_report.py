"""What an oracle tells: machines get JSON, people get words, and nobody gets a secret or the same trouble twice."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from governance.crypto.envelope import EnvelopeKeyPair
from governance.crypto.group import Scalar
from governance.crypto.vss import KeyShare
from governance.types import Epoch, MemberIndex
from oracle.journal import Journal
from oracle.report import Report

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite", {})


def speak(journal: Journal, *, is_human: bool = False) -> tuple[Report, io.StringIO]:
    stream = io.StringIO()
    report = Report(journal, stream=stream, is_human=is_human, clock=lambda: NOON)
    report.block = 7
    return report, stream


def test_line_for_machines_is_one_json_object(journal: Journal) -> None:
    report, stream = speak(journal)
    report.info("sent", action="approve/0x01", tx=b"\xab\xcd", nonce=3)
    assert json.loads(stream.getvalue()) == {
        "time": "2026-11-23T12:00:00.000+00:00",
        "level": "info",
        "block": 7,
        "event": "sent",
        "action": "approve/0x01",
        "tx": "0xabcd",
        "nonce": 3,
    }


def test_line_for_people_is_short(journal: Journal) -> None:
    report, stream = speak(journal, is_human=True)
    report.info("epoch_ended", epoch=1, tx=b"\xab" * 32, why=None)
    report.trouble("unavailable", "the RPC is down")
    assert stream.getvalue().splitlines() == [
        "12:00:00 block 7 epoch ended epoch=1 tx=0xabababab…",
        "12:00:00 block 7 warning: unavailable reason=the RPC is down",
    ]


def test_words_of_a_node_cannot_look_like_lines_of_ours(journal: Journal) -> None:
    report, stream = speak(journal, is_human=True)
    report.trouble("doubted", "no\n12:00:01 block 8 sent\x1b[2K\u202e", rpc="liar")
    assert stream.getvalue().splitlines() == [
        "12:00:00 block 7 warning: doubted rpc=liar reason=no?12:00:01 block 8 sent?[2K?"
    ]


def test_trouble_of_two_rpcs_is_told_and_ended_for_each(journal: Journal) -> None:
    report, stream = speak(journal)
    for rpc in ("first", "second", "first"):
        report.trouble("doubted", "it lies", rpc=rpc)
    report.over("doubted", rpc="second")
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line["rpc"]) for line in told] == [
        ("doubted", "first"),
        ("doubted", "second"),
        ("doubted_over", "second"),
    ]


def test_refusal_is_told_with_its_rule_when_it_is_news(journal: Journal) -> None:
    report, stream = speak(journal)
    for _ in range(3):
        report.refused("request/0x01", "R-Oracle-01", "a stop stands")
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["level"], line["rule"], line["reason"]) == ("refusal", "R-Oracle-01", "a stop stands")
    assert [refusal.subject for refusal in journal.refusals()] == ["request/0x01"]


def test_trouble_is_told_once_and_so_is_its_end(journal: Journal) -> None:
    report, stream = speak(journal)
    report.over("unavailable")
    for reason in ("down", "down", "slow"):
        report.trouble("unavailable", reason)
    report.over("unavailable")
    report.over("unavailable")
    events = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert events == ["unavailable", "unavailable", "unavailable_over"]


def test_closed_terminal_does_not_end_the_oracle(journal: Journal) -> None:
    report, stream = speak(journal)
    stream.close()
    report.info("sent")


def test_secret_that_is_told_by_mistake_shows_nothing(journal: Journal) -> None:
    report, stream = speak(journal, is_human=True)
    scalar, pair = Scalar.random(), EnvelopeKeyPair.generate()
    share = KeyShare(Epoch(1), MemberIndex(2), scalar)
    report.info("mistake", scalar=scalar, share=share, pair=pair)
    assert scalar.reveal().hex() not in stream.getvalue()
    assert pair.reveal().hex() not in stream.getvalue()
