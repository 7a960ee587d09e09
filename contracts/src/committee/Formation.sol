// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FormCommittee, OracleMember} from "../types/Actions.sol";
import {Phases} from "./Phases.sol";

/// @dev When a committee may be formed, and how its epoch begins.
abstract contract Formation is Phases {
    /// @dev Reverts with the reason if this committee could not be formed now.
    function _checkFormation(FormCommittee memory formation, bytes calldata action) internal view {
        Phase phase = _epochs[_latestEpoch].phase;
        // R-Committee-11: a key in force is never replaced, only dealt again; one vote cannot do it twice
        if (formation.predecessor != _currentEpoch || _isBeingMade(phase)) revert CommitteeBusy(_latestEpoch, phase);
        if (_isEverythingStopped()) revert EverythingStopped(); // R-Committee-12
        SEATS.requireIndependentOracles(action); // R-Committee-01 to R-Committee-03
    }

    function _start(FormCommittee memory formation, uint256 proposalId) internal {
        uint64 epoch = ++_latestEpoch;
        Epoch storage term = _epochs[epoch];
        term.threshold = formation.threshold;
        term.slack = formation.slack;
        // forge-lint: disable-next-line(unsafe-typecast)
        uint16 size = uint16(formation.members.length); // <= 31
        term.size = size;
        term.startedAt = uint40(block.timestamp);
        uint40 endsAt = uint40(block.timestamp) + _readParameter(DKG_PHASE);
        (term.phase, term.phaseEndsAt, term.predecessor) = (Phase.Registering, endsAt, formation.predecessor);
        emit EpochStarted(epoch, proposalId, formation.threshold, formation.slack, size, endsAt, formation.predecessor);
        for (uint256 i = 0; i < size; ++i) {
            OracleMember memory named = formation.members[i];
            uint16 index = _indices[named.oracle];
            if (index == 0) _indices[named.oracle] = index = ++_lastIndex;
            Member storage member = _members[epoch].push();
            (member.oracle, member.index, member.organisationId) = (named.oracle, index, named.organisationId);
            _places[epoch][named.oracle] = i + 1;
            emit MemberNamed(epoch, index, named.oracle, named.organisationId);
        }
    }
}
