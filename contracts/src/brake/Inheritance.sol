// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../interfaces/IBrake.sol";
import {ISuccession} from "../interfaces/ISuccession.sol";
import {Incidents} from "./Incidents.sol";

/// @dev The stops of the predecessor, one after the other, with their ids, each with the report that it cites. A system
/// begins with all of them or not at all: the activation takes over what is left, in one transaction, so that nobody can
/// hold it back by one more pull over there.
abstract contract Inheritance is Incidents {
    /// @inheritdoc ISuccession
    function importStops(uint64 limit) external {
        IBrake before = IBrake(CONSTRAINTS.inheritance().brake); // R-Constraints-10
        uint64 count = before.stopCount();
        for (uint64 id = uint64(stops.length) + 1; id <= count && limit != 0; (++id, --limit)) {
            _import(before, id);
        }
    }

    /// @dev R-Brake-17. Confirmed, whatever it was: a lapse here would come without the term that its voters had, and cool
    /// down seats that never pulled. For the same reason it names no seats: their numbers are another system's.
    function _import(IBrake before, uint64 id) private {
        Stop memory stop = before.getStop(id);
        Incident memory report = before.getIncident(stop.reportId);
        bool stands = stop.status == StopStatus.Standing || stop.status == StopStatus.Confirmed;
        if (stands) {
            stop.status = StopStatus.Confirmed;
            stop.answersBefore = report.answers; // R-Brake-14: a resume here waits for an answer here
        }
        incidents.push(report);
        (stop.reportId, stop.seats) = (uint64(incidents.length), 0);
        stops.push(stop);
        emit StopInherited(id, stop.scope, stop.reportId, stop.status);
        emit IncidentReported(
            stop.reportId, report.scope, report.reporter, report.subject, report.evidenceHash, report.severity, ""
        );
        if (!_isOpen(stop.scope)) _open(stop.scope);
        if (stands) scopes[stop.scope].standing += 1;
        scopes[stop.scope].pulled += 1;
    }
}
