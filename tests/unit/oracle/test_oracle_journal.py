"""The journal: what was written is there after any crash, together or not at all."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from governance.chain.headers import Header
from governance.chain.receipts import Log
from oracle import journal as journal_module
from oracle.errors import DamagedJournal, WrongJournal
from oracle.journal import Journal, Refusal, Sent

ABOUT = {"chain": "31337", "committee": "0xc0", "oracle": "0x01"}
TOPIC, SUBJECT, OTHER = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
HEADER = Header(7, b"\x07" * 32, b"\x06" * 32, b"\x11" * 32, b"\x12" * 32, b"\x13" * 32, 1_000, b"\x00" * 256)
SENT = Sent(b"\xaa" * 32, "approve/0x01", 4, b"raw", {"nonce": 4, "maxFeePerGas": 10**20}, 7, "pending", None)


def log(block: int, index: int = 0, *, topic: bytes = TOPIC, subject: bytes = SUBJECT) -> Log:
    return Log(b"\xc0" * 20, (topic, subject, OTHER), b"data", block, index)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite", ABOUT)


def reopen(journal: Journal, tmp_path: Path) -> Journal:
    journal.close()
    return Journal(tmp_path / "journal.sqlite", ABOUT)


@pytest.mark.parametrize("name", list(ABOUT))
def test_journal_of_another_deployment_is_refused(journal: Journal, tmp_path: Path, name: str) -> None:
    journal.close()
    with pytest.raises(WrongJournal, match=name):
        Journal(tmp_path / "journal.sqlite", {**ABOUT, name: "another"})


def test_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database, but long enough to be looked at" * 50)
    with pytest.raises(DamagedJournal):
        Journal(path, ABOUT)


def test_journal_of_a_later_version_is_refused(journal: Journal, tmp_path: Path) -> None:
    journal.close()
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.execute("UPDATE about SET value = '99' WHERE key = 'version'")
    with pytest.raises(WrongJournal, match="version"):
        Journal(tmp_path / "journal.sqlite", ABOUT)


def test_journal_is_readable_by_its_owner_alone(journal: Journal, tmp_path: Path) -> None:
    assert (tmp_path / "journal.sqlite").stat().st_mode & 0o077 == 0


def test_journal_whose_making_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "journal.sqlite").close()
    (tmp_path / "journal.sqlite").touch()
    assert Journal(tmp_path / "journal.sqlite", ABOUT).cursor is None


def test_cursor_and_events_survive_together(journal: Journal, tmp_path: Path) -> None:
    assert journal.cursor is None
    journal.advance(HEADER, [log(6), log(7), log(7, 1, subject=OTHER)])
    again = reopen(journal, tmp_path)
    assert again.cursor == HEADER
    assert again.logs(TOPIC) == [log(6), log(7), log(7, 1, subject=OTHER)]


def test_events_are_found_by_topic_subject_and_block(journal: Journal) -> None:
    journal.advance(HEADER, [log(6), log(7, topic=OTHER), log(7, 1), log(5, 3)])
    assert journal.logs(TOPIC, SUBJECT) == [log(5, 3), log(6), log(7, 1)]
    assert journal.logs(TOPIC, SUBJECT, after=6) == [log(7, 1)]
    assert journal.logs(TOPIC, OTHER) == []
    assert journal.count(SUBJECT) == 4


def test_event_that_is_read_again_is_there_once(journal: Journal) -> None:
    journal.advance(HEADER, [log(6)])
    journal.advance(HEADER, [log(6)])
    assert journal.logs(TOPIC) == [log(6)]


def test_advance_that_fails_leaves_neither_event_nor_cursor(journal: Journal) -> None:
    with pytest.raises(sqlite3.Error):
        journal.advance(HEADER, [log(6), replace(log(7), data=object())])  # type: ignore[arg-type]
    assert journal.cursor is None
    assert journal.logs(TOPIC) == []
    journal.advance(HEADER, [log(6)])  # and it can be written to as before
    assert journal.cursor == HEADER


def test_latch_survives_a_restart_and_keeps_its_first_reason(journal: Journal, tmp_path: Path) -> None:
    assert journal.latch is None
    journal.set_latch("block 7 changed", 7)
    journal.set_latch("block 9 changed", 9)
    assert reopen(journal, tmp_path).latch == "block 7 changed"


def test_reset_forgets_what_was_believed_and_keeps_what_was_done(journal: Journal) -> None:
    journal.advance(HEADER, [log(6)])
    journal.close_request(SUBJECT, "answered", 7)
    journal.keep_answer(SUBJECT, b"partial", 7)
    journal.keep_sent(SENT)
    journal.set_latch("block 7 changed", 7)
    journal.reset_latch()
    assert (journal.latch, journal.cursor, journal.logs(TOPIC)) == (None, None, [])
    assert not journal.is_closed(SUBJECT)
    assert journal.answer(SUBJECT) == b"partial"
    assert journal.sent() == [SENT]


def test_answer_is_kept_once(journal: Journal, tmp_path: Path) -> None:
    assert journal.answer(SUBJECT) is None
    journal.keep_answer(SUBJECT, b"partial", 7)
    with pytest.raises(sqlite3.IntegrityError):
        journal.keep_answer(SUBJECT, b"other", 8)
    assert reopen(journal, tmp_path).answer(SUBJECT) == b"partial"


def test_refusal_is_news_only_when_it_differs_from_the_last_of_its_subject(journal: Journal) -> None:
    refusal = Refusal("request/0x01", "R-Oracle-01", "a stop stands", 7)
    assert journal.keep_refusal(refusal)
    assert not journal.keep_refusal(replace(refusal, block=8))
    assert journal.keep_refusal(replace(refusal, subject="request/0x02"))
    assert journal.keep_refusal(replace(refusal, rule="R-Oracle-02"))
    assert journal.keep_refusal(refusal)
    assert [each.rule for each in journal.refusals(2)] == ["R-Oracle-01", "R-Oracle-02"]


def test_refusals_of_long_ago_are_forgotten(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "KEPT_REFUSALS", 5)
    for at in range(12):
        journal.keep_refusal(Refusal("request/0x01", "R-Oracle-02", f"lie {at}", at))
    assert [each.block for each in journal.refusals(100)] == [11, 10, 9, 8, 7]


def test_transactions_are_found_by_action_and_state(journal: Journal, tmp_path: Path) -> None:
    journal.keep_sent(SENT)
    other = replace(SENT, hash=b"\xbb" * 32, action="post/0x01", nonce=5)
    journal.keep_sent(other)
    journal.mark_sent(SENT.hash, "mined", 9)
    journal = reopen(journal, tmp_path)
    assert journal.sent() == [other, replace(SENT, state="mined", block=9)]
    assert journal.sent(state="pending") == [other]
    assert journal.sent(action=SENT.action) == [replace(SENT, state="mined", block=9)]
    assert journal.sent(last=1) == [other]


def test_replacement_marks_what_it_replaces_in_the_same_transaction(journal: Journal) -> None:
    journal.keep_sent(SENT)
    replacement = replace(SENT, hash=b"\xbb" * 32)
    journal.keep_sent(replacement, replaces=SENT.hash)
    assert journal.sent(state="pending") == [replacement]
    assert journal.sent(state="replaced") == [replace(SENT, state="replaced")]


WRITER = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_oracle_journal import ABOUT, HEADER, SUBJECT, log
from oracle.journal import Journal
journal = Journal(Path(sys.argv[1]), ABOUT)
journal.advance(HEADER, [log(6)])
journal.keep_answer(SUBJECT, b"partial", 7)
journal.set_latch("block 7 changed", 7)
os.kill(os.getpid(), 9)
"""


def test_what_was_written_is_there_after_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    command = [sys.executable, "-c", WRITER, str(path), str(Path(__file__).parent)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    assert subprocess.run(command, check=False, env=environment).returncode == -9
    journal = Journal(path, ABOUT)
    assert journal.cursor == HEADER
    assert journal.logs(TOPIC) == [log(6)]
    assert journal.answer(SUBJECT) == b"partial"
    assert journal.latch == "block 7 changed"
