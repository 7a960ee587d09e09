// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Independence, Member} from "../libraries/Independence.sol";
import {Tally} from "../libraries/Tally.sol";
import {ChangeSeats, KeyKind, ReplaceSeat, SeatGrant} from "../types/Actions.sol";
import {Parameters} from "../types/Parameters.sol";
import {Dormancy} from "./Dormancy.sol";

/// @dev Whether a change of the roster is admissible, judged on the set that it would leave. Changes nothing.
abstract contract Admission is Dormancy {
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
                || grant.affiliation == 0 || grant.kind == KeyKind.None
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

    /// @dev A batch of one removal and one grant, in the same chamber, where the seat has been dormant since that time.
    function _admitReplacement(ReplaceSeat memory action, uint256 dormantSince)
        internal
        view
        returns (ChangeSeats memory batch, uint8[] memory numbers, uint256 masks)
    {
        _requireDormant(action.seat, dormantSince);
        uint8 chamber = records[action.seat].chamber;
        if (action.replacement.chamber != chamber) {
            revert OtherChamber(action.seat, action.replacement.chamber, chamber); // R-Seats-23
        }
        batch = ChangeSeats(new uint8[](1), new SeatGrant[](1));
        (batch.removals[0], batch.grants[0]) = (action.seat, action.replacement);
        (numbers, masks) = _admitBatch(batch);
    }

    /// @dev Nobody may vote the system into a state that no vote leads out of.
    function _requirePassable(uint256 masks, uint64 live, uint8 seat) internal view {
        uint8 tier = _firstUnpassable(masks, live);
        if (tier != 0) revert WouldDeadlock(seat, tier); // R-Seats-12
    }

    /// @dev The lowest tier that these live seats could not pass together, or 0.
    function _firstUnpassable(uint256 masks, uint64 live) internal view returns (uint8) {
        Parameters memory p = _parameters();
        for (uint8 tier = 1; tier <= 4; ++tier) {
            if (!Tally.passes(p.tiers[tier - 1], masks, live)) return tier;
        }
        return 0;
    }
}
