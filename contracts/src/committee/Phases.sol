// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../interfaces/IBrake.sol";
import {Tally} from "../libraries/Tally.sol";
import {CommitteeStore} from "./CommitteeStore.sol";

/// @dev How an epoch that is being made goes from phase to phase. Each phase ends when everybody has done its part, or by
/// anybody's call after its deadline, with those who have.
///
///     Registering -> Dealing -> Settling -> Acknowledging -> (Answering -> (Settling ->) Confirming ->) in force
///
/// What lacks enough members or dealers aborts, and what was in force before stays.
abstract contract Phases is CommitteeStore {
    /// @dev R-Committee-04, R-Committee-05 and R-Committee-12.
    function _requireStep(uint64 epoch, Phase required) internal view returns (Epoch storage term) {
        term = _epochs[epoch];
        if (term.phase != required) revert UnexpectedPhase(epoch, term.phase, required); // R-Committee-04
        // R-Committee-05
        if (block.timestamp > term.phaseEndsAt) revert PhaseDeadline(epoch, term.phaseEndsAt, block.timestamp);
        if (_isEverythingStopped()) revert EverythingStopped(); // R-Committee-12
    }

    /// @dev The caller as a member of the epoch that registered: nobody else can have been dealt a share.
    function _requireRegistered(uint64 epoch) internal view returns (Member storage member, uint256 place) {
        place = _requirePlace(epoch) - 1;
        member = _members[epoch][place];
        if (member.transportKeyHash == 0) revert NotMember(epoch, msg.sender); // R-Committee-06
    }

    /// @dev The caller as a dealer of the epoch: its position in the dealers' list.
    function _requireDealer(uint64 epoch) internal view returns (Member storage dealer, uint256 place) {
        uint64 source = _dealersOf(epoch);
        place = _requirePlace(source) - 1;
        dealer = _members[source][place];
    }

    /// @dev R-Committee-12: a scope that was never opened is no permission.
    function _isEverythingStopped() internal view returns (bool) {
        IBrake.Scope memory everything = BRAKE.getScope(0);
        return everything.openedAt == 0 || everything.standing != 0;
    }

    function _isBeingMade(Phase phase) internal pure returns (bool) {
        return phase != Phase.None && phase < Phase.InForce;
    }

    function _enter(uint64 epoch, Epoch storage term, Phase phase) internal {
        uint40 endsAt = uint40(block.timestamp) + _readParameter(DKG_PHASE);
        (term.phase, term.phaseEndsAt) = (phase, endsAt);
        emit PhaseAdvanced(epoch, phase, endsAt);
    }

    /// @dev The reason is at most 32 letters.
    function _abort(uint64 epoch, Epoch storage term, bytes32 reason) internal {
        bytes memory text = new bytes(32);
        uint256 length = 0;
        while (length < 32 && reason[length] != 0) {
            text[length] = reason[length];
            ++length;
        }
        assembly ("memory-safe") {
            mstore(text, length)
        }
        emit EpochAborted(epoch, term.phase, string(text));
        term.phase = Phase.Aborted;
    }

    /// @dev The key is in force; in a resharing the shares of the predecessor answer no more.
    function _putInForce(uint64 epoch, Epoch storage term) internal {
        term.phase = Phase.InForce;
        uint64 predecessor = term.predecessor;
        if (predecessor != 0) _epochs[predecessor].phase = Phase.Superseded;
        _currentEpoch = epoch;
        emit EpochInForce(epoch, term.keyHash, _firstPoint(_aggregates[epoch]));
    }

    /// @dev R-Committee-20: threshold and slack.
    function _finish(uint64 epoch, Epoch storage term) internal {
        if (term.acknowledged < _quorum(term)) return _abort(epoch, term, "too few acknowledged");
        _putInForce(epoch, term);
    }

    /// @dev Nobody deals any more.
    function _closeDealing(uint64 epoch, Epoch storage term) internal {
        if (term.dealt < _dealersNeeded(term)) return _abort(epoch, term, "too few dealt"); // R-Committee-25
        _enter(epoch, term, Phase.Settling);
    }

    /// @dev Nobody complains any more.
    function _closeComplaints(uint64 epoch, Epoch storage term) internal {
        if (term.accused != 0) return _enter(epoch, term, Phase.Answering);
        _closeAnswers(epoch, term);
    }

    /// @dev Nobody is accused any more: each dealer has answered, or is disqualified.
    function _closeAnswers(uint64 epoch, Epoch storage term) internal {
        uint32 qualified = _selectDealers(epoch, term);
        // R-Committee-25: fewer would know the key
        if (Tally.countSeats(qualified) < _dealersNeeded(term)) {
            return _abort(epoch, term, "too few dealers qualify");
        }
        if (qualified != term.qualified) {
            _forgetAcknowledgements(epoch, term);
            _enter(epoch, term, Phase.Settling);
        } else if (term.complained != 0) {
            _enter(epoch, term, Phase.Confirming);
        } else {
            _finish(epoch, term);
        }
    }

    /// @dev R-Committee-25: all valid dealers make a new key; exactly the first t of the predecessor by index deal theirs
    /// again, so that nobody chooses among the shares that could be.
    function _selectDealers(uint64 epoch, Epoch storage term) internal view returns (uint32 selected) {
        uint64 source = _dealersOf(epoch);
        uint256 size = _members[source].length;
        uint16[] memory indices = new uint16[](size); // 0: not valid
        for (uint256 i = 0; i < size; ++i) {
            Dealing storage dealing = _dealings[epoch][i];
            if (dealing.dealingHash == 0 || dealing.disqualified) continue;
            indices[i] = _members[source][i].index;
        }
        uint256 most = term.predecessor == 0 ? size : _dealersNeeded(term);
        for (uint256 i = 0; i < size; ++i) {
            if (indices[i] == 0) continue;
            uint256 before = 0;
            for (uint256 j = 0; j < size; ++j) {
                if (indices[j] != 0 && indices[j] < indices[i]) ++before;
            }
            if (before < most) selected |= uint32(1) << uint32(i);
        }
    }

    /// @dev Other sums give other shares: who has proven its share of the old ones proves that of the new.
    function _forgetAcknowledgements(uint64 epoch, Epoch storage term) private {
        if (term.acknowledged == 0) return;
        term.acknowledged = 0;
        Member[] storage list = _members[epoch];
        for (uint256 i = 0; i < list.length; ++i) {
            delete _holders[epoch][list[i].oracle][list[i].verificationKeyHash];
            delete list[i].verificationKeyHash;
        }
    }

    /// @dev Acknowledgements that bring an epoch in force, and registrations without which there can never be so many.
    function _quorum(Epoch storage term) internal view returns (uint256) {
        return uint256(term.threshold) + term.slack;
    }

    /// @dev R-Committee-25: with fewer than t dealers, fewer than t members would know the key.
    function _dealersNeeded(Epoch storage term) internal view returns (uint256) {
        return term.predecessor == 0 ? term.threshold : _epochs[term.predecessor].threshold;
    }

    /// @dev What a member commits to, signs, or proves stands for this chain, contract, epoch and member alone: a dealing or
    /// a proof that is copied from another is worthless.
    function _bind(uint64 epoch, uint16 index, bytes32 content) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), epoch, index, content));
    }
}
