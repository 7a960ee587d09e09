// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {FLAG_CANCELED, ProposalState, Support} from "../../src/types/Proposals.sol";
import {CouncilTest} from "./CouncilTest.t.sol";

contract CancelTest is CouncilTest {
    function test_cancel_reverts_forAnUnknownProposal(uint256 id) public {
        vm.expectRevert(unknown(id));
        cancelAs(voters[0], id);
    }

    function test_cancel_reverts_byAnybodyButTheProposer(address account) public {
        vm.assume(account != voters[7]);
        uint256 id = proposeBySeven();
        vm.expectRevert(notCancellable(id, account));
        cancelAs(account, id);
    }

    function test_cancel_reverts_byAnotherSeat(uint8 seat) public {
        seat %= 15;
        if (seat == 7) return;
        uint256 id = proposeBySeven();
        vm.expectRevert(notCancellable(id, voters[seat]));
        cancelAs(voters[seat], id);
    }

    function test_cancel_reverts_afterAnothersBallot(uint8 seat, uint8 support) public {
        seat %= 15;
        if (seat == 7) return;
        uint256 id = proposeBySeven();
        vote(id, seat, Support(support % 3));
        vm.expectRevert(notCancellable(id, voters[7]));
        cancelAs(voters[7], id);
    }

    function test_cancel_reverts_afterAnothersBallotOfTheFirstRound() public {
        uint256 id = proposeAmendment();
        vote(id, 3, Support.Abstain);
        vm.prank(voters[4]);
        council.object(id, 0, "");
        vm.expectRevert(notCancellable(id, voters[0]));
        cancelAs(voters[0], id);
    }

    function test_cancel_reverts_afterAnothersBallotOfTheSecondRound() public {
        uint256 id = proposeAmendment();
        vm.prank(voters[4]);
        council.object(id, 0, "");
        vote(id, 3, Support.Abstain);
        vm.expectRevert(notCancellable(id, voters[0]));
        cancelAs(voters[0], id);
    }

    function test_cancel_reverts_byASuspendedProposer() public {
        uint256 id = proposeTier4();
        suspend(0);
        vm.expectRevert(notCancellable(id, voters[0]));
        cancelAs(voters[0], id);
    }

    function test_cancel_reverts_byTheKeyThatWasRotatedAway() public {
        uint256 id = proposeTier1();
        address next = vm.addr(77);
        bytes memory possession = sign(77, seats.rotationDigest(0, next));
        vm.prank(guardians[0]);
        seats.recoverKey(0, next, possession);
        vm.expectRevert(notCancellable(id, voters[0]));
        cancelAs(voters[0], id);
        cancelAs(next, id);
        assertState(id, ProposalState.Canceled, "by the seat's new key");
    }

    function test_cancel_reverts_onceOver(uint256 elapsed) public {
        uint256 id = proposeTier1();
        vm.warp(council.proposalDeadline(id) + bound(elapsed, 1, 365 days));
        vm.expectRevert(unexpected(id, ProposalState.Defeated, ProposalState.Active));
        cancelAs(voters[0], id);
    }

    function test_cancel_reverts_theSecondTime() public {
        uint256 id = proposeTier1();
        cancelAs(voters[0], id);
        vm.expectRevert(unexpected(id, ProposalState.Canceled, ProposalState.Active));
        cancelAs(voters[0], id);
    }

    function test_cancel_withdraws_evenAfterOwnBallots(uint8 ballots, uint256 elapsed) public {
        uint256 id = proposeBySeven();
        for (uint256 i; i < ballots % 4; ++i) {
            vote(id, 7, Support.For);
        }
        skip(bound(elapsed, 0, rule(1).period));
        vm.expectEmit(address(council));
        emit ICouncil.ProposalCanceled(id);
        cancelAs(voters[7], id);
        assertState(id, ProposalState.Canceled, "cancelled");
        assertEq(council.getProposal(id).flags, FLAG_CANCELED, "flags");
        skip(365 days);
        assertState(id, ProposalState.Canceled, "for ever");
    }

    function proposeBySeven() private returns (uint256) {
        return proposeAs(7, ActionKind.AddConstraint, addConstraint("x"));
    }

    function cancelAs(address account, uint256 id) private {
        vm.prank(account);
        council.cancel(id);
    }

    function notCancellable(uint256 id, address account) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICouncil.NotCancellable.selector, id, account);
    }
}
