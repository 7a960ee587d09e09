// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {ProposalState, Support} from "../../src/types/Proposals.sol";
import {CouncilTest} from "./CouncilTest.t.sol";

contract CastVoteTest is CouncilTest {
    function test_castVote_reverts_byAStranger(address account) public {
        for (uint256 i; i < 15; ++i) {
            vm.assume(account != voters[i]);
        }
        uint256 id = proposeTier1();
        vm.prank(account);
        vm.expectRevert(notLive(account));
        council.castVote(id, 1);
    }

    function test_castVote_reverts_byASuspendedSeat(uint8 seat) public {
        seat %= 15;
        uint256 id = proposeTier4();
        suspend(seat);
        vm.expectRevert(notLive(voters[seat]));
        vote(id, seat, Support.For);
    }

    function test_castVote_reverts_byASeatThatCameLater() public {
        bytes memory action = grantSeat(grantOf(15, 0, "NZ"));
        address newcomer = grantOf(15, 0, "NZ").votingKey;
        uint256 change = propose(ActionKind.ChangeSeats, action);
        voteFor(change, EVERYONE);
        warpToEta(change);
        uint256 id = proposeTier4(); // one block before the newcomer
        council.execute(change, ActionKind.ChangeSeats, action);
        (, ISeats.Standing standing) = seats.seatOf(newcomer);
        assertTrue(standing == ISeats.Standing.Live, "seated");
        vm.prank(newcomer);
        vm.expectRevert(notEligible(id, 15));
        council.castVote(id, 1);
    }

    function test_castVote_reverts_forAnUnknownProposal(uint256 id) public {
        vm.expectRevert(unknown(id));
        vote(id, 0, Support.For);
    }

    function test_castVote_reverts_forSupportThatMeansNothing(uint8 support) public {
        support = uint8(bound(support, 3, 255));
        uint256 id = proposeTier1();
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.BadSupport.selector, support));
        council.castVote(id, support);
    }

    function test_castVote_reverts_afterTheClose(uint256 elapsed) public {
        uint256 id = proposeTier1();
        elapsed = bound(elapsed, 1, 3650 days);
        vm.warp(council.proposalDeadline(id) + elapsed);
        vm.expectRevert(unexpected(id, ProposalState.Defeated, ProposalState.Active));
        vote(id, 0, Support.For);
    }

    function test_castVote_reverts_onceCancelled() public {
        uint256 id = proposeTier1();
        vm.prank(voters[0]);
        council.cancel(id);
        vm.expectRevert(unexpected(id, ProposalState.Canceled, ProposalState.Active));
        vote(id, 0, Support.For);
    }

    function test_castVote_reverts_theFourthTime(uint8 seat, uint8[4] memory support) public {
        seat %= 15;
        uint256 id = proposeTier1();
        for (uint256 i; i < 3; ++i) {
            vote(id, seat, Support(support[i] % 3));
        }
        vm.expectRevert(abi.encodeWithSelector(ICouncil.TooManyBallots.selector, id, seat));
        vote(id, seat, Support(support[3] % 3));
    }

    function test_castVote_reverts_byAKeyThatWasRotatedAway() public {
        uint256 id = proposeTier1();
        address next = vm.addr(77);
        bytes memory possession = sign(77, seats.rotationDigest(4, next));
        vm.prank(guardians[4]);
        seats.recoverKey(4, next, possession);
        vm.expectRevert(notLive(voters[4]));
        vote(id, 4, Support.For);
        vm.prank(next);
        council.castVote(id, 1);
        assertBallot(id, 4, 2, 1, 1);
    }

    function test_castVote_counts_upToTheLastSecond(uint8 seat, uint256 elapsed) public {
        seat %= 15;
        uint256 id = proposeTier1();
        vm.warp(START + bound(elapsed, 0, rule(1).period));
        vote(id, seat, Support.For);
        assertBallot(id, seat, 2, 1, 1);
    }

    function test_castVote_emitsOpenZeppelinsEvent(uint8 seat, uint8 support) public {
        (seat, support) = (seat % 15, support % 3);
        uint256 id = proposeTier1();
        vm.expectEmit(address(council));
        emit ICouncil.VoteCast(voters[seat], id, support, 1, "");
        vm.prank(voters[seat]);
        assertEq(council.castVote(id, support), 1, "weight");
        vm.expectEmit(address(council));
        emit ICouncil.VoteCast(voters[seat], id, support, 1, "second thoughts");
        vm.prank(voters[seat]);
        assertEq(council.castVoteWithReason(id, support, "second thoughts"), 1, "weight");
    }

    /// @dev Invariant 1. Whatever a seat casts, and in whatever order, its last ballot is the one that counts, and no
    /// other seat's bit moves.
    function test_castVote_leavesOneEffectiveBallotASeat(uint256 seed) public {
        uint256 id = proposeTier1();
        uint8[15] memory choice;
        uint8[15] memory count;
        for (uint256 i; i < 30; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint8 seat = uint8(seed % 15);
            if (count[seat] == 3) continue;
            Support support = Support(seed / 15 % 3);
            vote(id, seat, support);
            choice[seat] = choiceOf(support);
            ++count[seat];
        }
        uint256 word;
        for (uint8 seat; seat < 15; ++seat) {
            assertBallot(id, seat, choice[seat], 1, count[seat]);
            assertEq(council.hasVoted(id, voters[seat]), choice[seat] != 0, "has voted");
            word |= uint256(choice[seat] & 1) << seat | uint256(choice[seat] >> 1) << 64 + seat
            | uint256(count[seat] & 1) << 128 + seat | uint256(count[seat] >> 1) << 192 + seat;
        }
        assertEq(council.getProposal(id).ballots[0], word, "the word's four planes");
    }

    function test_hasVoted_isFalse_forStrangersAndUnknownProposals(address account, uint256 unknownId) public {
        for (uint256 i; i < 15; ++i) {
            vm.assume(account != voters[i]);
        }
        uint256 id = proposeTier1();
        voteFor(id, EVERYONE);
        assertFalse(council.hasVoted(id, account), "a stranger");
        assertFalse(council.hasVoted(unknownId, voters[0]), "nowhere");
        (uint8 choice, uint8 round, uint8 count) = council.ballotOf(unknownId, 0);
        assertEq(uint256(choice) + round + count, 0, "no ballot");
        (choice,, count) = council.ballotOf(id, 64);
        assertEq(uint256(choice) + count, 0, "no seat 64");
    }
}
