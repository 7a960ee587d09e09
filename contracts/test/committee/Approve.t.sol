// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {CommitteeTest} from "./CommitteeTest.t.sol";

contract ApproveTest is CommitteeTest {
    bytes32 private releaseId;
    bytes32 private requestId;

    function setUp() public override {
        super.setUp();
        releaseId = toReleased();
        requestId = request(releaseId, WORKER, 0);
    }

    function test_approve_reverts_forAnUnknownRequest(bytes32 unknown) public {
        vm.assume(unknown != requestId);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoOpenRequest.selector, unknown, uint40(0)));
        approve(unknown, 1);
    }

    function test_approve_reverts_afterTheRequestExpired() public {
        uint40 expiresAt = committee.getRequest(requestId).expiresAt;
        vm.warp(expiresAt);
        approve(requestId, 1); // the last second counts
        vm.warp(expiresAt + 1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoOpenRequest.selector, requestId, expiresAt));
        approve(requestId, 2);
    }

    function test_approve_reverts_onceTheRequestWasAnswered() public {
        approveByThree(requestId);
        for (uint256 member = 1; member <= THRESHOLD; ++member) {
            post(requestId, member, 0);
        }
        uint40 expiresAt = committee.getRequest(requestId).expiresAt;
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoOpenRequest.selector, requestId, expiresAt));
        approve(requestId, 4);
    }

    function test_approve_reverts_fromAStranger(address caller) public {
        for (uint256 member = 1; member <= SIZE; ++member) {
            vm.assume(caller != oracle(member));
        }
        vm.expectRevert(notMember(caller));
        vm.prank(caller);
        committee.approve(requestId);
    }

    function test_approve_reverts_aSecondTime() public {
        approve(requestId, 2);
        vm.expectRevert(alreadyDone(2));
        approve(requestId, 2);
    }

    function test_approve_reverts_ifTheReleaseIsNotInForce() public {
        uint256 start = vm.snapshotState();
        stop(modelId);
        assertNotReleasable(IReleases.Releasability.Stopped);
        vm.revertToState(start);
        lapse(stop(0));
        assertRefusedAfterExpiry(); // a lapse takes longer than a request lives
        vm.revertToState(start);
        revoke(releaseId);
        assertNotReleasable(IReleases.Releasability.Revoked);
    }

    function test_approve_countsMembers() public {
        uint16[4] memory order = [uint16(5), 1, 4, 2];
        uint32 mask;
        for (uint8 i; i < 4; ++i) {
            vm.expectEmit(address(committee));
            emit ICommittee.UnlockApproved(requestId, order[i], i + 1);
            approve(requestId, order[i]);
            mask |= uint32(1) << (order[i] - 1);
            assertEq(committee.getRequest(requestId).approvals, mask, "bits of the list's positions");
        }
    }

    function assertNotReleasable(IReleases.Releasability reason) private {
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotReleasable.selector, releaseId, WORKER, uint8(reason)));
        approve(requestId, 1);
    }

    function assertRefusedAfterExpiry() private {
        uint40 expiresAt = committee.getRequest(requestId).expiresAt;
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoOpenRequest.selector, requestId, expiresAt));
        approve(requestId, 1);
    }
}
