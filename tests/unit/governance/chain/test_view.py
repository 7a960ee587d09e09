"""The view over several RPCs: what is believed, and how little one liar can do."""

from __future__ import annotations

import pytest

from governance.chain import view as view_module
from governance.chain.headers import verify_header
from governance.chain.view import ChainStalled, ChainView, FinalityViolation, NoAgreement
from simulated_chain import Block, SimulatedChain, SimulatedRpc, make_block


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def look(rpcs: list[SimulatedRpc], agreement: int = 2, **options: object) -> ChainView:
    settings = {"stall_limit": 10.0, "monotonic": Clock(), **options}
    return ChainView(rpcs, agreement=agreement, **settings)  # type: ignore[arg-type]


def three(chain: SimulatedChain) -> list[SimulatedRpc]:
    return [SimulatedRpc(chain, f"rpc-{number}") for number in range(3)]


@pytest.fixture
def chain() -> SimulatedChain:
    made = SimulatedChain()
    made.grow(10)
    return made


@pytest.mark.parametrize("agreement", [0, 4])
def test_view_needs_an_agreement_that_its_rpcs_can_give(chain: SimulatedChain, agreement: int) -> None:
    with pytest.raises(NoAgreement):
        look(three(chain), agreement)


def test_refresh_finds_no_agreement_when_too_few_answer(chain: SimulatedChain) -> None:
    rpcs = three(chain)
    rpcs[0].is_down = rpcs[2].is_down = True
    with pytest.raises(NoAgreement, match="1 of 3"):
        look(rpcs).refresh()


def test_refresh_finds_no_agreement_when_nobody_answers(chain: SimulatedChain) -> None:
    rpcs = three(chain)
    for rpc in rpcs:
        rpc.is_down = True
    with pytest.raises(NoAgreement, match="no RPC answers"):
        look(rpcs).refresh()


def test_refresh_finds_no_agreement_when_all_name_different_blocks(chain: SimulatedChain) -> None:
    rpcs = [SimulatedRpc(chain.fork(3, salt=salt), f"rpc-{salt}") for salt in (1, 2, 3)]
    with pytest.raises(NoAgreement, match="3 different blocks"):
        look(rpcs).refresh()


def test_refresh_finds_no_agreement_when_two_pairs_contradict_each_other(chain: SimulatedChain) -> None:
    one, other = chain.fork(3, salt=1), chain.fork(3, salt=2)
    rpcs = [SimulatedRpc(each, f"rpc-{at}") for at, each in enumerate([one, one, other, other])]
    with pytest.raises(NoAgreement):
        look(rpcs).refresh()


def test_refresh_believes_what_two_of_three_name(chain: SimulatedChain) -> None:
    rpcs = three(chain)
    rpcs[1].chain = chain.fork(3, salt=9)
    assert look(rpcs).refresh().finalized == verify_header(chain.blocks[8])


def test_refresh_ignores_a_header_that_does_not_hash_to_what_it_says(chain: SimulatedChain) -> None:
    rpcs = three(chain)
    rpcs[0].lie = lambda tag, block: None if block is None else {**block, "timestamp": "0xffffffff"}
    heads = look(rpcs).refresh()
    assert heads.finalized == verify_header(chain.blocks[8])
    assert [rpc.name for rpc, _ in heads.latest] == ["rpc-1", "rpc-2"]


@pytest.mark.parametrize("answer", [None, "0x", 7, [], {}])
def test_refresh_ignores_an_rpc_that_answers_nonsense(chain: SimulatedChain, answer: object) -> None:
    rpcs = three(chain)
    rpcs[0].lie = lambda tag, block: answer  # type: ignore[assignment, return-value]
    assert len(look(rpcs).refresh().latest) == 2


def test_refresh_takes_the_highest_block_that_k_call_final(chain: SimulatedChain) -> None:
    rpcs = three(chain)
    rpcs[0].lag, rpcs[1].lag = 4, 1
    assert look(rpcs).refresh().finalized.number == 7
    assert look(rpcs, agreement=3).refresh().finalized.number == 4


def test_refresh_of_one_that_runs_ahead_is_not_believed(chain: SimulatedChain) -> None:
    rpcs = three(chain)
    ahead = SimulatedChain(list(chain.blocks))
    ahead.grow(50, salt=5)
    rpcs[0].chain = ahead
    assert look(rpcs).refresh().finalized.number == 8


def test_refresh_follows_every_block_once(chain: SimulatedChain) -> None:
    seen = look(three(chain), believed=verify_header(chain.blocks[2]))
    assert [header.number for header in seen.refresh().followed] == [3, 4, 5, 6, 7, 8]
    assert seen.refresh().followed == ()
    chain.grow(2)
    assert [header.number for header in seen.refresh().followed] == [9, 10]


def test_refresh_keeps_what_it_believed_when_the_rpcs_lag(chain: SimulatedChain) -> None:
    rpcs = three(chain)
    seen = look(rpcs)
    believed = seen.refresh().finalized
    for rpc in rpcs:
        rpc.lag = 3
    heads = seen.refresh()
    assert heads.finalized == believed
    assert heads.followed == ()


def test_refresh_is_violated_when_the_believed_block_is_another(chain: SimulatedChain) -> None:
    rpcs = three(chain)
    seen = look(rpcs)
    seen.refresh()
    for rpc in rpcs:
        rpc.chain = chain.fork(8, salt=3)
    with pytest.raises(FinalityViolation, match="block 8 was final"):
        seen.refresh()


@pytest.mark.parametrize("forked_at", [1, 7, 8])
def test_refresh_is_violated_when_later_blocks_do_not_descend(chain: SimulatedChain, forked_at: int) -> None:
    rpcs = three(chain)
    seen = look(rpcs)
    seen.refresh()
    other = chain.fork(forked_at, salt=3)
    other.grow(4, salt=3)
    for rpc in rpcs:
        rpc.chain = other
    with pytest.raises(FinalityViolation, match="does not descend"):
        seen.refresh()
    assert seen.believed == verify_header(chain.blocks[8])


def test_refresh_is_not_violated_by_one_liar_about_a_block_in_between(chain: SimulatedChain) -> None:
    rpcs = three(chain)
    seen = look(rpcs)
    seen.refresh()
    chain.grow(5)
    forged = make_block(chain.blocks[9], salt=77)
    rpcs[0].lie = lambda tag, block: forged if tag == "0xa" else block
    assert seen.refresh().finalized.number == 13


def test_refresh_is_not_violated_when_only_fewer_than_k_give_the_blocks_in_between(chain: SimulatedChain) -> None:
    rpcs = three(chain)
    seen = look(rpcs)
    seen.refresh()
    chain.grow(5)
    forged = make_block(chain.blocks[9], salt=77)

    def lie_about_ten(tag: str, block: Block | None) -> Block | None:
        return forged if tag == "0xa" else block

    def know_no_ten(tag: str, block: Block | None) -> Block | None:
        return None if tag == "0xa" else block

    rpcs[0].lie, rpcs[1].lie, rpcs[2].lie = lie_about_ten, know_no_ten, know_no_ten
    with pytest.raises(NoAgreement):
        seen.refresh()


def test_refresh_catches_up_in_steps_that_k_agree_on(chain: SimulatedChain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "MAX_STEP", 3)
    seen = look(three(chain), believed=verify_header(chain.blocks[0]))
    steps = []
    while (heads := seen.refresh()).followed:
        steps.append((heads.finalized.number, heads.behind))
    assert steps == [(3, 5), (6, 2), (8, 0)]


def test_refresh_catches_up_on_no_branch_of_one_liar(chain: SimulatedChain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "MAX_STEP", 3)
    rpcs = three(chain)
    fork = chain.fork(2, salt=8)
    rpcs[0].lie = lambda tag, block: fork.get(tag) if tag.startswith("0x") else block
    seen = look(rpcs, believed=verify_header(chain.blocks[0]))
    assert seen.refresh().finalized == verify_header(chain.blocks[3])


def test_begin_at_believes_the_block_that_k_name(chain: SimulatedChain) -> None:
    rpcs = three(chain)
    rpcs[2].chain = chain.fork(1, salt=4)
    seen = look(rpcs)
    assert seen.begin_at(4) == verify_header(chain.blocks[4])
    assert [header.number for header in seen.refresh().followed] == [5, 6, 7, 8]


def test_begin_at_never_believes_a_block_that_is_not_final(chain: SimulatedChain) -> None:
    assert look(three(chain)).begin_at(10).number == 8


def test_refresh_stalls_when_no_block_comes_within_the_limit(chain: SimulatedChain) -> None:
    clock = Clock()
    seen = look(three(chain), monotonic=clock)
    seen.refresh()
    clock.now = 10.0
    seen.refresh()
    clock.now = 10.1
    with pytest.raises(ChainStalled):
        seen.refresh()
    chain.grow()
    assert seen.refresh().newest.number == 11


def test_stall_is_not_hidden_by_one_that_invents_blocks(chain: SimulatedChain) -> None:
    clock = Clock()
    rpcs = three(chain)
    rpcs[0].chain = SimulatedChain(list(chain.blocks))
    seen = look(rpcs, monotonic=clock)
    for _ in range(10):
        rpcs[0].chain.grow(salt=7)
        clock.now += 1
        seen.refresh()
    rpcs[0].chain.grow(salt=7)
    clock.now += 2
    with pytest.raises(ChainStalled):
        seen.refresh()


def test_chain_that_only_forks_at_one_height_stands_still(chain: SimulatedChain) -> None:
    clock = Clock()
    rpcs = three(chain)
    seen = look(rpcs, monotonic=clock)
    seen.refresh()
    clock.now = 10.5
    for rpc in rpcs:
        rpc.chain = chain.fork(10, salt=3)
    with pytest.raises(ChainStalled):
        seen.refresh()


def test_heads_move_only_after_a_block_that_came_since_the_start(chain: SimulatedChain) -> None:
    seen = look(three(chain))
    assert not seen.refresh().is_moving
    assert not seen.refresh().is_moving
    chain.grow()
    assert seen.refresh().is_moving
    assert seen.refresh().is_moving


def test_newest_is_the_highest_of_all_latest_heads(chain: SimulatedChain) -> None:
    rpcs = three(chain)
    rpcs[0].lag = 2
    heads = look(rpcs).refresh()
    assert heads.newest.number == 10
    assert sorted(header.number for _, header in heads.latest) == [8, 10, 10]
