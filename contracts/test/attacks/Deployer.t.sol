// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../../src/interfaces/IActionTarget.sol";
import {IBrake} from "../../src/interfaces/IBrake.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {ActionContext} from "../../src/types/System.sol";
import {AttackTest} from "./AttackTest.t.sol";

/// @dev Attacks by the one who made the contracts.
contract DeployerAttacks is AttackTest {
    /// @dev bZx, 2021: the deployer's key is stolen, and with it every contract that it still ruled. Here it rules none:
    /// the thief, as any caller, tries all that only a vote, a seat or another contract may do.
    /// forge-config: default.fuzz.runs = 16
    function test_bZx_stolenDeployerKey(address other) public {
        uint256 id = proposeTier1();
        address[2] memory thieves = [address(this), other]; // the tests' own contract deployed the six
        for (uint256 i; i < 2; ++i) {
            (, ISeats.Standing standing) = seats.seatOf(thieves[i]);
            if (standing != ISeats.Standing.None || isPart(thieves[i])) continue;
            assertPowerless(thieves[i], id);
        }
    }

    function assertPowerless(address thief, uint256 id) private {
        bytes memory voteless = abi.encodeWithSelector(IActionTarget.OnlyCouncil.selector, thief);
        refused(sys.seats, thief, acting(ActionKind.ChangeSeats, removeSeat(0)), voteless);
        refused(sys.council, thief, acting(ActionKind.SetParameters, setParameters()), voteless);
        refused(sys.constraints, thief, acting(ActionKind.AddConstraint, addConstraint("x")), voteless);
        refused(sys.releases, thief, acting(ActionKind.RegisterModel, abi.encode(modelOf(1, 0))), voteless);
        refused(sys.brake, thief, acting(ActionKind.Resume, ""), voteless);
        refused(sys.committee, thief, acting(ActionKind.FormCommittee, ""), voteless);

        bytes memory seatless = abi.encodeWithSelector(ICouncil.NotLiveSeat.selector, thief);
        bytes memory proposal = abi.encodeCall(council.propose, (ActionKind.AddConstraint, addConstraint("x"), ""));
        refused(sys.council, thief, proposal, seatless);
        refused(sys.council, thief, abi.encodeCall(council.castVote, (id, 1)), seatless);
        refused(sys.council, thief, abi.encodeCall(council.object, (id, PROOF, "")), seatless);
        refused(sys.brake, thief, abi.encodeCall(brake.pull, (0, PROOF, 4, "")), seatless);

        bytes memory unrelated = abi.encodeWithSelector(IBrake.OnlyReleases.selector, thief);
        refused(sys.brake, thief, abi.encodeCall(brake.openScope, (PROOF)), unrelated);
        bytes memory unbraked = abi.encodeWithSelector(ICouncil.OnlyBrake.selector, thief);
        refused(sys.council, thief, abi.encodeCall(council.close, (thief)), unbraked);
        bytes memory keyless = abi.encodeWithSelector(ISeats.NotSeatKey.selector, 0, thief);
        refused(sys.seats, thief, abi.encodeCall(seats.recoverKey, (0, thief, "")), keyless);
    }

    function refused(address target, address thief, bytes memory call, bytes memory err) private {
        vm.prank(thief);
        (bool ok, bytes memory why) = target.call(call);
        assertFalse(ok, "let in");
        assertEq(why, err, "reason");
    }

    function acting(ActionKind kind, bytes memory action) private pure returns (bytes memory) {
        return abi.encodeCall(IActionTarget.executeAction, (kind, action, ActionContext(1, 4)));
    }

    function isPart(address account) private view returns (bool) {
        return account == sys.council || account == sys.releases;
    }
}
