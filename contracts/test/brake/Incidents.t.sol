// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {IIncidents} from "../../src/interfaces/IIncidents.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ActionKind, Mode, SuspendSeat, WorkerGrant} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {ReleasesTest} from "../releases/ReleasesTest.t.sol";

/// @dev Misuse reports: who makes them, about what, and who answers.
contract IncidentsTest is ReleasesTest {
    bytes32 private constant EVIDENCE = keccak256("evidence");
    bytes32 private constant ANSWER = keccak256("answer");
    bytes32 private constant EVERYTHING = 0;

    bytes32 private model;
    bytes32 private child;
    bytes32 private releaseId;

    function setUp() public override {
        super.setUp();
        model = register(0, 0);
        child = register(1, model);
        releaseId = grant(child);
    }

    // --- reports

    /// @dev R-Council-16.
    function test_report_reverts_beforeActivation() public {
        deploySystem(Charter.chamberNames(), genesis(), Charter.parameters(), Charter.bounds());
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotActive.selector));
        reportAs(voters[0], EVERYTHING);
    }

    /// @dev R-Brake-09.
    function test_report_reverts_withoutEvidenceOrSeverity(uint8 severity) public {
        severity = severity == 0 ? 0 : uint8(bound(severity, 5, 255));
        vm.startPrank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(IBrake.BadReport.selector, EVIDENCE, severity));
        brake.reportIncident(model, EVIDENCE, severity, "");
        vm.expectRevert(abi.encodeWithSelector(IBrake.BadReport.selector, bytes32(0), 1));
        brake.reportIncident(model, 0, 1, "");
        vm.stopPrank();
    }

    /// @dev R-Brake-11.
    function test_report_reverts_aboutNothing(bytes32 subject) public {
        vm.assume(subject != EVERYTHING && subject != model && subject != child && subject != releaseId);
        vm.expectRevert(abi.encodeWithSelector(IIncidents.UnknownSubject.selector, subject));
        reportAs(voters[0], subject);
    }

    /// @dev R-Brake-11. A stranger floods nobody; a recovery key and a suspended seat report nothing either.
    function test_report_reverts_fromAnybodyElse(address account) public {
        vm.assume(account != WORKER);
        for (uint256 seat; seat < Charter.SEATS; ++seat) {
            vm.assume(account != voters[seat]);
        }
        expectNotReporter(account, model);
        expectNotReporter(account, releaseId);
        expectNotReporter(guardians[0], model);
        enact(seats, ActionKind.SuspendSeat, abi.encode(SuspendSeat(4, EVIDENCE)), 1);
        expectNotReporter(voters[4], model);
    }

    /// @dev R-Brake-11. A worker knows the release that names it; about all else it asks a seat.
    function test_report_reverts_fromAWorker_aboutAnythingButItsRelease() public {
        expectNotReporter(WORKER, model);
        expectNotReporter(WORKER, EVERYTHING);
        expectNotReporter(REGISTRAR, releaseId);
        assertEq(reportAs(WORKER, releaseId), 1, "report");
    }

    /// @dev R-Brake-11. No bond, so one unanswered report a worker, whatever the release.
    function test_report_reverts_fromAWorker_whileItsLastIsUnanswered() public {
        bytes32 another = grant(model);
        reportAs(voters[0], releaseId); // of another, it binds the worker to nothing
        reportAs(WORKER, releaseId);
        vm.expectRevert(abi.encodeWithSelector(IIncidents.ReportPending.selector, 2));
        reportAs(WORKER, another);
        respondAs(voters[9], 2);
        assertEq(reportAs(WORKER, another), 3, "report");
        vm.expectRevert(abi.encodeWithSelector(IIncidents.ReportPending.selector, 3));
        reportAs(WORKER, releaseId);
    }

    /// @dev R-Brake-11. What a seat reported while it was live does not bind it as a worker; what it reports since does.
    function test_report_ofASeat_bindsItFromItsSuspension() public {
        WorkerGrant[] memory workers = new WorkerGrant[](1);
        workers[0] = WorkerGrant(voters[1], 0, "org-1");
        bytes memory action = abi.encode(toWorkers(model, Mode.Plain, workers));
        bytes32 held = bytes32(enact(releases, ActionKind.GrantRelease, action, 3));
        reportAs(voters[1], model);
        enact(seats, ActionKind.SuspendSeat, abi.encode(SuspendSeat(1, EVIDENCE)), 1);
        assertEq(reportAs(voters[1], held), 2, "report");
        vm.expectRevert(abi.encodeWithSelector(IIncidents.ReportPending.selector, 2));
        reportAs(voters[1], held);
    }

    /// @dev The lineage is computed: a report on a child, or on its release, is one on the root's lineage.
    function test_report_isKeptUnderItsLineage(uint8 severity, string calldata statement) public {
        severity = uint8(bound(severity, 1, 4));
        bytes32[4] memory subjects = [EVERYTHING, model, child, releaseId];
        bytes32[4] memory expected = [EVERYTHING, model, model, model];
        for (uint64 i; i < 4; ++i) {
            vm.expectEmit(address(brake));
            emit IIncidents.IncidentReported(i + 1, expected[i], voters[i], subjects[i], EVIDENCE, severity, statement);
            vm.prank(voters[i]);
            assertEq(brake.reportIncident(subjects[i], EVIDENCE, severity, statement), i + 1, "ids increase");
            IIncidents.Incident memory made = brake.getIncident(i + 1);
            assertEq(made.subject, subjects[i], "subject");
            assertEq(made.scope, expected[i], "scope");
            assertEq(made.evidenceHash, EVIDENCE, "evidence");
            assertEq(made.reporter, voters[i], "reporter");
            assertEq(made.reportedAt, nowAt(), "time");
            assertEq(made.severity, severity, "severity");
            assertEq(made.answers, 0, "answers");
        }
        assertEq(brake.incidentCount(), 4, "reports");
        assertFalse(brake.isStopped(model), "a report stops nothing");
        assertReleasable(releaseId);
    }

    /// @dev The last word of a worker comes after its release's end, too.
    function test_report_isMade_underAnEndedRelease() public {
        vm.warp(releases.getRelease(releaseId).expiresAt);
        assertEq(reportAs(WORKER, releaseId), 1, "report");
    }

    function test_getIncident_isEmpty_ofAnUnknownId(uint64 reportId) public {
        reportAs(voters[0], model);
        vm.assume(reportId != 1);
        assertEq(brake.getIncident(reportId).reportedAt, 0, "reportedAt");
        assertEq(brake.getIncident(0).reportedAt, 0, "none has the id 0");
    }

    /// @dev R-Seats-20. A worker's word is no seat's: it ends nobody's silence.
    function test_report_fromAWorker_isNoSignOfLifeOfASeat() public {
        vm.prank(voters[1]);
        seats.countSilence(0);
        reportAs(WORKER, releaseId);
        assertEq(seats.silenceOf(0).since, nowAt(), "counted since");
    }

    // --- answers

    function test_respond_reverts_onAnUnknownReport(uint64 reportId) public {
        reportAs(voters[0], model);
        vm.assume(reportId != 1);
        vm.expectRevert(abi.encodeWithSelector(IIncidents.UnknownReport.selector, reportId));
        respondAs(voters[0], reportId);
    }

    /// @dev R-Brake-13.
    function test_respond_reverts_withoutAHash() public {
        reportAs(voters[0], model);
        vm.prank(voters[1]);
        vm.expectRevert(abi.encodeWithSelector(IIncidents.EmptyAnswer.selector, 1));
        brake.respond(1, 0, "nothing to see");
    }

    /// @dev R-Brake-13. An answer lifts the bar before a resume, so a stranger gives none.
    function test_respond_reverts_fromAnybodyWhoIsNotConcerned(address account) public {
        vm.assume(account != WORKER && account != REGISTRAR && account != address(0));
        for (uint256 seat; seat < Charter.SEATS; ++seat) {
            vm.assume(account != voters[seat]);
        }
        reportAs(voters[0], releaseId);
        expectNotConcerned(account, 1);
        expectNotConcerned(guardians[0], 1);
        reportAs(voters[0], EVERYTHING);
        expectNotConcerned(REGISTRAR, 2); // everything has no registrar
        reportAs(voters[0], child);
        expectNotConcerned(WORKER, 3); // the report names no release of its
    }

    /// @dev R-Brake-13. The accused: a suspended seat, the registrar of the model, the worker of the release.
    function test_respond_isOpenToThoseConcerned(string calldata statement) public {
        reportAs(voters[0], releaseId);
        enact(seats, ActionKind.SuspendSeat, abi.encode(SuspendSeat(4, EVIDENCE)), 1);
        address[4] memory concerned = [voters[0], voters[4], REGISTRAR, WORKER];
        for (uint32 i; i < 4; ++i) {
            vm.expectEmit(address(brake));
            emit IIncidents.IncidentAnswered(1, concerned[i], i + 1, ANSWER, statement);
            vm.prank(concerned[i]);
            brake.respond(1, ANSWER, statement);
            assertEq(brake.getIncident(1).answers, i + 1, "answers");
        }
        reportAs(voters[0], child);
        respondAs(REGISTRAR, 2);
        assertEq(brake.getIncident(2).answers, 1, "answers");
    }

    // --- the whole path

    /// @dev Report, stop, respond, resume: through the votes, with a model that runs again.
    function test_incident_path() public {
        uint64 reportId = reportAs(WORKER, releaseId);
        uint64 stopId;
        for (uint256 i; i < 3; ++i) {
            vm.prank(voters[5 * i]);
            stopId = brake.pullCiting(model, reportId, "on that report");
        }
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Stopped);
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(IIncidents.Unanswered.selector, stopId, reportId));
        council.propose(ActionKind.Resume, resuming(stopId), "it was nothing");
        respondAs(REGISTRAR, reportId);
        carry(ActionKind.Resume, resuming(stopId));
        assertReleasable(releaseId);
    }

    // --- helpers

    function reportAs(address account, bytes32 subject) private returns (uint64) {
        vm.prank(account);
        return brake.reportIncident(subject, EVIDENCE, 3, "seen in the logs");
    }

    function respondAs(address account, uint64 reportId) private {
        vm.prank(account);
        brake.respond(reportId, ANSWER, "the filter is mended");
    }

    function expectNotReporter(address account, bytes32 subject) private {
        vm.expectRevert(abi.encodeWithSelector(IIncidents.NotReporter.selector, account, subject));
        reportAs(account, subject);
    }

    function expectNotConcerned(address account, uint64 reportId) private {
        vm.expectRevert(abi.encodeWithSelector(IIncidents.NotConcerned.selector, reportId, account));
        respondAs(account, reportId);
    }
}
