"""What an oracle has seen and done, on disk, so that a crash at any point loses nothing and repeats nothing.

One transaction holds the events of a block and the cursor (number *and* hash): either both are there or neither. The
latch outlives every restart. Nothing here is secret; secrets lie in the `SecretStore`.

Every commit is synced: a latch or an announced partial that a power cut could undo would be worth nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from governance.chain.headers import Header
from governance.chain.receipts import Log
from oracle.errors import DamagedJournal, WrongJournal

VERSION = 1
KEPT_REFUSALS = 10_000  # an RPC that lies differently at every block must not fill the disk
SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE cursor (only INTEGER PRIMARY KEY CHECK (only = 1), header TEXT NOT NULL);
CREATE TABLE latch (only INTEGER PRIMARY KEY CHECK (only = 1), reason TEXT NOT NULL, block INTEGER NOT NULL);
CREATE TABLE events (
    block INTEGER NOT NULL, place INTEGER NOT NULL, topic BLOB NOT NULL, subject BLOB NOT NULL,
    topics BLOB NOT NULL, data BLOB NOT NULL, address BLOB NOT NULL, PRIMARY KEY (block, place));
CREATE INDEX events_by_subject ON events (subject, topic);
CREATE INDEX events_by_block ON events (topic, block);
CREATE TABLE closed (request BLOB PRIMARY KEY, reason TEXT NOT NULL, block INTEGER NOT NULL);
CREATE TABLE answers (request BLOB PRIMARY KEY, partial_key BLOB NOT NULL, block INTEGER NOT NULL);
CREATE TABLE refusals (
    id INTEGER PRIMARY KEY, subject TEXT NOT NULL, rule TEXT NOT NULL, reason TEXT NOT NULL, block INTEGER NOT NULL);
CREATE TABLE sent (
    hash BLOB PRIMARY KEY, action TEXT NOT NULL, nonce INTEGER NOT NULL, raw BLOB NOT NULL, fields TEXT NOT NULL,
    since INTEGER NOT NULL, state TEXT NOT NULL, block INTEGER);
CREATE INDEX sent_by_action ON sent (action);
"""


@dataclass(frozen=True)
class Sent:
    """A transaction that this oracle signed. `state` is pending, mined, failed, replaced or dropped."""

    hash: bytes
    action: str  # what it does, such as "approve/0x1234…": one action is never under way twice
    nonce: int
    raw: bytes
    fields: Mapping[str, Any]
    since: int  # the finalized block when it was made
    state: str
    block: int | None  # where it was mined, as an RPC says


@dataclass(frozen=True)
class Refusal:
    """What this oracle refused, by which rule, at which finalized block."""

    subject: str
    rule: str
    reason: str
    block: int


class Journal:
    """The journal of one oracle for one deployment."""

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        """Opened, and made if there was none. `about` names chain, contract and oracle, and never changes.

        Raises: WrongJournal, DamagedJournal.
        """
        self._path = path
        is_new = not path.exists()
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            path.chmod(0o600)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            if is_new or not self._has_tables():
                self._create(about)
            known = dict(self._db.execute("SELECT key, value FROM about"))
        except sqlite3.DatabaseError as e:
            raise DamagedJournal(f"{path} is not a journal: {e}") from e
        wanted = {"version": str(VERSION), **about}
        if known != wanted:
            differing = sorted(key for key in wanted.keys() | known.keys() if wanted.get(key) != known.get(key))
            raise WrongJournal(f"{path} was written for another {', '.join(differing)}")

    def close(self) -> None:
        """Nothing more is written."""
        self._db.close()

    # ---- the chain as it was read ------------------------------------------------------------------------------------

    @property
    def cursor(self) -> Header | None:
        """The finalized block up to which every event was read."""
        row = self._db.execute("SELECT header FROM cursor").fetchone()
        return None if row is None else _header_from(json.loads(row[0]))

    def advance(self, header: Header, logs: Sequence[Log]) -> None:
        """The events and the cursor behind them are on disk, together."""
        rows = [(log.block, log.index, log.topics[0], log.topics[1], b"".join(log.topics), log.data, log.address)
                for log in logs if len(log.topics) > 1]  # fmt: skip  # every event of Committee has a subject
        with self._transaction():
            self._db.executemany("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._db.execute("INSERT OR REPLACE INTO cursor VALUES (1, ?)", (_header_to(header),))

    def logs(self, topic: bytes, subject: bytes | None = None, *, after: int = -1) -> list[Log]:
        """The events with that first topic, and that second one if it is given, of later blocks, oldest first."""
        query = "SELECT address, topics, data, block, place FROM events WHERE topic = ? AND block > ?"
        arguments: list[Any] = [topic, after]
        if subject is not None:
            query, arguments = query + " AND subject = ?", [*arguments, subject]
        rows = self._db.execute(query + " ORDER BY block, place", arguments)
        return [
            Log(address, tuple(topics[at : at + 32] for at in range(0, len(topics), 32)), data, block, place)
            for address, topics, data, block, place in rows
        ]

    def count(self, subject: bytes) -> int:
        """How many events have that second topic: a number that changes when something about it has happened."""
        return int(self._db.execute("SELECT count(*) FROM events WHERE subject = ?", (subject,)).fetchone()[0])

    # ---- the latch ---------------------------------------------------------------------------------------------------

    @property
    def latch(self) -> str | None:
        """Why this oracle answers nothing any more, or None."""
        row = self._db.execute("SELECT reason FROM latch").fetchone()
        return None if row is None else str(row[0])

    def set_latch(self, reason: str, block: int) -> None:
        """The latch is set; the first reason stays."""
        self._db.execute("INSERT OR IGNORE INTO latch VALUES (1, ?, ?)", (reason, block))

    def reset_latch(self) -> None:
        """The latch is open, and the chain is read again from the beginning: what was believed may have been a lie."""
        with self._transaction():
            for table in ("latch", "cursor", "events", "closed"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608  names of our own

    # ---- what was decided --------------------------------------------------------------------------------------------

    def close_request(self, request_id: bytes, reason: str, block: int) -> None:
        """The request needs nothing more from this oracle."""
        self._db.execute("INSERT OR IGNORE INTO closed VALUES (?, ?, ?)", (request_id, reason, block))

    def is_closed(self, request_id: bytes) -> bool:
        return self._db.execute("SELECT 1 FROM closed WHERE request = ?", (request_id,)).fetchone() is not None

    def answer(self, request_id: bytes) -> bytes | None:
        """The partial that was made for that request, or None."""
        row = self._db.execute("SELECT partial_key FROM answers WHERE request = ?", (request_id,)).fetchone()
        return None if row is None else bytes(row[0])

    def keep_answer(self, request_id: bytes, partial_key: bytes, block: int) -> None:
        """The partial is on disk before anybody sees it, so that there is never a second one."""
        self._db.execute("INSERT INTO answers VALUES (?, ?, ?)", (request_id, partial_key, block))

    def keep_refusal(self, refusal: Refusal) -> bool:
        """The refusal is on disk; False if it only repeats the last one about its subject."""
        last = self._db.execute(
            "SELECT rule, reason FROM refusals WHERE subject = ? ORDER BY id DESC LIMIT 1", (refusal.subject,)
        ).fetchone()
        if last == (refusal.rule, refusal.reason):
            return False
        self._db.execute(
            "INSERT INTO refusals (subject, rule, reason, block) VALUES (?, ?, ?, ?)",
            (refusal.subject, refusal.rule, refusal.reason, refusal.block),
        )
        self._db.execute("DELETE FROM refusals WHERE id <= last_insert_rowid() - ?", (KEPT_REFUSALS,))
        return True

    def refusals(self, last: int = 20) -> list[Refusal]:
        """The newest refusals, newest first."""
        rows = self._db.execute(
            "SELECT subject, rule, reason, block FROM refusals ORDER BY id DESC LIMIT ?", (last,)
        ).fetchall()
        return [Refusal(*row) for row in rows]

    # ---- what was sent -----------------------------------------------------------------------------------------------

    def keep_sent(self, sent: Sent, *, replaces: bytes | None = None) -> None:
        """The transaction is on disk before it leaves; the one that it replaces is marked so."""
        row = (sent.hash, sent.action, sent.nonce, sent.raw, json.dumps(dict(sent.fields)), sent.since, sent.state,
               sent.block)  # fmt: skip
        with self._transaction():
            if replaces is not None:
                self._db.execute("UPDATE sent SET state = 'replaced' WHERE hash = ?", (replaces,))
            self._db.execute("INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def mark_sent(self, tx_hash: bytes, state: str, block: int | None = None) -> None:
        self._db.execute("UPDATE sent SET state = ?, block = ? WHERE hash = ?", (state, block, tx_hash))

    def sent(self, *, action: str | None = None, state: str | None = None, last: int = 1000) -> list[Sent]:
        """The newest transactions, newest first, of that action and in that state."""
        rows = self._db.execute(
            "SELECT hash, action, nonce, raw, fields, since, state, block FROM sent"
            " WHERE (? IS NULL OR action = ?) AND (? IS NULL OR state = ?) ORDER BY rowid DESC LIMIT ?",
            (action, action, state, state, last),
        )
        return [
            Sent(tx_hash, action, nonce, raw, json.loads(fields_), since, state_, block)
            for tx_hash, action, nonce, raw, fields_, since, state_, block in rows
        ]

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _has_tables(self) -> bool:
        return self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'about'").fetchone() is not None

    def _create(self, about: Mapping[str, str]) -> None:
        with self._transaction():
            for statement in filter(str.strip, SCHEMA.split(";")):
                self._db.execute(statement)
            rows = {"version": str(VERSION), **about}.items()
            self._db.executemany("INSERT INTO about VALUES (?, ?)", list(rows))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _header_to(header: Header) -> str:
    return json.dumps(
        {key: value.hex() if isinstance(value, bytes) else value for key, value in asdict(header).items()}
    )


def _header_from(values: Mapping[str, Any]) -> Header:
    kept: dict[str, Any] = {}
    for field in fields(Header):
        value = values[field.name]
        kept[field.name] = bytes.fromhex(value) if isinstance(value, str) else value
    return Header(**kept)
