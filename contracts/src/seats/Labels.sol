// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Tally} from "../libraries/Tally.sol";
import {Reclassify} from "../types/Actions.sol";
import {Admission} from "./Admission.sol";
import {Keys} from "./Keys.sol";

/// @dev What a seat is said to be: jurisdiction, affiliation, framework. R-Seats-19: a reclassification is never refused
/// for what it reveals. Where live seats then are what independence forbids, the latest granted of them are
/// suspended. Later judgements (grants, committees, parties) read the new labels; what stands, stands.
abstract contract Labels is Keys, Admission {
    function _admitLabels(Reclassify memory action) internal view {
        Standing standing = records[action.seat].standing;
        if (standing == Standing.None) revert UnexpectedStanding(action.seat, standing, Standing.Live); // R-Seats-13
        if (action.jurisdiction == 0 || action.affiliation == 0) revert MalformedLabels(action.seat); // R-Seats-15
    }

    function _reclassify(Reclassify memory action) internal {
        _admitLabels(action);
        Seat storage s = records[action.seat];
        (s.jurisdiction, s.affiliation, s.framework) = (action.jurisdiction, action.affiliation, action.framework);
        emit SeatReclassified(
            action.seat,
            s.organisationId,
            action.jurisdiction,
            action.affiliation,
            action.framework,
            action.evidenceHash
        );
        if (s.standing != Standing.Live) return; // it speaks with nobody's voice
        _heal(action.seat, false, 1, action.evidenceHash);
        uint64 chamber = uint64(chamberMasks[current.version] >> 64 * uint256(s.chamber));
        _heal(action.seat, true, Tally.countSeats(chamber) / 2, action.evidenceHash);
    }

    /// @dev Of the live seats that share the seat's affiliation, or its jurisdiction in its chamber, the earliest granted
    /// `allowed` stay. R-Seats-12 comes first for each of the others: a breach can be voted away, a deadlock cannot.
    function _heal(uint8 seat, bool byJurisdiction, uint256 allowed, bytes32 evidenceHash) private {
        uint64 kin = _kinOf(records[seat], byJurisdiction);
        for (uint256 count = Tally.countSeats(kin); count > allowed; --count) {
            uint8 latest = _latestOf(kin);
            kin &= ~_bit(latest);
            uint8 tier = _firstUnpassable(chamberMasks[current.version], current.live & ~_bit(latest));
            if (tier == 0) _suspend(latest, evidenceHash);
            else emit SuspensionWithheld(latest, tier);
        }
    }

    function _kinOf(Seat storage s, bool byJurisdiction) private view returns (uint64 kin) {
        uint64 live = current.live;
        for (uint8 other; other < MAX_SEATS; ++other) {
            if (live & _bit(other) == 0) continue;
            Seat storage o = records[other];
            bool isKin = byJurisdiction
                ? o.chamber == s.chamber && o.jurisdiction == s.jurisdiction
                : o.affiliation == s.affiliation;
            if (isKin) kin |= _bit(other);
        }
    }

    /// @dev Of those granted together, the one with the highest number.
    function _latestOf(uint64 mask) private view returns (uint8 latest) {
        uint40 latestAt;
        for (uint8 seat; seat < MAX_SEATS; ++seat) {
            if (mask & _bit(seat) == 0) continue;
            uint40 grantedAt = records[seat].grantedAt;
            if (grantedAt >= latestAt) (latest, latestAt) = (seat, grantedAt);
        }
    }
}
