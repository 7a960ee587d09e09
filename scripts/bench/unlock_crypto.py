"""Processor time that each step of a committee costs who takes it: the project's own functions, and no chain."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from unittest.mock import patch

from governance.crypto import vss
from governance.crypto.envelope import EnvelopeKeyPair
from governance.crypto.ibe import DataKey, WrapContext, unwrap, wrap
from governance.crypto.partial import combine, generate_transport_key, make_partial, verify_partial
from governance.crypto.points import g1_to_eip2537
from governance.crypto.vss import KeyShare, add_commitments, add_shares, compute_public_key_share
from governance.encoding.committee import CommitteeDomain
from governance.encoding.names import make_address
from governance.types import ChainId, Epoch, Hash32, Identity, MemberIndex, Phase
from oracle.dkg import (
    DealerFacts,
    DealingFacts,
    EpochFacts,
    MemberFacts,
    accept,
    make_dealing,
    make_envelopes,
    open_dealings,
)

EPOCH = Epoch(1)
ME = MemberIndex(1)
DATA_KEY = DataKey(bytes(range(32)))

T = TypeVar("T")


@contextmanager
def any_threshold() -> Iterator[None]:
    """t may be above (n + 1) / 2, which R-Committee-01 refuses: some sizes are measured that no committee may have."""
    with patch.object(vss, "check_committee", lambda threshold, members: None):
        yield


class Watch:
    """Processor time of this process, by step; each step is taken several times."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.ms: dict[str, float] = {}

    def time(self, step: str, take: Callable[[], T]) -> T:
        """What the step returns. Its median time is kept."""
        taken, results = [], []
        for _ in range(self.rounds):
            before = time.process_time()
            results.append(take())
            taken.append(1000 * (time.process_time() - before))
        self.ms[step] = round(statistics.median(taken), 2)
        return results[-1]


def measure_steps(size: int, threshold: int, rounds: int) -> dict[str, float]:
    """By step: one dealing with all its envelopes, all others' dealings verified, ..., t verified partials combined.

    Units: milliseconds of processor time.
    """
    with any_threshold():
        return _measure(size, threshold, Watch(rounds)).ms


def _measure(size: int, threshold: int, watch: Watch) -> Watch:
    indices = [MemberIndex(index) for index in range(1, size + 1)]
    accounts = [make_address(index.to_bytes(20, "big")) for index in indices]
    facts = EpochFacts(
        epoch=EPOCH,
        phase=Phase.ACKNOWLEDGING,
        threshold=threshold,
        slack=0,
        phase_ends_at=0,
        members=tuple(map(MemberFacts, indices, accounts)),
        dealers=tuple(map(DealerFacts, indices, accounts)),
        dealers_needed=threshold,
        settled=(1 << size) - 1,
    )
    domain = CommitteeDomain(ChainId(1), make_address(bytes(20)), EPOCH)
    keys = {index: EnvelopeKeyPair.generate() for index in indices}
    public = [(index, key.public.data) for index, key in keys.items()]

    def deal_all() -> tuple[vss.Commitments, list[bytes]]:
        made = make_dealing(facts, domain, ME)
        return made.commitments, make_envelopes(made, domain, ME, public)

    watch.time("deal", deal_all)
    dealings = {index: make_dealing(facts, domain, index) for index in indices}
    received = [
        DealingFacts(index, made.data, g1_to_eip2537(made.proof), make_envelopes(made, domain, index, public[:1])[0])
        for index, made in dealings.items()
    ]
    opened = watch.time("verify", lambda: open_dealings(facts, domain, ME, keys[ME], dealings[ME], received))
    accepted = watch.time("acknowledge", lambda: accept(facts, domain, ME, opened, indices))
    assert not opened.wrong

    identity, place = Identity(bytes(range(32))), Hash32(bytes(range(1, 33)))
    transport = generate_transport_key(identity, place)
    answers, chosen = [], indices[:threshold]
    for index in chosen:
        secret = add_shares({dealer: made.shares[index] for dealer, made in dealings.items()}, threshold)
        answers.append(make_partial(KeyShare(EPOCH, index, secret), identity, transport.public, place))
    watch.time("partial", lambda: make_partial(accepted.share, identity, transport.public, place))
    sums = add_commitments({dealer: made.commitments for dealer, made in dealings.items()}, threshold)
    share = compute_public_key_share(sums, threshold, ME)
    watch.time("verify partial", lambda: verify_partial(answers[0], transport.public, share))
    context = WrapContext(accepted.public_key, identity, Hash32(bytes(32)), Hash32(bytes(32)))
    wrapped = wrap(DATA_KEY, context)
    key = watch.time("combine", lambda: combine(answers, threshold, transport, identity, accepted.public_key))
    assert watch.time("open", lambda: unwrap(wrapped, key, context)) == DATA_KEY
    return watch
