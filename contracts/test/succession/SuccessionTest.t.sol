// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind, NameSuccessor, PinnedCode} from "../../src/types/Actions.sol";
import {ActionContext, System} from "../../src/types/System.sol";
import {Charter} from "../Charter.sol";
import {ReleasesTest} from "../releases/ReleasesTest.t.sol";

/// @dev Two systems: the one that every test has, which ends, and the next one under the same charter. Whatever a test does
/// by name (council, brake, ...) it does in the one that it uses now.
abstract contract SuccessionTest is ReleasesTest {
    System internal old;
    System internal next;

    function use(System memory which) internal {
        sys = which;
        seats = ISeats(which.seats);
        council = ICouncil(which.council);
        constraints = IConstraints(which.constraints);
        releases = IReleases(which.releases);
        brake = IBrake(which.brake);
        committee = ICommittee(which.committee);
    }

    /// @dev The next system stands and is inert; the old one is in use.
    function deployNext(address follows) internal {
        old = sys;
        predecessor = follows;
        deploySystem(Charter.chamberNames(), genesis(), Charter.parameters(), Charter.bounds());
        setCommitteeKey(KEY_HASH);
        next = sys;
        use(old);
    }

    /// @dev All six, the Council first.
    function naming(System memory which) internal view returns (bytes memory) {
        address[6] memory accounts =
            [which.council, which.seats, which.constraints, which.releases, which.brake, which.committee];
        NameSuccessor memory action = NameSuccessor(new PinnedCode[](6));
        for (uint256 i; i < 6; ++i) {
            action.parts[i] = PinnedCode(accounts[i], accounts[i].codehash);
        }
        return abi.encode(action);
    }

    /// @dev What a vote of the old system does.
    function name(System memory which) internal {
        bytes memory action = naming(which);
        vm.prank(old.council);
        IBrake(old.brake).executeAction(ActionKind.NameSuccessor, action, ActionContext(nextProposal(), 4));
    }

    /// @dev The old system ends for the next one, which takes it over and is in use.
    function succeed() internal {
        deployNext(sys.council);
        name(next);
        use(next);
        council.activate();
    }

    function notNamed(address actual) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IConstraints.NotItsSuccessor.selector, old.council, actual);
    }
}
