// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../interfaces/ICouncil.sol";
import {IIncidents} from "../interfaces/IIncidents.sol";
import {ISeats} from "../interfaces/ISeats.sol";
import {BrakeStore} from "./BrakeStore.sol";

/// @dev Reports and their answers, on the record and in order. Nothing here stops or lifts anything; it says what a stop
/// rests on, and whether somebody answered. One report costs its author four slots, and no call walks over them.
abstract contract Incidents is BrakeStore {
    uint8 private constant MAX_SEVERITY = 4;

    Incident[] internal incidents; // report i has the id i + 1
    mapping(address worker => uint64 reportId) private lastReports; // of workers alone

    /// @inheritdoc IIncidents
    function reportIncident(bytes32 subject, bytes32 evidenceHash, uint8 severity, string calldata statement)
        external
        returns (uint64 reportId)
    {
        if (!COUNCIL.active()) revert ICouncil.NotActive(); // R-Council-16
        _checkReport(evidenceHash, severity);
        bytes32 scope = _scopeOf(subject);
        (, ISeats.Standing standing) = SEATS.act(msg.sender);
        // R-Brake-11: a seat that floods can be suspended. A worker is held to one unanswered report.
        if (standing != ISeats.Standing.Live) _checkWorker(subject);
        reportId = _file(subject, scope, evidenceHash, severity, statement);
        if (standing != ISeats.Standing.Live) lastReports[msg.sender] = reportId;
    }

    /// @inheritdoc IIncidents
    function respond(uint64 reportId, bytes32 responseHash, string calldata statement) external {
        Incident memory incident = _getReport(reportId);
        if (responseHash == 0) revert EmptyAnswer(reportId); // R-Brake-13
        if (!_isConcerned(incident.subject, msg.sender)) revert NotConcerned(reportId, msg.sender); // R-Brake-13
        uint32 answers = incident.answers + 1;
        incidents[reportId - 1].answers = answers;
        emit IncidentAnswered(reportId, msg.sender, answers, responseHash, statement);
    }

    /// @inheritdoc IIncidents
    function incidentCount() external view returns (uint64) {
        return uint64(incidents.length);
    }

    /// @inheritdoc IIncidents
    function getIncident(uint64 reportId) public view returns (Incident memory incident) {
        if (reportId != 0 && reportId <= incidents.length) incident = incidents[reportId - 1];
    }

    function _file(bytes32 subject, bytes32 scope, bytes32 evidenceHash, uint8 severity, string calldata statement)
        internal
        returns (uint64 reportId)
    {
        incidents.push(
            Incident({
                subject: subject,
                scope: scope,
                evidenceHash: evidenceHash,
                reporter: msg.sender,
                reportedAt: uint40(block.timestamp),
                severity: severity,
                answers: 0
            })
        );
        reportId = uint64(incidents.length);
        emit IncidentReported(reportId, scope, msg.sender, subject, evidenceHash, severity, statement);
    }

    function _getReport(uint64 reportId) internal view returns (Incident memory incident) {
        incident = getIncident(reportId);
        if (incident.reportedAt == 0) revert UnknownReport(reportId); // R-Brake-12
    }

    /// @dev R-Brake-09.
    function _checkReport(bytes32 evidenceHash, uint8 severity) internal pure {
        if (evidenceHash == 0 || severity == 0 || severity > MAX_SEVERITY) revert BadReport(evidenceHash, severity);
    }

    /// @dev R-Brake-11.
    function _checkWorker(bytes32 subject) private view {
        if (RELEASES.workerIdentity(subject, msg.sender) == 0) revert NotReporter(msg.sender, subject);
        uint64 last = lastReports[msg.sender];
        if (last != 0 && incidents[last - 1].answers == 0) revert ReportPending(last);
    }

    /// @dev R-Brake-11: looked up, since a report under a wrong lineage would be found by nobody.
    function _scopeOf(bytes32 subject) private view returns (bytes32 lineage) {
        if (_isOpen(subject)) return subject;
        lineage = RELEASES.getModel(subject).lineage;
        if (lineage == 0) lineage = RELEASES.getRelease(subject).lineage;
        if (lineage == 0) revert UnknownSubject(subject);
    }

    /// @dev R-Brake-13. A suspended seat too, since it may be the accused.
    function _isConcerned(bytes32 subject, address account) private returns (bool) {
        (, ISeats.Standing standing) = SEATS.act(account);
        if (standing != ISeats.Standing.None) return true;
        if (RELEASES.workerIdentity(subject, account) != 0) return true;
        bytes32 released = RELEASES.getRelease(subject).modelId;
        return RELEASES.getModel(released == 0 ? subject : released).registrar == account;
    }
}
