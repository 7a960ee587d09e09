// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ActionKind, SuspendSeat} from "../../src/types/Actions.sol";
import {FLAG_CANCELED, FLAG_ESCALATED, FLAG_VETOED, ProposalState, Support} from "../../src/types/Proposals.sol";
import {CouncilTest} from "./CouncilTest.t.sol";

/// @dev R-Council-25, R-Council-26. More than half of a chamber's seats stop what has passed, before its eta, for good.
contract VetoTest is CouncilTest {
    string internal constant WHY = "the committee has left";

    function test_veto_reverts_byAStranger(address account) public {
        for (uint256 i; i < 15; ++i) {
            vm.assume(account != voters[i]);
        }
        uint256 id = proposeTier4();
        vm.expectRevert(notLive(account));
        vm.prank(account);
        council.veto(id, WHY);
    }

    function test_veto_reverts_onAnUnknownProposal(uint256 id) public {
        vm.expectRevert(unknown(id));
        veto(id, 0);
    }

    function test_veto_reverts_byASeatThatWasNotThere() public {
        uint256 id = proposeTier4();
        targetAs(address(seats), ActionKind.ChangeSeats, grantSeat(grantOf(15, 0, "CH")), 4);
        voters[15] = grantOf(15, 0, "CH").votingKey;
        vm.expectRevert(notEligible(id, 15));
        veto(id, 15);
    }

    function test_veto_reverts_atTier1() public {
        uint256 id = proposeTier1();
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotVetoable.selector, id, ActionKind.AddConstraint, 1));
        veto(id, 0);
        id = proposeAmendment();
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotVetoable.selector, id, ActionKind.AmendTighter, 1));
        veto(id, 0);
    }

    function test_veto_reverts_theSecondTime() public {
        uint256 id = proposeTier4();
        veto(id, 0);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.AlreadyVetoed.selector, id, 0));
        veto(id, 0);
    }

    function test_veto_reverts_fromTheEtaOn(uint40 late) public {
        uint256 id = proposeTier4();
        voteFor(id, TIER_4);
        warpToEta(id);
        skip(bound(late, 0, 14 days));
        vm.expectRevert(unexpected(id, ProposalState.Succeeded, ProposalState.Queued));
        veto(id, 0);
    }

    function test_veto_reverts_onWhatIsOver() public {
        uint256 id = proposeTier4();
        warpPastClose(id);
        vm.expectRevert(unexpected(id, ProposalState.Defeated, ProposalState.Queued));
        veto(id, 0);
        id = vetoed();
        vm.expectRevert(unexpected(id, ProposalState.Canceled, ProposalState.Queued));
        veto(id, 13);
    }

    /// @dev Three of five, in one chamber; in each of three it is a few too few.
    function test_veto_completes_withMoreThanHalfOfAChamber(uint8 chamber) public {
        chamber %= 3;
        uint256 id = proposeTier4();
        voteFor(id, TIER_4);
        warpPastClose(id);
        for (uint8 c; c < 3; ++c) {
            for (uint8 i; i < 2; ++i) {
                uint8 seat = 5 * c + i;
                vm.expectEmit(address(council));
                emit ICouncil.VetoCast(id, seat, c, i + 1, 3, WHY);
                veto(id, seat);
                assertState(id, ProposalState.Queued, "not yet");
            }
        }
        vm.expectEmit(address(council));
        emit ICouncil.VetoCast(id, 5 * chamber + 4, chamber, 3, 3, WHY);
        vm.expectEmit(address(council));
        emit ICouncil.ProposalVetoed(id, chamber);
        vm.expectEmit(address(council));
        emit ICouncil.ProposalCanceled(id);
        veto(id, 5 * chamber + 4);
        assertState(id, ProposalState.Canceled, "vetoed");
        assertEq(council.getProposal(id).flags, FLAG_CANCELED | FLAG_VETOED, "flags");
        uint64 vetoes = 0x0c63 | uint64(1) << 5 * chamber + 4;
        assertEq(council.vetoesOf(id), vetoes, "vetoes");
        assertEq(council.getProposal(id).vetoes, vetoes, "vetoes of the whole proposal");
        warpToEta(id);
        vm.expectRevert(unexpected(id, ProposalState.Canceled, ProposalState.Succeeded));
        council.execute(id, ActionKind.SetParameters, setParameters());
    }

    /// @dev While ballots are cast, too: a charter may have no timelock, and a chamber that need not agree.
    function test_veto_completes_whileItIsVotedUpon() public {
        uint256 id = proposeTier4();
        voteFor(id, 0x0f); // builders are for it, and then think better of it
        veto(id, 0);
        veto(id, 1);
        veto(id, 2);
        assertState(id, ProposalState.Canceled, "vetoed");
        vm.expectRevert(unexpected(id, ProposalState.Canceled, ProposalState.Active));
        vote(id, 9, Support.For);
    }

    /// @dev The size is that of creation, the vetoes are of seats live now: a removal makes a veto only harder.
    function test_veto_counts_onlySeatsThatStillAre() public {
        uint256 id = proposeTier4();
        veto(id, 0);
        veto(id, 1);
        targetAs(address(seats), ActionKind.SuspendSeat, abi.encode(SuspendSeat(1, 0)), 1);
        veto(id, 2);
        assertState(id, ProposalState.Active, "two of five");
        vm.expectRevert(notLive(voters[1]));
        veto(id, 1);
        veto(id, 3);
        assertState(id, ProposalState.Canceled, "three of five");
    }

    /// @dev What a veto ended stays ended, though its seats are gone later.
    function test_veto_isIrrevocable() public {
        uint256 id = vetoed();
        targetAs(address(seats), ActionKind.SuspendSeat, abi.encode(SuspendSeat(0, 0)), 1);
        assertState(id, ProposalState.Canceled, "still");
    }

    function test_veto_frees_theProposersSlot() public {
        proposeTier4();
        proposeTier4();
        vetoed();
        proposeTier4();
    }

    /// @dev An amendment that was objected to is of tier 3, and open to a veto like one.
    function test_veto_stops_anEscalatedAmendment() public {
        uint256 id = proposeAmendment();
        vm.prank(voters[14]);
        council.object(id, 0, "");
        veto(id, 10);
        veto(id, 11);
        veto(id, 12);
        assertEq(council.getProposal(id).flags, FLAG_CANCELED | FLAG_VETOED | FLAG_ESCALATED, "flags");
    }

    function vetoed() private returns (uint256 id) {
        id = proposeTier4();
        veto(id, 0);
        veto(id, 1);
        veto(id, 2);
    }

    function veto(uint256 id, uint8 seat) private {
        vm.prank(voters[seat]);
        council.veto(id, WHY);
    }
}
