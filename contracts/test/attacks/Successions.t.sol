// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ActionKind, AddConstraint, Direction, ParameterSetting, RegisterModel} from "../../src/types/Actions.sol";
import {Base} from "../Base.t.sol";
import {ReleasesTest} from "../releases/ReleasesTest.t.sol";
import {SuccessionTest} from "../succession/SuccessionTest.t.sol";
import {AttackTest} from "./AttackTest.t.sol";

/// @dev Who could gain by a succession: those whom a stop, a limit or a registration of the old system holds, and those who
/// would rather follow it without its vote.
contract SuccessionAttacks is AttackTest, SuccessionTest {
    function setUp() public override(AttackTest, ReleasesTest) {
        AttackTest.setUp();
    }

    /// @dev Somebody deploys a system of his own, says that it follows this one, and would have its constraints, its models
    /// and its name, while the old one goes on.
    function test_succession_takenByOneWhomNobodyNamed() public {
        addRule();
        deployNext(sys.council);
        use(next);
        vm.expectRevert(notNamed(address(0)));
        council.activate();
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotActive.selector));
        council.propose(ActionKind.RegisterModel, abi.encode(modelOf(1, 0)), "ours now");
    }

    /// @dev A succession that drops a stop: nobody takes it over, or it falls between the end and the take-over; then what
    /// was stopped is sealed again, and released as if nothing had been.
    function test_succession_dropsAStop() public {
        bytes32 model = registered(1);
        stop(model);
        endForNext();
        stop(0);
        use(next);
        council.activate();
        carry(ActionKind.RegisterModel, abi.encode(modelOf(2, model)));
        bytes32 sealedAgain = releases.computeModelId(REGISTRAR, 2);
        bytes memory granting_ = granting(sealedAgain);
        assertEq(releases.checkAction(ActionKind.GrantRelease, granting_), 3, "tier");
        uint256 id = carry(ActionKind.GrantRelease, granting_);
        assertReleasability(bytes32(id), WORKER, IReleases.Releasability.Stopped);
        assertEq(brake.getScope(model).standing, 1, "stops on the lineage");
        assertEq(brake.getScope(0).standing, 1, "stops on everything");
        vm.warp(nowAt() + 365 days);
        for (uint64 stopId = 1; stopId <= 2; ++stopId) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IBrake.UnexpectedStop.selector, stopId, IBrake.StopStatus.Confirmed, IBrake.StopStatus.Standing
                )
            );
            brake.lapse(stopId);
        }
    }

    /// @dev A succession that loosens: the limit is proposed anew with another value, or moved as if it had been looser.
    function test_succession_loosensAConstraint() public {
        addRule();
        carry(ActionKind.TightenParameter, setParameter(10));
        endForNext();
        use(next);
        council.activate();
        bytes memory again = abi.encode(AddConstraint("rule", 0, new ParameterSetting[](0), "{}"));
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(IConstraints.ConstraintExists.selector, RULE_ID));
        council.propose(ActionKind.AddConstraint, again, "a fresh start");
        bytes memory action = setParameter(99);
        vm.prank(voters[0]);
        vm.expectRevert(
            abi.encodeWithSelector(
                IConstraints.NotTighter.selector, RULE_ID, KEY, Direction.Max, int128(10), int128(99)
            )
        );
        council.propose(ActionKind.TightenParameter, action, "99 is less than 100");
        assertEq(uint256(int256(constraints.getParameter(RULE_ID, KEY).value)), 10, "limit");
    }

    /// @dev A succession that steals: a model of the old system is registered again, as the root of a lineage without stops.
    function test_succession_stealsAnIdentity() public {
        bytes32 model = registered(1);
        stop(model);
        endForNext();
        use(next);
        council.activate();
        RegisterModel memory theft = modelOf(1, 0); // the same id, as if it had been sealed anew
        theft.keyCommitment = keccak256("another data key");
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(IReleases.ModelExists.selector, model));
        council.propose(ActionKind.RegisterModel, abi.encode(theft), "a new model, honestly");
    }

    /// @dev The old system ends by its vote. Uses the old one afterwards.
    function endForNext() private {
        deployNext(sys.council);
        carry(ActionKind.NameSuccessor, naming(next));
        assertEq(council.successor(), next.council, "successor");
    }
}
