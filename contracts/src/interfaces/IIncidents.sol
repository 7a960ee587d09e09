// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Misuse reports: what was seen, and what was answered. A stop cites one, and a resume waits for its answer.
/// The texts stand in events; the contract keeps their hashes' places.
interface IIncidents {
    struct Incident {
        bytes32 subject; // 0 = everything, else the id of a model or of a release
        bytes32 scope; // the subject's lineage, computed, never claimed; 0 = everything
        bytes32 evidenceHash;
        address reporter;
        uint40 reportedAt; // [Unix seconds]; 0 = no such report
        uint8 severity; // 1 to 4
        uint32 answers; // so far
    }

    event IncidentReported(
        uint64 indexed reportId,
        bytes32 indexed scope,
        address indexed reporter,
        bytes32 subject,
        bytes32 evidenceHash,
        uint8 severity,
        string statement
    );
    event IncidentAnswered(
        uint64 indexed reportId, address indexed respondent, uint32 answers, bytes32 responseHash, string statement
    );

    /// @notice R-Brake-11: a report is made by a live seat, or by a worker about a release that names it.
    error NotReporter(address account, bytes32 subject);
    /// @notice R-Brake-11: a worker has one unanswered report at a time.
    error ReportPending(uint64 reportId);
    /// @notice R-Brake-11: no model or release has that id.
    error UnknownSubject(bytes32 subject);
    /// @notice R-Brake-12: no report has that id.
    error UnknownReport(uint64 reportId);
    /// @notice R-Brake-12: the report is about another lineage than the one that the pull is to stop.
    error ReportElsewhere(uint64 reportId, bytes32 actual, bytes32 required);
    /// @notice R-Brake-13: an answer comes from a seat, the registrar of the model, or a worker of the release.
    error NotConcerned(uint64 reportId, address account);
    /// @notice R-Brake-13: an answer has a hash.
    error EmptyAnswer(uint64 reportId);
    /// @notice R-Brake-14: nobody answered the report since the stop fell that cites it.
    error Unanswered(uint64 stopId, uint64 reportId);

    /// @notice By a live seat on anything, or by a worker on a release that names it. Stops nothing by itself.
    function reportIncident(bytes32 subject, bytes32 evidenceHash, uint8 severity, string calldata statement)
        external
        returns (uint64 reportId);

    /// @notice By any seat (a suspended one too), the registrar of the model, or a worker of the release. As often as
    /// there is something to say: nothing is replaced.
    function respond(uint64 reportId, bytes32 responseHash, string calldata statement) external;

    function incidentCount() external view returns (uint64);

    /// @notice Ids count from 1.
    function getIncident(uint64 reportId) external view returns (Incident memory);
}
