// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ActionKind, SuspendSeat} from "../../src/types/Actions.sol";
import {ProposalState, SignedBallot, Support} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {CouncilTest} from "./CouncilTest.t.sol";

contract CastSignedVotesTest is CouncilTest {
    string internal constant REASON = "the evidence is thin";

    function test_castSignedVotes_reverts_onAnUnknownProposal() public {
        vm.expectRevert(unknown(7));
        council.castSignedVotes(7, new SignedBallot[](0));
    }

    /// @dev What nobody could vote on any more is a fault of the batch, not of its ballots.
    function test_castSignedVotes_reverts_afterTheClose() public {
        uint256 id = proposeTier1();
        SignedBallot[] memory batch = batchOf(id, 3);
        warpPastClose(id);
        vm.expectRevert(unexpected(id, ProposalState.Defeated, ProposalState.Active));
        council.castSignedVotes(id, batch);
    }

    /// @dev R-Council-27. Each kind of bad ballot is skipped with the very error that it would have had alone, and the good
    /// ones beside it count.
    function test_castSignedVotes_skips_whatCastSignedVoteRefuses(uint8 flaw, uint8 place, bool compact) public {
        flaw %= 8;
        place %= 3;
        targetAs(address(seats), ActionKind.SuspendSeat, abi.encode(SuspendSeat(14, 0)), 1);
        uint256 id = proposeTier1();
        SignedBallot[] memory batch = batchOf(id, 3);
        SignedBallot memory bad = ballot(id, 5, Support.For, 1, 0, compact);
        if (flaw == 0) bad = ballot(id, 14, Support.For, 1, 0, compact); // suspended
        if (flaw == 1) bad.voter = STRANGER;
        if (flaw == 2) bad.support = 3;
        if (flaw == 3) bad = ballot(id, 5, Support.For, 2, 0, compact);
        if (flaw == 4) bad = ballot(id, 5, Support.For, 1, 1, compact);
        if (flaw == 5) bad.reason = "the evidence is ample";
        if (flaw == 6) bad.signature = "";
        if (flaw == 7) {
            for (uint256 i; i < 3; ++i) {
                vote(id, 5, Support.Abstain);
            }
        }
        batch[place] = bad;
        bytes memory err = refusalOf(id, bad);
        vm.expectEmit(address(council));
        emit ICouncil.BallotSkipped(id, bad.voter, bad.support, bad.round, bad.count, err);
        assertEq(council.castSignedVotes(id, batch), 2, "counted");
        for (uint8 seat; seat < 3; ++seat) {
            assertBallot(id, seat, seat == place ? 0 : choiceOf(Support.For), 1, seat == place ? 0 : 1);
        }
        assertBallot(id, 5, flaw == 7 ? choiceOf(Support.Abstain) : 0, 1, flaw == 7 ? 3 : 0);
    }

    /// @dev A seat that joined after the proposal was made.
    function test_castSignedVotes_skips_whoWasNotThere() public {
        uint256 id = proposeTier1();
        targetAs(address(seats), ActionKind.ChangeSeats, grantSeat(grantOf(15, 0, "CH")), 4);
        voters[15] = vm.addr(Charter.votingSecret(15));
        SignedBallot[] memory batch = new SignedBallot[](1);
        batch[0] = ballot(id, 15, Support.For, 1, 0, true);
        vm.expectEmit(address(council));
        emit ICouncil.BallotSkipped(id, voters[15], 1, 1, 0, notEligible(id, 15));
        assertEq(council.castSignedVotes(id, batch), 0, "counted");
    }

    /// @dev Two ballots of one seat in one batch: in the order of their counts both count, and a copy never does.
    function test_castSignedVotes_takes_aSeatsBallotsInTheirOrder(bool inOrder) public {
        uint256 id = proposeTier1();
        SignedBallot[] memory batch = new SignedBallot[](3);
        batch[inOrder ? 0 : 1] = ballot(id, 4, Support.For, 1, 0, true);
        batch[inOrder ? 1 : 0] = ballot(id, 4, Support.Against, 1, 1, false);
        batch[2] = batch[1];
        assertEq(council.castSignedVotes(id, batch), inOrder ? 2 : 1, "counted");
        assertBallot(id, 4, choiceOf(inOrder ? Support.Against : Support.For), 1, inOrder ? 2 : 1);
    }

    /// @dev There is no fourth choice, also for who signs it.
    function test_castSignedVotes_skips_aChoiceThatIsNone(uint8 support) public {
        support = uint8(bound(support, 3, 255));
        uint256 id = proposeTier1();
        SignedBallot[] memory batch = new SignedBallot[](1);
        bytes32 digest = council.ballotDigest(id, support, voters[4], 1, 0, "");
        batch[0] = SignedBallot(voters[4], support, 1, 0, "", signCompact(Charter.votingSecret(4), digest));
        vm.expectEmit(address(council));
        emit ICouncil.BallotSkipped(
            id, voters[4], support, 1, 0, abi.encodeWithSelector(ICouncil.BadSupport.selector, support)
        );
        assertEq(council.castSignedVotes(id, batch), 0, "counted");
        assertBallot(id, 4, 0, 1, 0);
    }

    /// @dev The refusal names the count that the ballots before it in the batch have led to.
    function test_castSignedVotes_skips_aCopy_asWhatIsStaleByThen() public {
        uint256 id = proposeTier1();
        SignedBallot[] memory batch = new SignedBallot[](2);
        batch[0] = ballot(id, 4, Support.For, 1, 0, true);
        batch[1] = batch[0];
        bytes memory stale = abi.encodeWithSelector(ICouncil.StaleBallot.selector, id, 4, 1, 0, 1, 1);
        vm.expectEmit(address(council));
        emit ICouncil.BallotSkipped(id, voters[4], 1, 1, 0, stale);
        assertEq(council.castSignedVotes(id, batch), 1, "counted");
    }

    function test_castSignedVotes_emits_aVoteCastForEach(address relayer) public {
        uint256 id = proposeTier1();
        SignedBallot[] memory batch = batchOf(id, 15);
        for (uint256 i; i < 15; ++i) {
            vm.expectEmit(address(council));
            emit ICouncil.VoteCast(batch[i].voter, id, batch[i].support, 1, REASON);
        }
        vm.prank(relayer);
        assertEq(council.castSignedVotes(id, batch), 15, "counted");
        assertTrue(council.quorumState(id).passing, "passing");
    }

    /// @dev Invariant 17: ballots of distinct seats, good and bad, in any order, in one batch or one by one.
    function test_castSignedVotes_equals_oneByOne_inAnyOrder(uint256 seed) public {
        uint256 id = proposeTier1();
        SignedBallot[] memory batch = new SignedBallot[](15);
        for (uint8 seat; seat < 15; ++seat) {
            uint256 r = uint256(keccak256(abi.encode(seed, seat)));
            if (r % 5 == 0) vote(id, seat, Support(r >> 8 & 1));
            // right, or for a count that it may not be, or by another's key
            uint8 count = r % 7 == 0 ? uint8(r >> 16) % 4 : r % 5 == 0 ? 1 : 0;
            batch[seat] = ballot(id, seat, Support(uint8(r >> 32) % 3), 1, count, r >> 40 & 1 == 0);
            if (r >> 48 & 7 == 0) batch[seat].voter = voters[(seat + 1) % 15];
        }
        uint256 start = vm.snapshotState();
        uint256 one;
        for (uint256 i; i < 15; ++i) {
            SignedBallot memory b = batch[i];
            try council.castSignedVote(id, b.support, b.voter, b.round, b.count, b.reason, b.signature) {
                ++one;
            } catch {}
        }
        bytes memory expected = abi.encode(council.getProposal(id));
        vm.revertToState(start);
        assertEq(council.castSignedVotes(id, batch), one, "counted");
        assertEq(abi.encode(council.getProposal(id)), expected, "in the same order");
        vm.revertToState(start);
        for (uint256 i = 14; i > 0; --i) {
            uint256 j = uint256(keccak256(abi.encode(seed, "shuffle", i))) % (i + 1);
            (batch[i], batch[j]) = (batch[j], batch[i]);
        }
        assertEq(council.castSignedVotes(id, batch), one, "counted");
        assertEq(abi.encode(council.getProposal(id)), expected, "in any order");
    }

    // --- helpers

    function batchOf(uint256 id, uint8 size) private view returns (SignedBallot[] memory batch) {
        batch = new SignedBallot[](size);
        for (uint8 seat; seat < size; ++seat) {
            batch[seat] = ballot(id, seat, Support.For, 1, 0, seat % 2 == 0);
        }
    }

    function ballot(uint256 id, uint8 seat, Support support, uint8 round, uint8 count, bool compact)
        private
        view
        returns (SignedBallot memory)
    {
        bytes32 digest = council.ballotDigest(id, uint8(support), voters[seat], round, count, REASON);
        uint256 secret = Charter.votingSecret(seat);
        bytes memory signature = compact ? signCompact(secret, digest) : sign(secret, digest);
        return SignedBallot(voters[seat], uint8(support), round, count, REASON, signature);
    }

    /// @dev The error of the same ballot alone.
    function refusalOf(uint256 id, SignedBallot memory b) private returns (bytes memory err) {
        try council.castSignedVote(id, b.support, b.voter, b.round, b.count, b.reason, b.signature) {
            assertTrue(false, "refused");
        } catch (bytes memory reason) {
            return reason;
        }
    }
}
