// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {IIncidents} from "../../src/interfaces/IIncidents.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {
    ActionKind,
    AddConstraint,
    Direction,
    Mode,
    ParameterSetting,
    RegisterModel,
    RetireConstraint,
    SetParameter
} from "../../src/types/Actions.sol";
import {SuccessionTest} from "./SuccessionTest.t.sol";

/// @dev What a system takes over: constraints with their values, models with their lineages, stops with their ids.
contract InheritTest is SuccessionTest {
    bytes32 private constant ID = keccak256("max-output");
    bytes32 private constant TOKENS = "max_output_tokens";
    bytes32 private constant TESTS = "min_evaluations";

    // --- constraints

    /// @dev R-Constraints-11.
    function test_constraints_standAsTheyStood() public {
        add(uint40(nowAt() + 90 days));
        set(ActionKind.TightenParameter, 99, 1);
        bytes32 before = keccak256(abi.encode(constraints.getConstraint(ID)));
        succeed();
        assertEq(keccak256(abi.encode(constraints.getConstraint(ID))), before, "constraint");
        assertEq(valueOf(TOKENS), 99);
        assertEq(valueOf(TESTS), 10);
        assertTrue(constraints.getParameter(ID, TOKENS).direction == Direction.Max, "direction");
    }

    function test_constraints_areJudgedByWhatTheyWere() public {
        add(uint40(nowAt() + 90 days));
        bytes32 stale = versionNow();
        set(ActionKind.TightenParameter, 50, 1);
        succeed();
        bytes memory loosening = changing(versionNow(), 51);
        assertRefused(constraints, ActionKind.TightenParameter, loosening, notTighter(50, 51));
        assertTier(constraints, ActionKind.LoosenParameter, loosening, 3);
        assertRefused(
            constraints,
            ActionKind.TightenParameter,
            changing(stale, 40),
            abi.encodeWithSelector(IConstraints.UnexpectedParent.selector, ID, versionNow(), stale)
        );
        assertRefused(
            constraints,
            ActionKind.AddConstraint,
            adding(0),
            abi.encodeWithSelector(IConstraints.ConstraintExists.selector, ID)
        );
        set(ActionKind.TightenParameter, 40, 1);
        assertEq(valueOf(TOKENS), 40);
        assertEq(valueOf(TESTS), 10);
        assertTrue(constraints.getParameter(ID, TOKENS).direction == Direction.Max, "direction");
        IConstraints.Constraint memory c = constraints.getConstraint(ID);
        assertEq(c.version, constraints.head(), "version");
        assertTrue(c.status == IConstraints.Status.InForce && c.expiresAt != 0, "the rest as it was");
        assertEq(c.documentHash, keccak256("{}"), "document");
        use(old);
        assertEq(valueOf(TOKENS), 50);
    }

    /// @dev R-Constraints-01: here as there, though the predecessor knows nothing of it.
    function test_constraints_ofThisSystem_areUsedToo() public {
        succeed();
        add(0);
        bytes memory err = abi.encodeWithSelector(IConstraints.ConstraintExists.selector, ID);
        assertRefused(constraints, ActionKind.AddConstraint, adding(0), err);
    }

    function test_constraints_stayRetired() public {
        add(0);
        retire();
        succeed();
        assertTrue(constraints.getConstraint(ID).status == IConstraints.Status.Retired, "retired");
        bytes memory err = abi.encodeWithSelector(IConstraints.ConstraintExists.selector, ID);
        assertRefused(constraints, ActionKind.AddConstraint, adding(0), err);
    }

    function test_constraints_retireHere() public {
        add(0);
        succeed();
        retire();
        assertTrue(constraints.getConstraint(ID).status == IConstraints.Status.Retired, "retired");
        use(old);
        assertTrue(constraints.getConstraint(ID).status == IConstraints.Status.InForce, "as it was left");
    }

    /// @dev R-Constraints-07: one chain over both systems, and over a third.
    function test_ledger_goesOn_overThreeSystems() public {
        bytes32 head = constraints.genesisHead();
        add(0);
        set(ActionKind.TightenParameter, 90, 1);
        succeed();
        assertEq(constraints.firstEntry(), 2, "first entry");
        set(ActionKind.TightenParameter, 80, 1);
        succeed();
        assertEq(constraints.firstEntry(), 3, "first entry");
        assertEq(valueOf(TOKENS), 80);
        set(ActionKind.LoosenParameter, 95, 3);
        assertEq(constraints.entryCount(), 4, "entries");
        for (uint64 n; n < 4; ++n) {
            if (n == 3) assertEq(constraints.genesisHead(), head, "where the own entries begin");
            IConstraints.Entry memory e = constraints.entry(n);
            head = keccak256(
                abi.encode(head, n, e.kind, e.constraintId, e.documentHash, e.parent, e.tier, e.proposalId, e.time)
            );
            assertEq(e.head, head, "head");
        }
        assertEq(constraints.head(), head, "head");
        vm.expectRevert();
        constraints.entry(4);
    }

    // --- models

    /// @dev R-Releases-14.
    function test_models_areKnown() public {
        bytes32 model = register(1, 0);
        bytes32 child = register(2, model);
        bytes32 identity = identityOf(model, Mode.Plain, 0);
        succeed();
        bytes memory err = abi.encodeWithSelector(IReleases.ModelExists.selector, model);
        assertRefused(releases, ActionKind.RegisterModel, abi.encode(modelOf(1, 0)), err);
        RegisterModel memory again = modelOf(9, 0); // under another id, the same seal
        again.keyCommitment = modelOf(1, 0).keyCommitment;
        assertRefused(releases, ActionKind.RegisterModel, abi.encode(again), err);
        assertRefused(releases, ActionKind.GrantRelease, granting(model), unknownModel(model));
        assertRefused(releases, ActionKind.RegisterModel, abi.encode(modelOf(3, "?")), unknownModel("?"));
        assertEq(releases.modelOfIdentity(identity), model, "identity");
        assertEq(releases.modelOfKey(again.keyCommitment), model, "key");
        assertEq(releases.getModel(child).lineage, model, "lineage");
        assertEq(releases.modelCount(), 0, "registered here");

        bytes32 sealedAgain = register(3, child);
        assertEq(releases.getModel(sealedAgain).lineage, model, "its lineage goes on");
        assertTrue(brake.getScope(model).openedAt != 0, "and can be stopped");
        assertReleasable(grant(sealedAgain));
        assertEq(releases.modelOfIdentity(identityOf(sealedAgain, Mode.Plain, 0)), sealedAgain, "its own identity");
        assertEq(releases.modelOfKey(modelOf(3, child).keyCommitment), sealedAgain, "its own key");
        bytes32 another = register(4, sealedAgain);
        assertEq(releases.getModel(another).lineage, model, "lineage");
    }

    // --- stops

    /// @dev R-Brake-17. With its id and its report; confirmed, and by nobody here.
    function test_stops_standUntilAResumeHere() public {
        bytes32 model = register(1, 0);
        uint64 first = stop(model);
        answer(first);
        IBrake.Stop memory was = brake.getStop(first);
        succeed();
        IBrake.Stop memory is_ = brake.getStop(first);
        assertTrue(is_.status == IBrake.StopStatus.Confirmed, "confirmed");
        assertEq(is_.scope, model, "scope");
        assertEq(is_.reportHash, was.reportHash, "report");
        assertEq(is_.pulledAt, was.pulledAt, "time");
        assertEq(is_.seats, 0, "no seats of this system");
        IIncidents.Incident memory report = brake.getIncident(is_.reportId);
        assertEq(report.evidenceHash, was.reportHash, "evidence");
        assertEq(report.scope, model, "about");
        assertTrue(brake.isStopped(model), "stopped");

        bytes32 child = register(2, model);
        assertTier(releases, ActionKind.GrantRelease, granting(child), 3);
        vm.warp(was.lapsesAt);
        vm.expectRevert(
            abi.encodeWithSelector(
                IBrake.UnexpectedStop.selector, first, IBrake.StopStatus.Confirmed, IBrake.StopStatus.Standing
            )
        );
        brake.lapse(first);
        bytes32 releaseId = grant(child);
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Stopped);
        bytes memory unanswered = abi.encodeWithSelector(IIncidents.Unanswered.selector, first, is_.reportId);
        assertRefused(brake, ActionKind.Resume, resuming(first), unanswered);
        resume(first);
        assertReleasable(releaseId);
    }

    /// @dev Those that had ended are history, with their ids; the next stop has the next one.
    function test_stops_keepTheirIds() public {
        bytes32 model = register(1, 0);
        resume(stop(model));
        uint64 confirmed = stop(model);
        enact(brake, ActionKind.ConfirmStop, abi.encode(confirmed), 1);
        uint64 everything = stop(0);
        lapse(stop(model));
        deployNext(sys.council);
        name(next);
        uint64 afterTheEnd = stop(0);
        use(next);
        brake.importStops(2);
        brake.importStops(0);
        assertEq(brake.stopCount(), 2, "taken over so far");
        council.activate();
        assertEq(brake.stopCount(), 5, "all of them");
        assertStatus(1, IBrake.StopStatus.Resumed);
        assertStatus(4, IBrake.StopStatus.Lapsed);
        assertStatus(confirmed, IBrake.StopStatus.Confirmed);
        assertStatus(everything, IBrake.StopStatus.Confirmed);
        assertStatus(afterTheEnd, IBrake.StopStatus.Confirmed);
        assertEq(brake.getScope(model).standing, 1, "on the lineage");
        assertEq(brake.getScope(model).pulled, 3, "ever");
        assertEq(brake.getScope(0).standing, 2, "on everything");
        assertEq(stop(model), 6, "the next one");
        assertEq(brake.getScope(model).standing, 2, "on the lineage");
    }

    /// @dev Who follows the logs learns of each stop, and of the report that it cites.
    function test_stops_areAnnounced_withTheirReports() public {
        bytes32 model = register(1, 0);
        IBrake.Stop memory was = brake.getStop(stop(model));
        IIncidents.Incident memory report = brake.getIncident(was.reportId);
        deployNext(sys.council);
        name(next);
        use(next);
        vm.expectEmit(address(brake));
        emit IBrake.StopInherited(1, model, 1, IBrake.StopStatus.Confirmed);
        vm.expectEmit(address(brake));
        emit IIncidents.IncidentReported(
            1, model, report.reporter, report.subject, report.evidenceHash, report.severity, ""
        );
        brake.importStops(1);
    }

    /// @dev A scope opens once: the second stop on it does not, and everything was open before.
    function test_stops_openAScopeOnce() public {
        bytes32 model = register(1, 0);
        (stop(model), stop(model), stop(0));
        deployNext(sys.council);
        name(next);
        use(next);
        uint40 began = brake.getScope(0).openedAt;
        skip(1);
        brake.importStops(1);
        uint40 opened = brake.getScope(model).openedAt;
        skip(1);
        brake.importStops(2);
        assertEq(brake.getScope(model).openedAt, opened, "the lineage");
        assertEq(brake.getScope(0).openedAt, began, "everything");
    }

    // --- helpers

    function adding(uint40 expiresAt) private pure returns (bytes memory) {
        ParameterSetting[] memory settings = new ParameterSetting[](2);
        settings[0] = ParameterSetting(TOKENS, Direction.Max, 100);
        settings[1] = ParameterSetting(TESTS, Direction.Min, 10);
        return abi.encode(AddConstraint("max-output", expiresAt, settings, "{}"));
    }

    function add(uint40 expiresAt) private {
        enact(constraints, ActionKind.AddConstraint, adding(expiresAt), 1);
    }

    function changing(bytes32 parent, int128 value) private pure returns (bytes memory) {
        return abi.encode(SetParameter(ID, parent, TOKENS, value));
    }

    function set(ActionKind kind, int128 value, uint8 tier) private {
        enact(constraints, kind, changing(versionNow(), value), tier);
    }

    function retire() private {
        enact(constraints, ActionKind.RetireConstraint, abi.encode(RetireConstraint(ID, versionNow())), 3);
    }

    function versionNow() private view returns (bytes32) {
        return constraints.getConstraint(ID).version;
    }

    function valueOf(bytes32 key) private view returns (int256) {
        return constraints.getParameter(ID, key).value;
    }

    function notTighter(int128 oldValue, int128 newValue) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IConstraints.NotTighter.selector, ID, TOKENS, Direction.Max, oldValue, newValue);
    }

    function assertStatus(uint64 stopId, IBrake.StopStatus expected) private view {
        assertEq(uint256(brake.getStop(stopId).status), uint256(expected), "status of the stop");
    }
}
