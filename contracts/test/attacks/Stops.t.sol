// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ActionKind, GrantRelease, Mode, RegisterModel} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {AttackTest} from "./AttackTest.t.sol";

/// @dev Attacks on the brake: by it, around it, and against what it stopped.
contract StopsAttacks is AttackTest {
    bytes32 private model;
    bytes32 private releaseId;

    function setUp() public override {
        super.setUp();
        model = registered(1);
        GrantRelease memory release = toWorkers(model, Mode.Plain, oneWorker());
        release.expiresAt = uint40(nowAt() + 89 days);
        releaseId = bytes32(carry(ActionKind.GrantRelease, abi.encode(release)));
        assertReleasable(releaseId);
    }

    /// @dev A griefing minority: one chamber, whole, stops what the others want.
    function test_griefingMinority_ofOneChamberStopsAlone() public {
        for (uint256 seat; seat < 5; ++seat) {
            assertEq(pull(model, seat), 0, "a stop by one chamber");
        }
        assertReleasable(releaseId);
    }

    /// @dev A griefing minority: nobody confirms its stop, it lapses, and they pull again, for ever.
    function test_griefingMinority_stopsAgainAndAgain() public {
        uint64 stopId = stop(model); // by the seats 0, 1 and 5
        carry(ActionKind.AddConstraint, addConstraint("the Council goes on")); // a stop never blocks a vote
        lapse(stopId);
        uint40 until = uint40(nowAt() + Charter.parameters().cooldown);
        assertCoolingDown(0, until);
        assertCoolingDown(1, until);
        assertCoolingDown(5, until);
        assertEq(pull(model, 2), 0, "others may pull");
    }

    /// @dev A stop is walked around by a new release: one that was queued before it, or one that is proposed under it.
    function test_walkedAroundStop_byANewRelease() public {
        bytes memory action = granting(model);
        uint256 queued = proposeAndVote(ActionKind.GrantRelease, action);
        warpToEta(queued);
        stop(model);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.TierTooLow.selector, queued, 2, 3));
        council.execute(queued, ActionKind.GrantRelease, action);
        uint256 fresh = proposeAs(1, ActionKind.GrantRelease, action);
        assertEq(council.getProposal(fresh).tier, 3, "what it takes to release under a stop");
    }

    /// @dev ... by registering the same sealed weights again, as the root of a lineage without stops.
    function test_walkedAroundStop_byAReRegisteredModel() public {
        stop(model);
        RegisterModel memory again = modelOf(2, 0);
        (again.keyCommitment, again.contentRoot) = (modelOf(1, 0).keyCommitment, modelOf(1, 0).contentRoot);
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(IReleases.ModelExists.selector, model));
        council.propose(ActionKind.RegisterModel, abi.encode(again), "a new model, honestly");
    }

    /// @dev ... by a model that is derived from the stopped one.
    function test_walkedAroundStop_byADerivedModel() public {
        stop(model);
        carry(ActionKind.RegisterModel, abi.encode(modelOf(2, model)));
        bytes32 derived = releases.computeModelId(REGISTRAR, 2);
        assertTrue(brake.isStopped(releases.getModel(derived).lineage), "stopped with its parent");
    }

    /// @dev ... by waiting until it lapses: what was stopped does not run again by itself.
    function test_walkedAroundStop_byWaitingForItsLapse() public {
        lapse(stop(model));
        assertFalse(brake.isStopped(model), "still stopped");
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Barred);
    }

    /// @dev A resume is voted for one stop, and a second one falls meanwhile: it erases what its voters never saw.
    function test_resume_erasesAStopNobodySaw() public {
        uint64 first = stop(model);
        answer(first);
        bytes memory action = resuming(first);
        uint256 id = proposeAndVote(ActionKind.Resume, action);
        warpToEta(id);
        pull(model, 2);
        pull(model, 6);
        uint64 second = pull(model, 11);
        council.execute(id, ActionKind.Resume, action);
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Stopped);
        assertEq(uint256(brake.getStop(second).status), uint256(IBrake.StopStatus.Standing), "the second one");
    }

    function assertCoolingDown(uint8 seat, uint40 until) private {
        vm.prank(voters[seat]);
        vm.expectRevert(abi.encodeWithSelector(IBrake.CoolingDown.selector, seat, model, until));
        brake.pull(model, PROOF, 3, "again");
    }
}
