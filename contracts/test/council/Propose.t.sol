// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../../src/interfaces/IActionTarget.sol";
import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ActionKind, FormCommittee, OracleMember} from "../../src/types/Actions.sol";
import {Proposal, ProposalState} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {CouncilTest} from "./CouncilTest.t.sol";

contract ProposeTest is CouncilTest {
    function test_propose_reverts_byAStranger(address account) public {
        for (uint256 i; i < 15; ++i) {
            vm.assume(account != voters[i]);
        }
        vm.prank(account);
        vm.expectRevert(notLive(account));
        council.propose(ActionKind.AddConstraint, addConstraint("x"), "");
    }

    function test_propose_reverts_byARecoveryKey(uint8 seat) public {
        address guardian = guardians[seat % 15];
        vm.prank(guardian);
        vm.expectRevert(notLive(guardian));
        council.propose(ActionKind.AddConstraint, addConstraint("x"), "");
    }

    function test_propose_reverts_byASuspendedSeat() public {
        suspend(3);
        vm.expectRevert(notLive(voters[3]));
        proposeAs(3, ActionKind.AddConstraint, addConstraint("x"));
    }

    function test_propose_reverts_withoutAKind() public {
        vm.expectRevert(abi.encodeWithSelector(IActionTarget.UnknownAction.selector, ActionKind.None));
        propose(ActionKind.None, "");
    }

    function test_propose_reverts_withTheReasonOfItsTarget() public {
        carry(ActionKind.AddConstraint, addConstraint("once"));
        vm.expectRevert(abi.encodeWithSelector(IConstraints.ConstraintExists.selector, keccak256("once")));
        propose(ActionKind.AddConstraint, addConstraint("once"));
    }

    function test_propose_reverts_withBytesThatAreNoAction(bytes memory garbage) public {
        vm.assume(garbage.length < 49 * 32);
        vm.prank(voters[0]);
        vm.expectRevert();
        council.propose(ActionKind.SetParameters, garbage, "");
    }

    /// @dev The Committee knows its epochs: no other contract would miss the one that is named.
    function test_propose_asksTheCommittee_aboutACommittee() public {
        bytes memory action = abi.encode(FormCommittee(3, 1, new OracleMember[](5), 7));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.CommitteeBusy.selector, 0, ICommittee.Phase.None));
        propose(ActionKind.FormCommittee, action);
    }

    // --- slots

    /// @dev A list that kept what is over would make each proposal of a seat dearer than the one before, without end.
    function test_propose_costsNoMore_afterManyThatAreOver() public {
        withdraw(proposeTier1());
        uint256 left = gasleft();
        uint256 id = proposeTier1();
        uint256 second = left - gasleft();
        for (uint256 i; i < 20; ++i) {
            withdraw(id);
            left = gasleft();
            id = proposeTier1();
        }
        assertLe(left - gasleft(), second + second / 20, "as the second");
    }

    function test_propose_reverts_withTooManyOpen() public {
        uint8 m = Charter.parameters().openProposals;
        for (uint256 i; i < m; ++i) {
            proposeTier4();
        }
        vm.expectRevert(abi.encodeWithSelector(ICouncil.TooManyOpenProposals.selector, 0, m));
        proposeTier4();
        // another seat has slots of its own
        proposeAs(1, ActionKind.SetParameters, setParameters());
    }

    function test_propose_hasOneMoreSlot_inTheSafeDirection() public {
        uint8 m = Charter.parameters().openProposals;
        for (uint256 i; i < m; ++i) {
            proposeTier4();
        }
        proposeTier1();
        vm.expectRevert(abi.encodeWithSelector(ICouncil.TooManyOpenProposals.selector, 0, m + 1));
        proposeTier1();
    }

    function test_propose_countsTheSafeDirection_againstTheOthers() public {
        uint8 m = Charter.parameters().openProposals;
        for (uint256 i; i < m; ++i) {
            proposeTier1();
        }
        vm.expectRevert(abi.encodeWithSelector(ICouncil.TooManyOpenProposals.selector, 0, m));
        proposeTier4();
    }

    /// @dev What is over leaves its slot to the next: a seat that has proposed often pays no more, and never too much.
    function test_propose_paysNoMore_afterMany() public {
        uint256 early;
        for (uint256 i; i < 40; ++i) {
            uint256 before = gasleft();
            uint256 id = proposeTier4();
            uint256 used = before - gasleft();
            if (i == 2) early = used; // what is written for the first time is written by then
            assertTrue(i < 3 || used < early + early / 40, "as much as before");
            vm.prank(voters[0]);
            council.cancel(id);
        }
    }

    /// @dev A slot is free as soon as its proposal is defeated, expired, executed or cancelled, whichever slot it is.
    function test_propose_reusesTheSlot_ofWhateverIsOver(uint256 how, uint256 which) public {
        uint8 m = Charter.parameters().openProposals;
        uint256[] memory ids = new uint256[](m);
        for (uint256 i; i < m; ++i) {
            ids[i] = propose(ActionKind.AddConstraint, addConstraint(Charter.name(i)));
            proposeAs(1, ActionKind.AddConstraint, addConstraint(Charter.name(i)));
        }
        uint256 over = which % m;
        how %= 4;
        for (uint256 i; i < m; ++i) {
            if (i != over || how != 0) voteFor(ids[i], i == over && how == 3 ? NOBODY : EVERYONE);
        }
        if (how == 3) {
            vm.prank(voters[0]);
            council.cancel(ids[over]);
            assertState(ids[over], ProposalState.Canceled, "cancelled");
        } else {
            warpToEta(ids[over]);
            if (how == 0) assertState(ids[over], ProposalState.Defeated, "defeated");
            if (how == 1) council.execute(ids[over], ActionKind.AddConstraint, addConstraint(Charter.name(over)));
            if (how == 2) {
                warpPastGrace(ids[over]);
                assertState(ids[over], ProposalState.Expired, "expired");
                proposeTier4(); // the others expired with it
                proposeTier4();
            }
        }
        proposeTier4();
        vm.expectRevert(abi.encodeWithSelector(ICouncil.TooManyOpenProposals.selector, 0, m));
        proposeTier4();
    }

    // --- what is recorded

    function test_propose_recordsWhatIsFrozen(uint8 seat) public {
        seat %= 15;
        suspend((seat + 1) % 15); // still eligible: the denominator does not shrink
        uint256 created = nowAt();
        uint256 id = proposeAs(seat, ActionKind.SetParameters, setParameters());
        Proposal memory p = council.getProposal(id);
        assertEq(p.eligible, EVERYONE, "eligible");
        assertEq(p.createdAt, created, "created");
        assertEq(p.closesAt, created + rule(4).period, "closes");
        assertEq(p.parametersVersion, 1, "parameters");
        assertEq(p.rosterVersion, 1, "roster");
        assertEq(p.kind, uint8(ActionKind.SetParameters), "kind");
        assertEq(p.tier, 4, "tier");
        assertEq(p.round, 1, "round");
        assertEq(p.proposerSeat, seat, "seat");
        assertEq(p.flags, 0, "flags");
        assertEq(p.proposer, voters[seat], "proposer");
        assertEq(p.ballots[0], 0, "ballots");
        assertEq(p.ballots[1], 0, "ballots of round 2");
        assertEq(council.proposalSnapshot(id), created, "snapshot");
        assertEq(council.proposalDeadline(id), created + rule(4).period, "deadline");
        assertEq(council.proposalEta(id), created + rule(4).period + rule(4).timelock, "eta");
        assertState(id, ProposalState.Active, "state");
    }

    function test_propose_emitsBothEvents() public {
        bytes memory action = addConstraint("x");
        uint256 id = council.computeProposalId(voters[2], 0, ActionKind.AddConstraint, action);
        uint40 closesAt = uint40(START + rule(1).period);
        address[] memory targets = new address[](1);
        targets[0] = sys.constraints;
        bytes[] memory calldatas = new bytes[](1);
        calldatas[0] = action;
        vm.expectEmit(address(council));
        emit ICouncil.ActionProposed(id, ActionKind.AddConstraint, 2, 1, 0, 1, 1, closesAt, closesAt);
        vm.expectEmit(address(council));
        emit ICouncil.ProposalCreated(
            id, voters[2], targets, new uint256[](1), new string[](1), calldatas, START, closesAt, "because"
        );
        assertEq(proposeAs(2, ActionKind.AddConstraint, action), id, "id");
    }

    /// @dev The id binds chain, Council, proposer, nonce, kind and bytes: what a seat signs means one action only.
    function test_proposalId_isTheHashOfAllThatItStandsFor(
        address proposer,
        uint64 nonce,
        uint8 kind,
        bytes memory action
    ) public view {
        kind = uint8(bound(kind, 0, uint8(ActionKind.SetParameters)));
        bytes32 actionHash = keccak256(abi.encode(kind, keccak256(action)));
        uint256 expected = uint256(
            keccak256(abi.encode("custodes/proposal/v1", block.chainid, address(council), proposer, nonce, actionHash))
        );
        assertEq(council.computeProposalId(proposer, nonce, ActionKind(kind), action), expected, "id");
    }

    function test_proposalId_differs_onAnotherChain() public {
        uint256 here = council.computeProposalId(voters[0], 0, ActionKind.AddConstraint, "");
        vm.chainId(4242);
        assertTrue(here != council.computeProposalId(voters[0], 0, ActionKind.AddConstraint, ""), "other id");
    }

    function test_propose_advancesTheNonce_soThatOneActionCanBeProposedAgain() public {
        uint256 first = proposeTier1();
        assertEq(council.proposalNonce(voters[0]), 1, "nonce");
        uint256 second = proposeTier1();
        assertTrue(first != second, "another id");
        assertEq(council.proposalNonce(voters[0]), 2, "nonce");
        assertEq(council.getProposal(second).nonce, 1, "recorded");
        assertEq(council.proposalNonce(voters[1]), 0, "of another");
    }

    function withdraw(uint256 id) private {
        vm.prank(voters[0]);
        council.cancel(id);
    }
}
