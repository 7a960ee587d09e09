// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ActionKind, SuspendSeat} from "../../src/types/Actions.sol";
import {FLAG_ESCALATED, FLAG_EXTENDED, ProposalState, SignedBallot, Support} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {Vm} from "../Vm.sol";
import {CouncilTest} from "./CouncilTest.t.sol";

/// @dev R-Council-24. Who turns a vote in its last part gives everybody as long to answer, once a round.
contract ExtensionTest is CouncilTest {
    uint64 internal constant ALL_BUT_ONE = 0x3c00 | 0x01e0 | 0x0007; // 4 + 4 + 3: one builder short of tier 4
    uint40 internal window;

    function setUp() public override {
        super.setUp();
        window = Charter.parameters().lateWindow;
    }

    function test_extension_comesOnlyInTheLastPart(uint40 before) public {
        uint256 id = proposeTier4();
        voteFor(id, ALL_BUT_ONE);
        uint256 closesAt = council.proposalDeadline(id);
        vm.warp(closesAt - bound(before, window, rule(4).period));
        vote(id, 3, Support.For);
        assertTrue(council.quorumState(id).passing, "passing");
        assertEq(council.proposalDeadline(id), closesAt, "close");
        assertEq(council.getProposal(id).lateWindow, window, "window");
        assertEq(council.getProposal(id).flags, 0, "flags");
    }

    function test_extension_comesFromTheFirstSecondOfTheLastPart_on(bool late) public {
        uint256 id = proposeTier4();
        voteFor(id, ALL_BUT_ONE);
        uint256 closesAt = council.proposalDeadline(id);
        vm.warp(closesAt - window + (late ? 1 : 0));
        vote(id, 3, Support.For);
        assertEq(council.proposalDeadline(id), late ? nowAt() + window : closesAt, "close");
    }

    function test_extension_follows_aBallotThatTurnsIt(uint40 before, bool signed) public {
        uint256 id = proposeTier4();
        voteFor(id, ALL_BUT_ONE);
        uint256 closesAt = council.proposalDeadline(id);
        vm.warp(closesAt - bound(before, 0, window - 1));
        vm.expectEmit(address(council));
        emit ICouncil.VoteCast(voters[3], id, 1, 1, "");
        vm.expectEmit(address(council));
        emit ICouncil.ProposalExtended(id, uint64(nowAt() + window));
        if (signed) signedVote(id, 3);
        else vote(id, 3, Support.For);
        assertEq(council.proposalDeadline(id), nowAt() + window, "close");
        assertEq(council.proposalEta(id), nowAt() + window + rule(4).timelock, "eta follows the close");
        assertEq(council.getProposal(id).flags, FLAG_EXTENDED, "flags");

        vm.warp(closesAt + 1);
        vm.warp(council.proposalDeadline(id));
        assertState(id, ProposalState.Active, "still open");
        vote(id, 3, Support.Against); // which is what the time was for
        warpPastClose(id);
        assertState(id, ProposalState.Defeated, "answered");
    }

    /// @dev Invariant 19.
    function test_extension_comesOnce() public {
        uint256 id = proposeTier4();
        voteFor(id, ALL_BUT_ONE);
        warpToClose(id);
        vote(id, 3, Support.For);
        uint256 closesAt = council.proposalDeadline(id);
        vm.warp(closesAt);
        vote(id, 3, Support.Against);
        vote(id, 3, Support.For);
        assertTrue(council.quorumState(id).passing, "turned again");
        assertEq(council.proposalDeadline(id), closesAt, "not extended again");
        warpPastClose(id);
        assertState(id, ProposalState.Queued, "queued");
    }

    function test_extension_neverFollows_aBallotThatTurnsNothing(uint8 which) public {
        which %= 4;
        uint256 id = proposeTier4();
        voteFor(id, which == 0 ? ALL_BUT_ONE & ~uint64(1) : which == 1 ? TIER_4 : ALL_BUT_ONE);
        uint256 closesAt = council.proposalDeadline(id);
        vm.warp(closesAt);
        if (which == 0) vote(id, 3, Support.For); // still failing
        if (which == 1) vote(id, 4, Support.For); // passing before
        if (which == 2) vote(id, 3, Support.Against);
        if (which == 3) vote(id, 0, Support.For); // a yes again
        assertEq(council.proposalDeadline(id), closesAt, "close");
    }

    /// @dev A late yes counts like any: the one that is masked out turned nothing.
    function test_extension_isJudged_byLiveSeats() public {
        uint256 id = proposeTier4();
        voteFor(id, TIER_4);
        targetAs(address(seats), ActionKind.SuspendSeat, abi.encode(SuspendSeat(0, 0)), 1);
        assertFalse(council.quorumState(id).passing);
        warpToClose(id);
        vote(id, 4, Support.For);
        assertEq(council.proposalDeadline(id), nowAt() + window, "close");
    }

    function test_extension_neverStalls_theSafeDirection() public {
        uint256 id = proposeTier1();
        uint256 closesAt = council.proposalDeadline(id);
        voteFor(id, TIER_1 & ~uint64(1));
        vm.warp(closesAt);
        vote(id, 0, Support.For);
        assertEq(council.getProposal(id).lateWindow, 0, "window");
        assertEq(council.proposalDeadline(id), closesAt, "close");
        skip(1);
        assertState(id, ProposalState.Succeeded, "at once");
    }

    /// @dev A round each: the second one of an amendment can be extended again, and its own window is that of creation.
    function test_extension_comesOnceARound() public {
        uint256 id = proposeAmendment();
        voteFor(id, TIER_1 & ~uint64(1));
        warpToClose(id);
        vote(id, 0, Support.For);
        assertEq(council.proposalDeadline(id), nowAt() + window, "first round");
        warpToEta(id);
        vm.prank(voters[14]);
        council.object(id, 0, "");
        assertEq(council.getProposal(id).flags, FLAG_ESCALATED, "flags");
        assertEq(council.proposalDeadline(id), nowAt() + rule(3).period, "a full period");
        voteFor(id, TIER_3 & ~uint64(1));
        warpToClose(id);
        vote(id, 0, Support.For);
        assertEq(council.proposalDeadline(id), nowAt() + window, "second round");
        assertEq(council.getProposal(id).flags, FLAG_ESCALATED | FLAG_EXTENDED, "flags");
    }

    /// @dev In a batch as one by one: the ballot that turns it, then the rest, in the longer round.
    function test_extension_inABatch_isThatOfOneByOne(uint8 others) public {
        uint256 id = proposeTier4();
        voteFor(id, ALL_BUT_ONE);
        warpToClose(id);
        SignedBallot[] memory batch = new SignedBallot[](3);
        batch[0] = ballotOf(id, 3, Support.For, 0);
        batch[1] = ballotOf(id, 0, Support(others % 3), 1);
        batch[2] = ballotOf(id, 4, Support(others / 3 % 3), 0);
        uint256 start = vm.snapshotState();
        for (uint256 i; i < 3; ++i) {
            SignedBallot memory b = batch[i];
            council.castSignedVote(id, b.support, b.voter, b.round, b.count, b.reason, b.signature);
        }
        bytes memory expected = abi.encode(council.getProposal(id));
        vm.revertToState(start);
        assertEq(council.castSignedVotes(id, batch), 3, "counted");
        assertEq(abi.encode(council.getProposal(id)), expected, "the same");
        assertEq(council.proposalDeadline(id), nowAt() + window, "close");
    }

    /// @dev Invariant 19, in one batch: what turns it a second time extends nothing, and says nothing.
    function test_extension_comesOnce_inABatchToo() public {
        uint256 id = proposeTier4();
        voteFor(id, ALL_BUT_ONE);
        warpToClose(id);
        SignedBallot[] memory batch = new SignedBallot[](3);
        for (uint8 count; count < 3; ++count) {
            batch[count] = ballotOf(id, 3, count == 1 ? Support.Against : Support.For, count);
        }
        vm.recordLogs();
        assertEq(council.castSignedVotes(id, batch), 3, "counted");
        assertTrue(council.quorumState(id).passing, "turned again");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 extended;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == ICouncil.ProposalExtended.selector) ++extended;
        }
        assertEq(extended, 1, "extensions");
    }

    /// @dev What a vacated seat number waits for covers two extended rounds.
    function test_longestProposal_coversTheExtensions() public view {
        uint256 longest = 2 * (30 days + 7 days + 60 days + 30 days);
        assertEq(council.longestProposal(), longest, "longest");
    }

    function signedVote(uint256 id, uint8 seat) private {
        SignedBallot memory b = ballotOf(id, seat, Support.For, 0);
        council.castSignedVote(id, b.support, b.voter, b.round, b.count, b.reason, b.signature);
    }

    function ballotOf(uint256 id, uint8 seat, Support support, uint8 count) private view returns (SignedBallot memory) {
        bytes32 digest = council.ballotDigest(id, uint8(support), voters[seat], 1, count, "");
        bytes memory signature = signCompact(Charter.votingSecret(seat), digest);
        return SignedBallot(voters[seat], uint8(support), 1, count, "", signature);
    }
}
