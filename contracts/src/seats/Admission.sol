// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Independence, Member} from "../libraries/Independence.sol";
import {Tally} from "../libraries/Tally.sol";
import {ChangeSeats, KeyKind, SeatGrant} from "../types/Actions.sol";
import {Parameters} from "../types/Parameters.sol";
import {SeatStore} from "./SeatStore.sol";

/// @dev Whether a change of the roster is admissible, judged on the set that it would leave. Changes nothing.
abstract contract Admission is SeatStore {
    /// @dev A voted batch: independent, and such that its live seats can still pass every tier.
    function _admitBatch(ChangeSeats memory batch) internal view returns (uint8[] memory numbers, uint256 masks) {
        (numbers, masks) = _judge(batch);
        uint64 live = current.live; // with the removed ones, which the masks leave out
        for (uint256 i; i < numbers.length; ++i) {
            live |= _bit(numbers[i]);
        }
        _requirePassable(masks, live, NO_SEAT);
    }

    /// @dev The numbers that the grants would get and the masks of the resulting chambers.
    function _judge(ChangeSeats memory batch) internal view returns (uint8[] memory numbers, uint256 masks) {
        uint256 grants = batch.grants.length;
        if (grants == 0 && batch.removals.length == 0) revert EmptyBatch(); // R-Seats-16

        uint64 staying = current.seats;
        numbers = _freeNumbers(staying, grants); // before the removals: a number that is vacated now rests
        for (uint256 i; i < batch.removals.length; ++i) {
            uint8 seat = batch.removals[i];
            if (staying & _bit(seat) == 0) revert UnexpectedStanding(seat, Standing.None, Standing.Live); // R-Seats-13
            staying &= ~_bit(seat);
        }

        Member[] memory members = new Member[](Tally.countSeats(staying) + grants);
        uint256 n;
        for (uint8 seat; seat < MAX_SEATS; ++seat) {
            if (staying & _bit(seat) == 0) continue;
            Seat storage s = records[seat];
            members[n++] = Member(s.organisationId, s.affiliation, s.jurisdiction, seat, s.chamber, false);
        }
        for (uint256 i; i < grants; ++i) {
            SeatGrant memory grant = batch.grants[i];
            _judgeGrant(batch.grants, i);
            bytes32 organisationId = keccak256(bytes(grant.organisation));
            members[n++] =
                Member(organisationId, grant.affiliation, grant.jurisdiction, numbers[i], grant.chamber, true);
        }
        masks = Independence.judge(members, chamberCount);
    }

    function _judgeGrant(SeatGrant[] memory grants, uint256 index) internal view {
        SeatGrant memory grant = grants[index];
        if (
            grant.chamber >= chamberCount || bytes(grant.organisation).length == 0 || grant.jurisdiction == 0
                || grant.affiliation == 0 || grant.kind != KeyKind.EOA
        ) revert MalformedGrant(grant.organisation); // R-Seats-15

        _requireUnused(grant.votingKey);
        _requireUnused(grant.recoveryKey);
        if (grant.votingKey == grant.recoveryKey) revert KeyUsed(grant.votingKey); // R-Seats-07
        for (uint256 i; i < index; ++i) {
            SeatGrant memory other = grants[i];
            if (grant.votingKey == other.votingKey || grant.votingKey == other.recoveryKey) {
                revert KeyUsed(grant.votingKey); // R-Seats-07
            }
            if (grant.recoveryKey == other.votingKey || grant.recoveryKey == other.recoveryKey) {
                revert KeyUsed(grant.recoveryKey); // R-Seats-07
            }
        }
    }

    /// @dev The lowest numbers that nobody holds and no living proposal can count.
    function _freeNumbers(uint64 taken, uint256 count) internal view returns (uint8[] memory numbers) {
        numbers = new uint8[](count);
        uint256 rest; // [seconds], read when the first vacated number is met
        uint8 seat;
        for (uint256 i; i < count; ++seat) {
            if (seat == MAX_SEATS) revert NoFreeSeat(); // R-Seats-06
            if (taken & _bit(seat) != 0) continue;
            uint256 vacatedAt = records[seat].vacatedAt;
            if (vacatedAt != 0) {
                if (rest == 0) rest = COUNCIL.longestProposal();
                if (block.timestamp <= vacatedAt + rest) continue;
            }
            numbers[i++] = seat;
        }
    }

    function _admitSuspension(uint8 seat) internal view {
        Standing standing = records[seat].standing;
        if (standing != Standing.Live) revert UnexpectedStanding(seat, standing, Standing.Live); // R-Seats-13
        _requirePassable(chamberMasks[current.version], current.live & ~_bit(seat), seat);
    }

    /// @dev Nobody may vote the system into a state that no vote leads out of.
    function _requirePassable(uint256 masks, uint64 live, uint8 seat) internal view {
        Parameters memory p = _parameters();
        for (uint8 tier = 1; tier <= 4; ++tier) {
            if (!Tally.passes(p.tiers[tier - 1], masks, live)) revert WouldDeadlock(seat, tier); // R-Seats-12
        }
    }
}
