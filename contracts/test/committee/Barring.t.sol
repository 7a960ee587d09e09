// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {DkgVectors} from "../vectors/DkgVectors.sol";
import {CommitteeTest} from "./CommitteeTest.t.sol";

/// @dev R-Committee-18: partials of several requests pool. Once some, but fewer than t, members answered for an identity,
/// a stop means that the missing ones must not follow, whatever is resumed later, until a refresh makes the old ones
/// worthless.
contract BarringTest is CommitteeTest {
    bytes32 private releaseId;
    bytes32 private requestId;

    function setUp() public override {
        super.setUp();
        releaseId = toReleased();
        requestId = request(releaseId, WORKER, 0);
        approveByThree(requestId);
    }

    function test_post_reverts_afterAStopBetweenPartials() public {
        post(requestId, 1, 0);
        stopAndResume(modelId);
        assertBarred(requestId, 0);
    }

    function test_post_reverts_afterAGlobalStopBetweenPartials() public {
        post(requestId, 1, 0);
        post(requestId, 2, 0);
        stopAndResume(0);
        assertBarred(requestId, 0);
    }

    /// @dev Not even the member that has answered already: its second answer would go to another worker.
    function test_post_reverts_forAnotherRequestOfTheIdentity() public {
        bytes32 other = request(releaseId, OTHER_WORKER, 1);
        approveByThree(other);
        post(requestId, 1, 0);
        stopAndResume(modelId);
        vm.expectRevert(barred());
        post(other, 1, 1);
        vm.expectRevert(barred());
        post(other, 2, 1);
    }

    function test_approve_reverts_onceBarred() public {
        post(requestId, 1, 0);
        stopAndResume(modelId);
        vm.expectRevert(barred());
        approve(requestId, 4);
    }

    function test_request_reverts_onceBarred_underANewReleaseToo() public {
        post(requestId, 1, 0);
        stopAndResume(modelId);
        vm.expectRevert(barred());
        request(releaseId, OTHER_WORKER, 1);
        bytes32 renewed = grantRelease();
        vm.expectRevert(barred());
        request(renewed, WORKER, 1);
    }

    function test_post_reverts_afterAStopThatLapsed() public {
        post(requestId, 1, 0);
        lapse(stop(modelId));
        skip(1);
        // Only a release that was proposed after the lapse runs again.
        bytes32 renewed = bytes32(carry(ActionKind.GrantRelease, releaseAction(60 days)));
        vm.expectRevert(barred());
        request(renewed, WORKER, 1);
    }

    function test_post_succeeds_ifTheStopCameBeforeTheFirstPartial() public {
        stopAndResume(modelId);
        postAll();
        assertFalse(committee.isBarred(EPOCH, DkgVectors.IDENTITY), "barred");
    }

    /// @dev With t partials the identity key is out, and barring it would only hinder.
    function test_post_succeeds_ifTheStopCameAfterTheLastPartial() public {
        postAll();
        stopAndResume(modelId);
        assertFalse(committee.isBarred(EPOCH, DkgVectors.IDENTITY), "barred");
        bytes32 next = request(releaseId, WORKER, 1);
        approveByThree(next);
        post(next, 1, 1);
    }

    /// @dev Counted by members, not by partials: two answers of one member are one share of the key.
    function test_post_countsMembersAndNotPartials() public {
        bytes32 second = request(releaseId, OTHER_WORKER, 1);
        bytes32 renewed = grantRelease();
        bytes32 third = request(renewed, WORKER, 2);
        approveByThree(second);
        approveByThree(third);
        post(requestId, 1, 0);
        post(second, 1, 1);
        post(third, 1, 2);
        stopAndResume(modelId);
        assertTrue(committee.isBarred(EPOCH, DkgVectors.IDENTITY), "barred");
        vm.expectRevert(barred());
        post(third, 2, 2);
    }

    /// @dev And pooled over requests: three members, each for another request, are the key.
    function test_post_poolsMembersOverRequests() public {
        bytes32 second = request(releaseId, OTHER_WORKER, 1);
        bytes32 third = request(grantRelease(), WORKER, 2);
        approveByThree(second);
        approveByThree(third);
        post(requestId, 1, 0);
        post(second, 2, 1);
        post(third, 3, 2);
        stopAndResume(modelId);
        assertFalse(committee.isBarred(EPOCH, DkgVectors.IDENTITY), "barred");
        post(second, 3, 1);
    }

    // --- helpers

    /// @dev Within the life of the request: what is tried afterwards is not refused for its age.
    function stopAndResume(bytes32 scope) private {
        uint64 stopId = stop(scope);
        resume(stopId);
        assertTrue(releases.isReleasable(releaseId, WORKER), "releasable again");
    }

    function postAll() private {
        for (uint256 member = 1; member <= THRESHOLD; ++member) {
            post(requestId, member, 0);
        }
    }

    function assertBarred(bytes32 barredRequest, uint256 number) private {
        assertTrue(committee.isBarred(EPOCH, DkgVectors.IDENTITY), "barred");
        vm.expectRevert(barred());
        post(barredRequest, 3, number);
    }

    function barred() private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.IdentityBarred.selector, DkgVectors.IDENTITY);
    }
}
