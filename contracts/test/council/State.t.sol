// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActionKind, SuspendSeat} from "../../src/types/Actions.sol";
import {Parameters, TierRule} from "../../src/types/Parameters.sol";
import {Proposal, ProposalState, QuorumState, Support} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {CouncilTest} from "./CouncilTest.t.sol";

contract StateTest is CouncilTest {
    function test_state_reverts_forAnUnknownProposal(uint256 id) public {
        vm.expectRevert(unknown(id));
        council.state(id);
        vm.expectRevert(unknown(id));
        council.quorumState(id);
        vm.expectRevert(unknown(id));
        council.getProposal(id);
        assertEq(council.proposalSnapshot(id), 0, "as OpenZeppelin answers");
        assertEq(council.proposalDeadline(id), 0, "as OpenZeppelin answers");
        assertEq(council.proposalEta(id), 0, "as OpenZeppelin answers");
    }

    function test_clock_isTheBlocksTimestamp(uint40 time) public {
        vm.warp(time);
        assertEq(council.clock(), time, "clock");
        assertEq(bytes(council.CLOCK_MODE()), "mode=timestamp", "mode");
    }

    function test_eip712Domain_namesTheCouncil() public view {
        (bool ok, bytes memory answer) = address(council).staticcall(abi.encodeWithSignature("eip712Domain()"));
        assertTrue(ok, "answers");
        bytes memory expected =
            abi.encode(bytes1(0x0f), "Custodes", "1", block.chainid, address(council), bytes32(0), new uint256[](0));
        assertEq(answer, expected, "EIP-5267");
    }

    /// @dev Invariants 3 and 5, against a count that knows no masks: seat by seat, chamber by chamber.
    function test_state_agreesWithACountByHand(uint256 tier, uint256 choices) public {
        tier = bound(tier, 1, 4);
        uint256 id = proposeOf(tier);
        uint8[15] memory choice;
        for (uint256 seat; seat < 15; ++seat) {
            choice[seat] = uint8(choices >> 2 * seat & 3); // 0 none
            if (choices >> 32 & 1 == 1 && choices >> (40 + 8 * seat) & 255 > 90) choice[seat] = 2; // dense yes
            if (choice[seat] != 0) vote(id, seat, Support(choice[seat] - 1));
        }
        bool passing = countByHand(tier, choice);
        QuorumState memory q = council.quorumState(id);
        assertEq(q.passing, passing, "passing");
        warpPastClose(id);
        ProposalState actual = council.state(id);
        assertEq(actual == ProposalState.Defeated, !passing, "defeated");
    }

    function test_quorumState_showsWhatIsMissing() public {
        uint256 id = proposeTier4();
        voteFor(id, 0x0007 | 0x01e0 | 0x3c00); // three builders, where four are needed
        vote(id, 4, Support.Against);
        vote(id, 14, Support.Abstain);
        QuorumState memory q = council.quorumState(id);
        assertEq(uint256(q.state), uint256(ProposalState.Active), "state");
        assertEq(q.tier, 4, "tier");
        assertEq(q.round, 1, "round");
        assertEq(q.chambersAgreeing, 2, "agreeing");
        assertEq(q.chambersRequired, 3, "required");
        assertEq(q.size, 15, "size");
        assertEq(q.yes, 11, "yes");
        assertEq(q.needed, 12, "needed");
        assertFalse(q.passing, "passing");
        assertEq(q.closesAt, START + rule(4).period, "closes");
        assertEq(q.eta, q.closesAt + rule(4).timelock, "eta");
        assertEq(q.expiresAt, q.eta + Charter.parameters().grace, "expires");
        assertEq(q.chambers.length, 3, "chambers");
        for (uint256 c; c < 3; ++c) {
            assertEq(q.chambers[c].size, 5, "size");
            assertEq(q.chambers[c].needed, 4, "needed");
            assertEq(q.chambers[c].yes, c == 0 ? 3 : 4, "yes");
            assertEq(q.chambers[c].no, c == 0 ? 1 : 0, "no");
            assertEq(q.chambers[c].abstain, c == 2 ? 1 : 0, "abstain");
            assertEq(q.chambers[c].agrees, c != 0, "agrees");
        }
        vote(id, 3, Support.For);
        assertTrue(council.quorumState(id).passing, "passing with one more");
    }

    /// @dev Every chamber has its bar, however many agree in all.
    function test_state_isDefeated_whenOneChamberIsOneShort() public {
        for (uint8 chamber; chamber < 3; ++chamber) {
            uint256 id = proposeTier4();
            voteFor(id, EVERYONE & ~(uint64(3) << 5 * chamber)); // thirteen of fifteen, three of five
            assertFalse(council.quorumState(id).passing, "passing");
            warpPastClose(id);
            assertState(id, ProposalState.Defeated, "one short");
        }
    }

    function test_quorumState_counts_eachChamberByItself() public {
        uint256 id = proposeTier1();
        voteMask(id, 0x0001 | 0x0060 | 0x1c00, Support.Against); // 1, 2, 3
        voteMask(id, 0x001c | 0x0180 | 0x4000, Support.Abstain); // 3, 2, 1
        QuorumState memory q = council.quorumState(id);
        for (uint256 c; c < 3; ++c) {
            assertEq(q.chambers[c].no, c + 1, "no");
            assertEq(q.chambers[c].abstain, 3 - c, "abstain");
            assertEq(q.chambers[c].yes, 0, "yes");
        }
    }

    function test_quorumState_ofTier1_needsTwoChambers() public {
        uint256 id = proposeTier1();
        voteFor(id, BUILDERS);
        QuorumState memory q = council.quorumState(id);
        assertEq(q.chambersRequired, 2, "required");
        assertEq(q.chambersAgreeing, 1, "agreeing");
        assertEq(q.chambers[1].needed, 1, "a yes");
        assertEq(q.needed, 8, "more than half");
        voteFor(id, 0x00e0);
        assertTrue(council.quorumState(id).passing, "two chambers, eight seats");
    }

    /// @dev Abstentions are never yes, and absence is none either: the bar stands on all eligible seats.
    function test_state_countsAgainstAllSeats_neverTurnout() public {
        uint256 id = proposeTier1();
        voteFor(id, 0x0021); // two of two ballots
        voteMask(id, EVERYONE & ~uint64(0x0021), Support.Abstain);
        warpPastClose(id);
        assertState(id, ProposalState.Defeated, "defeated");
    }

    // --- live numerator, frozen denominator (invariant 2)

    function test_state_masksTheYesOfARemovedSeat() public {
        uint256 id = carriedButFor(TIER_4);
        changeSeats(removeSeat(3));
        assertState(id, ProposalState.Defeated, "one yes is gone");
        vm.expectRevert(unexpected(id, ProposalState.Defeated, ProposalState.Succeeded));
        council.execute(id, ActionKind.SetParameters, setParameters());
    }

    function test_state_masksTheYesOfASuspendedSeat() public {
        uint256 id = carriedButFor(TIER_4);
        uint256 bar = council.quorumState(id).needed;
        suspendNow(3);
        assertState(id, ProposalState.Defeated, "one yes is gone");
        assertEq(council.quorumState(id).needed, bar, "and the bar is where it was");
        assertEq(council.quorumState(id).chambers[0].size, 5, "of a chamber, too");
        assertEq(council.quorumState(id).chambers[0].yes, 3, "live yes");
    }

    function test_suspension_neverLowersTheBar_ofALaterProposal(uint8 seat) public {
        seat %= 15;
        suspendNow(seat);
        uint256 id = proposeAs((seat + 1) % 15, ActionKind.SetParameters, setParameters());
        QuorumState memory q = council.quorumState(id);
        assertEq(q.size, 15, "size");
        assertEq(q.needed, 12, "needed");
        assertEq(q.chambers[seat / 5].needed, 4, "needed of its chamber");
    }

    function test_state_keepsTheRosterOfItsCreation_whenSeatsAreGranted() public {
        uint256 id = carriedButFor(TIER_4);
        changeSeats(grantSeat(grantOf(15, 0, "NZ")));
        assertState(id, ProposalState.Queued, "twelve of fifteen, though sixteen sit now");
        assertEq(council.quorumState(id).size, 15, "size");
        uint256 later = proposeTier4();
        assertEq(council.quorumState(later).size, 16, "of a later one");
    }

    // --- the seconds at which it changes

    function test_state_changes_atTheSecond() public {
        uint256 id = proposeTier4();
        voteFor(id, EVERYONE);
        vm.warp(council.proposalDeadline(id));
        assertState(id, ProposalState.Active, "the last second of the period");
        vm.warp(council.proposalDeadline(id) + 1);
        assertState(id, ProposalState.Queued, "the second after");
        vm.warp(council.proposalEta(id) - 1);
        assertState(id, ProposalState.Queued, "the last second of the timelock");
        vm.warp(council.proposalEta(id));
        assertState(id, ProposalState.Succeeded, "eta");
        vm.warp(council.proposalEta(id) + Charter.parameters().grace);
        assertState(id, ProposalState.Succeeded, "the last second of the grace");
        vm.warp(council.proposalEta(id) + Charter.parameters().grace + 1);
        assertState(id, ProposalState.Expired, "the second after");
    }

    function test_eta_ofAnAmendment_isAfterTheLongerOfTimelockAndWindow(uint40 timelock) public {
        Parameters memory p = Charter.parameters();
        p.tiers[0].timelock = uint40(bound(timelock, 0, 7 days));
        enactParameters(p);
        uint256 id = proposeAmendment();
        uint256 delay = p.tiers[0].timelock > p.objectionWindow ? p.tiers[0].timelock : p.objectionWindow;
        assertEq(council.proposalEta(id), council.proposalDeadline(id) + delay, "eta");
    }

    function test_eta_ofAnEscalatedAmendment_waitsForNoFurtherObjection() public {
        Parameters memory p = Charter.parameters();
        p.objectionWindow = 20 days; // longer than the timelock of tier 3
        enactParameters(p);
        uint256 id = proposeAmendment();
        vm.prank(voters[9]);
        council.object(id, 0, "");
        assertEq(council.proposalEta(id), council.proposalDeadline(id) + rule(3).timelock, "eta");
    }

    // --- frozen parameters (invariant 4)

    function test_state_keepsTheParametersOfItsCreation() public {
        uint256 id = proposeTier1();
        Proposal memory before = council.getProposal(id);
        Parameters memory p = Charter.parameters();
        p.tiers[0] = TierRule(1, 2, true, 0, 3, 5, false, 5 days, 1 days);
        p.grace = 2 days;
        enactParameters(p);
        assertEq(abi.encode(council.getProposal(id)), abi.encode(before), "unchanged");
        QuorumState memory q = council.quorumState(id);
        assertEq(q.chambersRequired, 2, "required");
        assertEq(q.needed, 8, "needed");
        assertEq(q.eta, q.closesAt, "eta");
        assertEq(q.expiresAt, q.eta + Charter.parameters().grace, "expires");

        uint256 later = proposeTier1();
        q = council.quorumState(later);
        assertEq(q.chambersRequired, 3, "required, later");
        assertEq(q.needed, 9, "needed, later");
        assertEq(q.eta, q.closesAt + 1 days, "eta, later");
        assertEq(q.expiresAt, q.eta + 2 days, "expires, later");
    }

    function test_escalation_keepsTheParametersOfTheCreation() public {
        uint256 id = proposeAmendment();
        Parameters memory p = Charter.parameters();
        p.tiers[2].period = 11 days;
        p.tiers[2].timelock = 15 days;
        enactParameters(p);
        vm.prank(voters[9]);
        council.object(id, 0, "");
        assertEq(council.proposalDeadline(id), nowAt() + rule(3).period, "the old period");
        assertEq(council.proposalEta(id), nowAt() + rule(3).period + rule(3).timelock, "the old timelock");
    }

    // --- helpers

    function proposeOf(uint256 tier) private returns (uint256) {
        if (tier == 1) return proposeTier1();
        if (tier == 4) return proposeTier4();
        vm.mockCall(sys.constraints, abi.encodeWithSignature("checkAction(uint8,bytes)"), abi.encode(uint8(tier)));
        uint256 id = proposeTier1();
        vm.clearMockedCalls();
        return id;
    }

    function countByHand(uint256 tier, uint8[15] memory choice) private pure returns (bool) {
        TierRule memory r = rule(uint8(tier));
        uint256 agreeing;
        uint256 all;
        for (uint256 c; c < 3; ++c) {
            uint256 yes;
            for (uint256 seat = 5 * c; seat < 5 * c + 5; ++seat) {
                if (choice[seat] == 2) ++yes;
            }
            all += yes;
            uint256 bar = tier == 1 ? 1 : tier == 2 ? 3 : 4;
            if (yes >= bar) ++agreeing;
        }
        uint256 overall = tier == 1 ? 8 : tier == 2 ? 10 : 12;
        return agreeing >= (r.chambersRequired == 0 ? 3 : r.chambersRequired) && all >= overall;
    }

    /// @dev A proposal of tier 4, carried by exactly that mask, waiting for its eta.
    function carriedButFor(uint64 mask) private returns (uint256 id) {
        id = proposeTier4();
        voteFor(id, mask);
        warpPastClose(id);
        assertState(id, ProposalState.Queued, "carried");
    }

    function changeSeats(bytes memory action) private {
        targetAs(sys.seats, ActionKind.ChangeSeats, action, 4);
    }

    function suspendNow(uint8 seat) private {
        targetAs(sys.seats, ActionKind.SuspendSeat, abi.encode(SuspendSeat(seat, 0)), 1);
    }

    function enactParameters(Parameters memory p) private {
        targetAs(sys.council, ActionKind.SetParameters, abi.encode(p), 4);
    }
}
