// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../interfaces/ICouncil.sol";
import {ISeats} from "../interfaces/ISeats.sol";
import {ActionTarget} from "../libraries/ActionTarget.sol";
import {KeyKind} from "../types/Actions.sol";

/// @dev What Seats keeps, and how it is read. A vote reads one slot, that of its key.
abstract contract SeatStore is ISeats, ActionTarget {
    uint8 internal constant MAX_SEATS = 64;

    /// @dev Where an error has to name a seat, and there is none.
    uint8 internal constant NO_SEAT = type(uint8).max;

    /// @dev A key serves one seat in one role, once: what it signed can never speak for another. Seat and standing are
    /// those of the seat that it votes for now; a recovery key and a former key vote for none.
    struct Key {
        bool used;
        uint8 seat;
        Standing standing;
        bool silent; // the seat's silence is counted: its next act ends that, and no other costs anything for it
        KeyKind kind;
    }

    struct Roster {
        uint32 version;
        uint64 seats; // suspended ones included
        uint64 live;
        uint64 challenged; // dormant or about to be; removed ones until their number is given again
    }

    bytes32 public immutable genesisHash;
    uint8 public immutable chamberCount;

    Roster internal current;
    mapping(uint32 version => uint256) public chamberMasks;
    mapping(uint8 chamber => bytes32) public chamberName;

    mapping(uint8 seat => Seat) internal records;
    mapping(uint8 seat => Rotation) internal rotations;
    mapping(uint8 seat => Silence) internal silences;
    mapping(address key => Key) internal keys;
    mapping(bytes32 organisationId => uint8) internal seatsOfOrganisations; // seat + 1

    /// @inheritdoc ISeats
    function seatOf(address votingKey) external view returns (uint8 seat, Standing standing) {
        Key memory key = keys[votingKey];
        return (key.seat, key.standing);
    }

    /// @inheritdoc ISeats
    /// @dev What the compiler packs into a Key after `used`, as it stands.
    function electorOf(address votingKey) external view returns (uint256 elector) {
        Key storage key = keys[votingKey];
        assembly ("memory-safe") {
            elector := and(shr(8, sload(key.slot)), 0xffffffff)
        }
    }

    /// @inheritdoc ISeats
    function getSeat(uint8 seat) external view returns (Seat memory) {
        return records[seat];
    }

    /// @inheritdoc ISeats
    function seatOfOrganisation(bytes32 organisationId) external view returns (uint8 seat, Standing standing) {
        uint8 next = seatsOfOrganisations[organisationId];
        if (next != 0) (seat, standing) = (next - 1, records[next - 1].standing);
    }

    /// @inheritdoc ISeats
    function liveMask() external view returns (uint64) {
        return current.live;
    }

    /// @inheritdoc ISeats
    function roster() external view returns (uint32 version, uint64 seats) {
        return (current.version, current.seats);
    }

    /// @inheritdoc ISeats
    function pendingRotation(uint8 seat) external view returns (Rotation memory) {
        return rotations[seat];
    }

    /// @dev The key votes for that seat from now on.
    function _seatKey(address key, uint8 seat, Standing standing) internal {
        keys[key] = Key(true, seat, standing, silences[seat].since != 0, records[seat].kind);
    }

    /// @dev The key votes for nothing, and never will again.
    function _spendKey(address key) internal {
        keys[key] = Key(true, 0, Standing.None, false, KeyKind.None);
    }

    function _requireUnused(address key) internal view {
        if (key == address(0) || keys[key].used) revert KeyUsed(key); // R-Seats-07
    }

    /// @dev A seat that acts itself.
    function _requireActing(uint8 seat) internal view {
        if (!COUNCIL.active()) revert ICouncil.NotActive(); // R-Council-16
        Standing standing = records[seat].standing;
        if (standing != Standing.Live) revert UnexpectedStanding(seat, standing, Standing.Live); // R-Seats-13
    }

    /// @dev Zero for a number that no seat can have.
    function _bit(uint8 seat) internal pure returns (uint64) {
        return seat < MAX_SEATS ? uint64(1) << seat : 0;
    }
}
