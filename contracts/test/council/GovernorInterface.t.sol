// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActionKind} from "../../src/types/Actions.sol";
import {ProposalState} from "../../src/types/Proposals.sol";
import {CouncilTest} from "./CouncilTest.t.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";

/// @dev The Council by OpenZeppelin's own type: whoever speaks to a Governor can vote here and read how it stands.
contract GovernorInterfaceTest is CouncilTest {
    IGovernor internal governor;

    function setUp() public override {
        super.setUp();
        governor = IGovernor(address(council));
    }

    function test_governor_isNamedAndTimed() public view {
        assertEq(bytes(governor.name()), bytes("Custodes"));
        assertEq(bytes(governor.version()), bytes("1"));
        assertEq(bytes(governor.COUNTING_MODE()), bytes("support=bravo&quorum=for"));
        assertEq(bytes(governor.CLOCK_MODE()), bytes("mode=timestamp"));
        assertEq(governor.clock(), block.timestamp);
        assertEq(governor.votingDelay(), 0);
        assertEq(governor.proposalThreshold(), 1);
    }

    function test_governor_takesBallots(uint8 support) public {
        support %= 3;
        uint256 id = proposeTier4();
        assertFalse(governor.hasVoted(id, voters[1]));
        vm.expectEmit(address(governor));
        emit IGovernor.VoteCast(voters[1], id, support, 1, "");
        vm.prank(voters[1]);
        assertEq(governor.castVote(id, support), 1, "weight");
        assertTrue(governor.hasVoted(id, voters[1]));
        vm.expectEmit(address(governor));
        emit IGovernor.VoteCast(voters[2], id, support, 1, "because");
        vm.prank(voters[2]);
        assertEq(governor.castVoteWithReason(id, support, "because"), 1, "weight");
    }

    function test_governor_showsAProposal() public {
        vm.expectEmit(false, false, false, false, address(governor));
        emit IGovernor.ProposalCreated(
            0, address(0), new address[](0), new uint256[](0), new string[](0), new bytes[](0), 0, 0, ""
        );
        uint256 id = proposeTier4();
        assertEq(governor.proposalProposer(id), voters[0], "proposer");
        assertEq(governor.proposalSnapshot(id), block.timestamp, "snapshot");
        assertEq(governor.proposalDeadline(id), block.timestamp + rule(4).period, "deadline");
        assertEq(governor.proposalEta(id), block.timestamp + rule(4).period + rule(4).timelock, "eta");
        assertFalse(governor.proposalNeedsQueuing(id));
    }

    /// @dev Name by name, and number by number.
    function test_governor_tellsEveryState() public {
        uint256 id = proposeTier4();
        assertGovernorState(id, IGovernor.ProposalState.Active, ProposalState.Active);
        vm.prank(voters[0]);
        council.cancel(id);
        assertGovernorState(id, IGovernor.ProposalState.Canceled, ProposalState.Canceled);
        id = proposeTier4();
        warpPastClose(id);
        assertGovernorState(id, IGovernor.ProposalState.Defeated, ProposalState.Defeated);
        id = proposeTier4();
        voteFor(id, TIER_4);
        warpPastClose(id);
        assertGovernorState(id, IGovernor.ProposalState.Queued, ProposalState.Queued);
        warpToEta(id);
        assertGovernorState(id, IGovernor.ProposalState.Succeeded, ProposalState.Succeeded);
        warpPastGrace(id);
        assertGovernorState(id, IGovernor.ProposalState.Expired, ProposalState.Expired);
        id = carry(ActionKind.SetParameters, setParameters());
        assertGovernorState(id, IGovernor.ProposalState.Executed, ProposalState.Executed);
        assertEq(uint256(IGovernor.ProposalState.Pending), uint256(ProposalState.Pending), "never here");
    }

    function assertGovernorState(uint256 id, IGovernor.ProposalState expected, ProposalState ours) private view {
        assertEq(uint256(governor.state(id)), uint256(expected), "theirs");
        assertEq(uint256(ours), uint256(expected), "ours");
    }
}
