// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../../src/interfaces/IActionTarget.sol";
import {IBrake} from "../../src/interfaces/IBrake.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {BrakeTest} from "./BrakeTest.t.sol";

contract ConfirmStopTest is BrakeTest {
    ActionKind private constant KIND = ActionKind.ConfirmStop;

    function test_confirm_reverts_fromAnybodyButTheCouncil(address caller) public {
        assertOnlyCouncil(brake, KIND, confirming(stop(LINEAGE)), caller);
    }

    function test_brake_reverts_onActionsOfOtherContracts(uint8 rawKind) public {
        ActionKind kind = ActionKind(bound(rawKind, 0, uint8(type(ActionKind).max)));
        vm.assume(kind != ActionKind.ConfirmStop && kind != ActionKind.Resume && kind != ActionKind.NameSuccessor);
        bytes memory err = abi.encodeWithSelector(IActionTarget.UnknownAction.selector, kind);
        assertRefused(brake, kind, confirming(stop(LINEAGE)), err);
    }

    function test_confirm_reverts_onAnUnknownStop(uint64 stopId) public {
        stop(LINEAGE);
        vm.assume(stopId != 1);
        assertRefused(brake, KIND, confirming(stopId), unexpectedStop(stopId, IBrake.StopStatus.None));
    }

    /// @dev R-Brake-04.
    function test_confirm_reverts_unlessStandingUnconfirmed() public {
        uint64 stopId = stop(LINEAGE);
        confirm(stopId);
        assertRefused(brake, KIND, confirming(stopId), unexpectedStop(stopId, IBrake.StopStatus.Confirmed));
        resume(stopId);
        assertRefused(brake, KIND, confirming(stopId), unexpectedStop(stopId, IBrake.StopStatus.Resumed));
        stopId = stop(LINEAGE);
        lapse(stopId);
        assertRefused(brake, KIND, confirming(stopId), unexpectedStop(stopId, IBrake.StopStatus.Lapsed));
    }

    function test_confirm_needsTierOne() public {
        assertTier(brake, KIND, confirming(stop(LINEAGE)), 1);
    }

    function test_confirm_keepsTheStopStanding() public {
        uint64 stopId = stop(LINEAGE);
        vm.expectEmit(address(brake));
        emit IBrake.StopConfirmed(stopId, LINEAGE, nextProposal());
        confirm(stopId);
        assertStatus(stopId, IBrake.StopStatus.Confirmed);
        assertScope(LINEAGE, 1, 0, 1);
        assertTrue(brake.isStopped(LINEAGE), "stopped");
    }

    /// @dev Through the Council: carried out as soon as its threshold is met, before the round closes.
    function test_confirm_waitsForNothing_butItsThreshold() public {
        uint64 stopId = stop(EVERYTHING);
        uint256 proposalId = propose(KIND, confirming(stopId));
        voteFor(proposalId, TIER_1);
        council.execute(proposalId, KIND, confirming(stopId));
        assertStatus(stopId, IBrake.StopStatus.Confirmed);
    }
}
