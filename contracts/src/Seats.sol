// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "./interfaces/IActionTarget.sol";
import {ActionTarget} from "./libraries/ActionTarget.sol";
import {Tally} from "./libraries/Tally.sol";
import {Hosts} from "./seats/Hosts.sol";
import {Keys} from "./seats/Keys.sol";
import {Labels} from "./seats/Labels.sol";
import {ActionKind, ChangeSeats, Reclassify, ReplaceSeat, SeatGrant, SuspendSeat} from "./types/Actions.sol";
import {ActionContext, System} from "./types/System.sol";

/// @title Seats
/// @notice Organisations, their seats in the chambers, and the keys that vote for them.
/// @dev Rosters are append-only, so that a proposal counts against the one that it was made under; liveMask is of now, and
/// never regains a bit that an open proposal could count.
contract Seats is Keys, Labels, Hosts {
    uint8 private constant SUSPENSION_TIER = 1;
    uint8 private constant CHANGE_TIER = 4;
    uint256 private constant MIN_CHAMBERS = 3;

    constructor(System memory sys, bytes32[] memory chamberNames, SeatGrant[] memory genesis) ActionTarget(sys) {
        genesisHash = keccak256(abi.encode(chamberNames, genesis));
        uint256 chambers = chamberNames.length;
        if (chambers < MIN_CHAMBERS || chambers > Tally.CHAMBERS) revert BadChambers(chambers); // R-Seats-14
        chamberCount = uint8(chambers);
        for (uint8 c; c < chambers; ++c) {
            chamberName[c] = chamberNames[c];
            for (uint8 other; other < c; ++other) {
                if (chamberNames[other] == chamberNames[c]) revert BadChambers(chambers); // R-Seats-14
            }
            if (chamberNames[c] == 0) revert BadChambers(chambers); // R-Seats-14
        }
        ChangeSeats memory batch = ChangeSeats(new uint8[](0), genesis);
        (uint8[] memory numbers, uint256 masks) = _judge(batch);
        _apply(batch, numbers, masks);
    }

    /// @inheritdoc IActionTarget
    function checkAction(ActionKind kind, bytes calldata action) external view returns (uint8 tier) {
        if (kind == ActionKind.SuspendSeat) {
            _admitSuspension(abi.decode(action, (SuspendSeat)).seat);
            return SUSPENSION_TIER;
        }
        if (kind == ActionKind.Reclassify) _admitLabels(abi.decode(action, (Reclassify)));
        else if (kind == ActionKind.ReplaceSeat) _admitReplacement(abi.decode(action, (ReplaceSeat)), block.timestamp);
        else if (kind == ActionKind.ChangeSeats) _admitBatch(abi.decode(action, (ChangeSeats)));
        else revert UnknownAction(kind); // R-Council-20
        return CHANGE_TIER;
    }

    /// @inheritdoc IActionTarget
    function executeAction(ActionKind kind, bytes calldata action, ActionContext calldata context)
        external
        onlyCouncil
    {
        if (kind == ActionKind.SuspendSeat) {
            _requireTier(context, SUSPENSION_TIER);
            SuspendSeat memory suspension = abi.decode(action, (SuspendSeat));
            _admitSuspension(suspension.seat);
            _suspend(suspension.seat, suspension.evidenceHash);
            return;
        }
        _requireTier(context, CHANGE_TIER);
        ChangeSeats memory batch;
        uint8[] memory numbers;
        uint256 masks;
        if (kind == ActionKind.Reclassify) {
            _reclassify(abi.decode(action, (Reclassify)));
            return;
        } else if (kind == ActionKind.ReplaceSeat) {
            // Dormant since before the proposal, without a break: a seat that was awake meanwhile was not voted upon.
            uint256 proposedAt = COUNCIL.proposalSnapshot(context.proposalId);
            (batch, numbers, masks) = _admitReplacement(abi.decode(action, (ReplaceSeat)), proposedAt);
        } else if (kind == ActionKind.ChangeSeats) {
            batch = abi.decode(action, (ChangeSeats));
            (numbers, masks) = _admitBatch(batch);
        } else {
            revert UnknownAction(kind); // R-Council-20
        }
        _apply(batch, numbers, masks);
    }

    function _apply(ChangeSeats memory batch, uint8[] memory numbers, uint256 masks) private {
        Roster memory next = current;
        for (uint256 i; i < batch.removals.length; ++i) {
            uint8 seat = batch.removals[i];
            next.seats &= ~_bit(seat);
            next.live &= ~_bit(seat);
            _remove(seat);
        }
        for (uint256 i; i < numbers.length; ++i) {
            next.seats |= _bit(numbers[i]);
            next.live |= _bit(numbers[i]);
            next.challenged &= ~_bit(numbers[i]);
            _grant(numbers[i], batch.grants[i]);
        }
        ++next.version;
        current = next;
        chamberMasks[next.version] = masks;
        emit RosterChanged(next.version, next.seats, next.live);
    }

    function _grant(uint8 seat, SeatGrant memory grant) private {
        bytes32 organisationId = keccak256(bytes(grant.organisation));
        records[seat] = Seat({
            organisationId: organisationId,
            affiliation: grant.affiliation,
            framework: grant.framework,
            votingKey: grant.votingKey,
            recoveryKey: grant.recoveryKey,
            jurisdiction: grant.jurisdiction,
            chamber: grant.chamber,
            kind: grant.kind,
            standing: Standing.Live,
            grantedAt: uint40(block.timestamp),
            vacatedAt: 0
        });
        seatsOfOrganisations[organisationId] = seat + 1;
        // What an earlier holder of the number left behind: it stood for proposals that are dead by now.
        delete silences[seat];
        _seatKey(grant.votingKey, seat, Standing.Live);
        _spendKey(grant.recoveryKey);
        emit SeatGranted(
            seat,
            organisationId,
            grant.chamber,
            grant.organisation,
            grant.jurisdiction,
            grant.affiliation,
            grant.framework,
            grant.kind,
            grant.votingKey,
            grant.recoveryKey,
            grant.evidenceHash
        );
    }

    function _remove(uint8 seat) private {
        Seat storage s = records[seat];
        _dropRotation(seat);
        s.standing = Standing.None;
        s.vacatedAt = uint40(block.timestamp);
        _spendKey(s.votingKey);
        delete seatsOfOrganisations[s.organisationId];
        emit SeatRemoved(seat, s.organisationId);
    }
}
