// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReleases} from "../interfaces/IReleases.sol";
import {ISeats} from "../interfaces/ISeats.sol";
import {WorkerGrant} from "../types/Actions.sol";

/// @dev The independence of the parties of a secret-shared model.
library Parties {
    /// @dev R-Releases-12: two parties under one control, or in one jurisdiction, could be made to pool their shares.
    /// Workers of the same party hold the same shares, so they may share everything.
    /// `held` is what earlier releases of the model gave to whom.
    function check(WorkerGrant[] memory workers, mapping(bytes32 label => uint16 party) storage held, ISeats seats)
        internal
        view
    {
        ISeats.Seat[] memory holders = new ISeats.Seat[](workers.length);
        for (uint256 i; i < workers.length; ++i) {
            holders[i] = _seatOf(workers[i], seats);
            for (uint256 j; j < i; ++j) {
                if (workers[j].party != workers[i].party && _related(holders[j], holders[i])) {
                    revert IReleases.DependentParties(workers[i].worker, workers[j].worker);
                }
            }
            _checkHeld(workers[i], held, holders[i].affiliation);
            _checkHeld(workers[i], held, bytes32(holders[i].jurisdiction));
        }
    }

    /// @dev R-Releases-13: an identity key is for ever, so that a second release must not add what the first kept apart.
    function keep(WorkerGrant[] memory workers, mapping(bytes32 label => uint16 party) storage held, ISeats seats)
        internal
    {
        for (uint256 i; i < workers.length; ++i) {
            ISeats.Seat memory holder = _seatOf(workers[i], seats);
            held[holder.affiliation] = workers[i].party;
            held[bytes32(holder.jurisdiction)] = workers[i].party;
        }
    }

    function _checkHeld(WorkerGrant memory grant, mapping(bytes32 label => uint16 party) storage held, bytes32 label)
        private
        view
    {
        uint16 before = held[label];
        // R-Releases-13
        if (before != 0 && before != grant.party) revert IReleases.PartyHeld(grant.worker, label, before, grant.party);
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
