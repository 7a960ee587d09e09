"""What the curve denies, the committee refuses."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from governance.spec import committee, unlocks
from governance.spec.outcome import Outcome
from governance.types import MemberIndex
from governance.types.events.committee import PartialPosted, PartialRefused
from refusals import refused
from spec_charter import WORKER, label
from spec_committee import ONE, try_deal
from spec_world import World


class Points:
    """A curve on which everything is as one answer says: what the rules make of it is what is tested."""

    def __init__(self, **answers: bool) -> None:
        self.answers = answers

    def __getattr__(self, name: str) -> object:
        return lambda *_: self.answers.get(name, True)

    def combine(self, dealings: Mapping[MemberIndex, bytes], *, is_resharing: bool) -> bytes | None:
        if not self.answers.get("combine", True):
            return None
        return bytes(functools.reduce(lambda a, b: a ^ b, column) for column in zip(*dealings.values(), strict=True))

    def evaluate(self, points: bytes, index: MemberIndex) -> bytes:
        return label(points, index) * 8


def test_what_the_curve_denies_is_refused(forming: World) -> None:
    for place in range(5):
        forming.register(ONE, place)
    refused(try_deal(forming, 0, curve=Points(are_usable=False)), "R-Committee-09")
    refused(try_deal(forming, 0, curve=Points(is_dealer_possession=False)), "R-Committee-10")
    for place in range(4):
        forming.take(try_deal(forming, place, curve=Points()))  # type: ignore[arg-type]
    forming.take(try_deal(forming, 4, curve=Points()))  # type: ignore[arg-type]
    forming.take(committee.process_settle(forming.state, ONE, None, forming.now, Points()))  # type: ignore[arg-type]
    assert any(forming.state.committee.epochs[ONE].key_hash)
    acknowledge = committee.process_acknowledge
    curve = Points(is_share_possession=False)
    refused(acknowledge(forming.state, forming.oracle(0), ONE, b"proof", forming.now, curve), "R-Committee-10")
    for place in range(5):
        forming.take(acknowledge(forming.state, forming.oracle(place), ONE, b"proof", forming.now, Points()))
    release = forming.grant_release(forming.register_model())
    key, proof = bytes(128), bytes(64)
    ask = unlocks.process_request
    no_key = Points(is_transport_key=False)
    refused(ask(forming.state, WORKER, release, key, proof, forming.now, no_key), "R-Committee-09")
    request = forming.request(release)
    for place in range(3):
        forming.take(forming.try_approve(request, place))
    post = unlocks.process_post
    bad = Points(is_partial=False)
    recorded = post(forming.state, forming.oracle(0), request, b"partial", forming.now, bad)
    index = forming.state.committee.members[ONE][0].index
    event = PartialRefused(request, index, forming.oracle(0), b"partial")
    assert recorded == Outcome(forming.state, (event,))  # R-Committee-17: on record, and nothing else
    claim = post(forming.state, forming.oracle(0), request, b"", forming.now, Points(), claimed_wrong=True)
    assert isinstance(claim, Outcome)  # nobody is blamed for a right one: a log that says so diverges
    assert [type(each) for each in claim.events] == [PartialPosted]
    forming.take(post(forming.state, forming.oracle(0), request, b"", forming.now, Points()))


def test_sums_that_hold_the_identity_are_refused(forming: World) -> None:
    for place in range(5):
        forming.register(ONE, place)
    for place in range(5):
        forming.take(try_deal(forming, place, curve=Points()))  # type: ignore[arg-type]
    cancelling = Points(combine=False)
    refused(committee.process_settle(forming.state, ONE, None, forming.now, cancelling), "R-Committee-09")
    dealt = [forming.commitments(ONE, place) for place in range(5)]
    refused(committee.process_settle(forming.state, ONE, dealt[1:], forming.now, Points()), "R-Committee-24")
    swapped = [dealt[1], dealt[0], *dealt[2:]]
    refused(committee.process_settle(forming.state, ONE, swapped, forming.now, Points()), "R-Committee-08")
