// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeats} from "../interfaces/ISeats.sol";
import {Tally} from "../libraries/Tally.sol";
import {SeatStore} from "./SeatStore.sol";

/// @dev Seats that are silent: counted, challenged, dormant. Nobody has to prove a silence, which cannot be proven, and
/// no ballot pays for the proof of the contrary: a seat's silence is counted only from when another seat asks for it.
/// From then on its key says so, and whoever reads the key for an act of the seat ends the count.
abstract contract Dormancy is SeatStore {
    uint256 private constant AWAKE_CHAMBERS = 2;

    /// @inheritdoc ISeats
    function silenceOf(uint8 seat) external view returns (Silence memory) {
        return silences[seat];
    }

    /// @inheritdoc ISeats
    function countSilence(uint8 seat) external {
        uint8 by = _actingCaller();
        _requireActing(seat); // a suspended seat could not break its silence
        uint40 since = silences[seat].since;
        if (since != 0) revert SilenceCountedAlready(seat, since); // R-Seats-20
        silences[seat].since = uint40(block.timestamp);
        keys[records[seat].votingKey].silent = true;
        emit SilenceCounted(seat, by, uint40(block.timestamp + _parameters().dormancy));
    }

    /// @inheritdoc ISeats
    function challenge(uint8 seat) external {
        uint8 by = _actingCaller();
        _requireActing(seat);
        Silence memory silence = silences[seat];
        if (silence.since == 0) revert SilenceNotCounted(seat); // R-Seats-20
        if (silence.answerBy != 0) revert ChallengedAlready(seat, silence.answerBy); // R-Seats-22
        uint256 challengeableAt = silence.since + uint256(_parameters().dormancy);
        if (block.timestamp < challengeableAt) revert NotSilentEnough(seat, challengeableAt, block.timestamp); // R-Seats-22
        uint40 answerBy = uint40(block.timestamp + _parameters().challengePeriod);
        silences[seat].answerBy = answerBy;
        current.challenged |= _bit(seat);
        emit SeatChallenged(seat, by, answerBy);
    }

    /// @inheritdoc ISeats
    function answer(uint8 seat) external {
        Seat storage s = records[seat];
        // R-Seats-10
        if (msg.sender != s.votingKey && msg.sender != s.recoveryKey) revert NotSeatKey(seat, msg.sender);
        _requireActing(seat);
        if (silences[seat].since == 0) revert SilenceNotCounted(seat); // R-Seats-20
        _endSilence(seat);
    }

    /// @inheritdoc ISeats
    function act(address votingKey) external returns (uint8 seat, Standing standing) {
        Key memory key = keys[votingKey];
        if (key.silent && (msg.sender == address(COUNCIL) || msg.sender == address(BRAKE))) _endSilence(key.seat);
        return (key.seat, key.standing);
    }

    /// @inheritdoc ISeats
    function replacementRoster(uint32 version, uint40 proposedAt)
        external
        view
        returns (uint256 awake, uint256 exempt)
    {
        uint256 whole = chamberMasks[version];
        awake = whole & ~Tally.spread(_dormantSince(proposedAt));
        uint256 sizes = Tally.countLanes(whole);
        uint256 left = Tally.countLanes(awake);
        uint256 mostlyAwake;
        for (uint256 lane; lane < 64 * uint256(chamberCount); lane += 64) {
            if (2 * uint256(uint64(left >> lane)) < uint64(sizes >> lane)) exempt |= 1 << lane;
            else ++mostlyAwake;
        }
        // R-Seats-24: what is left of one chamber must not fill all the others.
        if (mostlyAwake < AWAKE_CHAMBERS) return (whole, 0);
    }

    /// @dev R-Seats-20: the seat has done something, or cannot do anything any more.
    function _endSilence(uint8 seat) internal {
        if (silences[seat].since == 0) return;
        delete silences[seat];
        current.challenged &= ~_bit(seat);
        keys[records[seat].votingKey].silent = false;
        emit SilenceEnded(seat);
    }

    /// @dev R-Seats-23: silent through a whole challenge that was over at that time.
    function _requireDormant(uint8 seat, uint256 time) internal view {
        uint40 answerBy = silences[seat].answerBy;
        if (answerBy == 0 || answerBy > time) revert NotDormant(seat, answerBy, time);
    }

    /// @dev The seats whose challenge was over at that time, and who have done nothing since.
    function _dormantSince(uint256 time) private view returns (uint64 dormant) {
        uint64 challenged = current.challenged;
        for (uint8 seat; challenged != 0; (challenged, seat) = (challenged >> 1, seat + 1)) {
            if (challenged & 1 != 0 && silences[seat].answerBy <= time) dormant |= _bit(seat);
        }
    }

    /// @dev The live seat whose voting key calls. Calling is an act of its own.
    function _actingCaller() private returns (uint8 seat) {
        Key memory key = keys[msg.sender];
        if (key.standing == Standing.None) revert NotSeatKey(NO_SEAT, msg.sender); // R-Seats-10
        _requireActing(key.seat);
        _endSilence(key.seat);
        return key.seat;
    }
}
