// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {DkgVectors} from "../vectors/DkgVectors.sol";
import {CommitteeTest} from "./CommitteeTest.t.sol";

contract RegisterTest is CommitteeTest {
    function setUp() public override {
        super.setUp();
        form();
    }

    function test_register_reverts_forAnEpochThatWasNotStarted(uint64 epoch) public {
        vm.assume(epoch != EPOCH);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICommittee.UnexpectedPhase.selector, epoch, ICommittee.Phase.None, ICommittee.Phase.Registering
            )
        );
        vm.prank(oracle(1));
        committee.register(epoch, transportKey(1), DkgVectors.commitmentsHash(1));
    }

    function test_register_reverts_onceAllHaveRegistered() public {
        for (uint256 member = 1; member <= SIZE; ++member) {
            register(member);
        }
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Dealing, ICommittee.Phase.Registering));
        register(1);
    }

    function test_register_reverts_afterTheDeadline() public {
        uint40 endsAt = phaseEndsAt();
        vm.warp(endsAt);
        register(1); // the last second counts
        vm.warp(endsAt + 1);
        vm.expectRevert(phaseDeadline(endsAt));
        register(2);
    }

    function test_register_reverts_whileEverythingIsStopped() public {
        stop(0);
        vm.expectRevert(everythingStopped());
        register(1);
    }

    function test_register_reverts_fromAStranger(address caller) public {
        for (uint256 member = 1; member <= SIZE; ++member) {
            vm.assume(caller != oracle(member));
        }
        vm.expectRevert(notMember(caller));
        vm.prank(caller);
        committee.register(EPOCH, transportKey(1), DkgVectors.commitmentsHash(1));
    }

    function test_register_reverts_aSecondTime() public {
        register(1);
        vm.expectRevert(alreadyDone(1));
        register(1);
    }

    function test_register_reverts_ifTheTransportKeyHasAnotherLength(uint16 length) public {
        vm.assume(length != 1216);
        bytes memory key = new bytes(bound(length, 0, 3000));
        if (key.length == 1216) return;
        bytes32 commitmentsHash = DkgVectors.commitmentsHash(1);
        vm.expectRevert(mismatch(1, keccak256(key), commitmentsHash));
        vm.prank(oracle(1));
        committee.register(EPOCH, key, commitmentsHash);
    }

    /// @dev Zero is how the record says that a member has not registered: it would register again and again.
    function test_register_reverts_ifTheCommitmentsHashIsZero() public {
        vm.expectRevert(mismatch(1, keccak256(transportKey(1)), 0));
        registerWith(1, 0);
    }

    function test_register_keepsWhatItWasGiven() public {
        bytes32 commitmentsHash = DkgVectors.commitmentsHash(2);
        vm.expectEmit(address(committee));
        emit ICommittee.TransportKeyRegistered(EPOCH, 2, transportKey(2), commitmentsHash);
        register(2);
        ICommittee.Member memory member = committee.getMembers(EPOCH)[1];
        assertEq(member.transportKeyHash, keccak256(transportKey(2)), "transport key");
        assertEq(member.commitmentsHash, commitmentsHash, "commitments");
        assertEq(committee.getEpoch(EPOCH).registered, 1, "count");
        assertPhase(ICommittee.Phase.Registering, "phase");
    }

    function test_register_opensDealing_whenAllHave() public {
        for (uint256 member = SIZE; member > 1; --member) {
            register(member);
        }
        skip(3 hours);
        uint40 endsAt = uint40(nowAt() + 1 days);
        vm.expectEmit(address(committee));
        emit ICommittee.TransportKeyRegistered(EPOCH, 1, transportKey(1), DkgVectors.commitmentsHash(1));
        vm.expectEmit(address(committee));
        emit ICommittee.PhaseAdvanced(EPOCH, ICommittee.Phase.Dealing, endsAt);
        register(1);
        assertPhase(ICommittee.Phase.Dealing, "phase");
        assertEq(phaseEndsAt(), endsAt, "deadline");
    }

    function mismatch(uint16 index, bytes32 actual, bytes32 committed) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.CommitmentMismatch.selector, index, actual, committed);
    }
}
