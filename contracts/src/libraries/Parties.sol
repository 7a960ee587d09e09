// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReleases} from "../interfaces/IReleases.sol";
import {ISeats} from "../interfaces/ISeats.sol";
import {WorkerGrant} from "../types/Actions.sol";

/// @dev The independence of the parties of a secret-shared model.
library Parties {
    /// @dev R-Releases-12: two parties under one control, or in one jurisdiction, could be made to pool their shares.
    /// Workers of the same party hold the same shares, so they may share everything.
    function check(WorkerGrant[] memory workers, ISeats seats) internal view {
        ISeats.Seat[] memory holders = new ISeats.Seat[](workers.length);
        for (uint256 i; i < workers.length; ++i) {
            holders[i] = _seatOf(workers[i], seats);
            for (uint256 j; j < i; ++j) {
                if (workers[j].party != workers[i].party && _related(holders[j], holders[i])) {
                    revert IReleases.DependentParties(workers[i].worker, workers[j].worker);
                }
            }
        }
    }

    function _seatOf(WorkerGrant memory grant, ISeats seats) private view returns (ISeats.Seat memory) {
        (uint8 seat, ISeats.Standing standing) = seats.seatOfOrganisation(keccak256(bytes(grant.organisation)));
        if (standing == ISeats.Standing.None) revert IReleases.PartyWithoutSeat(grant.worker, grant.organisation);
        return seats.getSeat(seat);
    }

    function _related(ISeats.Seat memory a, ISeats.Seat memory b) private pure returns (bool) {
        // The same organisation has the same affiliation, since it has one seat.
        return a.affiliation == b.affiliation || a.jurisdiction == b.jurisdiction;
    }
}
