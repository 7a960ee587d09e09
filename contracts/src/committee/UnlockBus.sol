// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../interfaces/ICommittee.sol";
import {IReleases} from "../interfaces/IReleases.sol";
import {BlsProofs} from "../libraries/BlsProofs.sol";
import {Tally} from "../libraries/Tally.sol";
import {CommitteeStore} from "./CommitteeStore.sol";

/// @dev The bus between workers and oracles: ask, approve, answer.
///
/// An answer is irrevocable once it is broadcast (a reverted transaction decrypts as well as an accepted one), so nobody
/// answers before t members approved. Answers are blinded by the worker's key, and each is verified here.
abstract contract UnlockBus is CommitteeStore {
    /// @inheritdoc ICommittee
    function requestUnlock(bytes32 releaseId, bytes calldata transportKey, bytes calldata proof)
        external
        returns (bytes32 requestId)
    {
        uint64 epoch = _currentEpoch;
        if (epoch == 0) revert NoCommittee(); // R-Committee-19
        (bytes32 identity, bytes32 lineage, uint64 stopsSeen) = _requireReleasable(releaseId, msg.sender);
        _requireNoneOpen(_lastRequests[releaseId][msg.sender]);
        bytes memory hashed = BlsProofs.hashIdentity(identity);
        bytes32 context = keccak256(
            abi.encode("custodes/transport/v1", block.chainid, address(this), releaseId, msg.sender, identity)
        );
        BlsProofs.requireTransportKey(transportKey, proof, hashed, context); // R-Committee-09

        uint16 threshold = _epochs[epoch].threshold;
        Answered storage answered = _answered[epoch][identity];
        if (!answered.asked) (answered.asked, answered.lineage) = (true, lineage);
        _requireNotBarred(identity, answered, threshold, stopsSeen);

        bytes32 transportHash = keccak256(transportKey);
        requestId = computeRequestId(epoch, releaseId, msg.sender, transportHash);
        StoredRequest storage request = _requests[requestId];
        // R-Committee-14: a transport key serves once
        if (request.expiresAt != 0) revert RequestOpen(requestId, request.expiresAt);
        uint40 expiresAt = uint40(block.timestamp) + _readParameter(REQUEST_LIFETIME);
        (request.releaseId, request.identity, request.transportHash) = (releaseId, identity, transportHash);
        request.answerHash = keccak256(abi.encodePacked(releaseId, msg.sender, transportKey));
        (request.worker, request.epoch) = (msg.sender, epoch);
        (request.expiresAt, request.threshold) = (expiresAt, threshold);
        _lastRequests[releaseId][msg.sender] = requestId;
        emit UnlockRequested(requestId, releaseId, msg.sender, epoch, identity, transportKey, proof, expiresAt);
    }

    /// @inheritdoc ICommittee
    function approve(bytes32 requestId) external {
        StoredRequest storage request = _requireOpen(requestId);
        uint64 epoch = request.epoch;
        uint256 place = _requirePlace(epoch);
        uint16 index = _members[epoch][place - 1].index;
        uint32 bit = _bit(place);
        if (request.approvals & bit != 0) revert AlreadyDone(epoch, index); // R-Committee-07
        (bytes32 identity,, uint64 stopsSeen) = _requireReleasable(request.releaseId, request.worker);
        _requireNotBarred(identity, _answered[epoch][identity], request.threshold, stopsSeen);
        uint32 approvals = request.approvals | bit;
        request.approvals = approvals;
        emit UnlockApproved(requestId, index, _count(approvals));
    }

    /// @inheritdoc ICommittee
    function post(
        bytes32 requestId,
        bytes32 releaseId,
        address worker,
        bytes32[4] calldata partialKey,
        bytes32[4] calldata transportKey,
        bytes32[8] calldata verificationKey
    ) external {
        StoredRequest storage request = _requireOpen(requestId);
        uint64 epoch = request.epoch;
        Holder memory holder = _requireHolder(requestId, epoch, keccak256(abi.encodePacked(verificationKey)));
        uint32 bit = _bit(holder.place);
        (uint32 approvals, uint32 partials) = (request.approvals, request.partials);
        if (partials & bit != 0) revert AlreadyDone(epoch, holder.index); // R-Committee-07
        // R-Committee-16: t approvals, and an oracle answers only what it approved itself
        uint16 threshold = request.threshold;
        uint256 approved = _count(approvals);
        if (approved < threshold) revert NotApproved(requestId, approved, threshold);
        if (approvals & bit == 0) revert NotApproved(requestId, 0, 1);
        // R-Committee-17: what is given again is what was hashed, and checked, when the unlock was asked for
        bytes32 given = keccak256(abi.encodePacked(releaseId, worker, transportKey));
        if (given != request.answerHash) revert BadPartial(requestId, holder.index);
        (bytes32 identity,, uint64 stopsSeen) = _requireReleasable(releaseId, worker);
        if (!BlsProofs.isPartial(partialKey, transportKey, verificationKey)) {
            // R-Committee-17: told and not reverted, since a revert would take the culprit's name along. Whatever somebody
            // else could have made wrong was compared before this.
            emit PartialRefused(requestId, holder.index, msg.sender, abi.encodePacked(partialKey));
            return;
        }

        _recordAnswer(epoch, identity, bit, threshold, stopsSeen);
        partials |= bit;
        request.partials = partials;
        emit PartialPosted(requestId, holder.index, abi.encodePacked(partialKey), _count(partials));
    }

    /// @inheritdoc ICommittee
    function isBarred(uint64 epoch, bytes32 identity) external view returns (bool) {
        Answered storage answered = _answered[epoch][identity];
        // R-Committee-18: where nobody ever asked there is no lineage, and nothing to bar
        return answered.asked && _isBarred(answered, _epochs[epoch].threshold, BRAKE.stopsSeen(answered.lineage));
    }

    /// @inheritdoc ICommittee
    function computeRequestId(uint64 epoch, bytes32 releaseId, address worker, bytes32 transportHash)
        public
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode("custodes/unlock/v1", block.chainid, address(this), epoch, releaseId, worker, transportHash)
        );
    }

    /// @dev Keeps who answered for an identity, over all requests, and what the Brake had seen at the first answer.
    function _recordAnswer(uint64 epoch, bytes32 identity, uint32 bit, uint16 threshold, uint64 stopsSeen) private {
        Answered storage answered = _answered[epoch][identity];
        uint32 members = answered.members;
        _requireNotBarred(identity, answered, threshold, stopsSeen);
        if (members == 0) answered.stopsSeen = stopsSeen;
        if (members & bit == 0) answered.members = members | bit;
    }

    function _requireNotBarred(bytes32 identity, Answered storage answered, uint16 threshold, uint64 stopsSeen)
        private
        view
    {
        if (_isBarred(answered, threshold, stopsSeen)) revert IdentityBarred(identity); // R-Committee-18
    }

    /// @dev With none the next answer is the first; with t or more the identity key is out, and barring is too late.
    function _isBarred(Answered storage answered, uint16 threshold, uint64 stopsSeen) private view returns (bool) {
        uint32 members = answered.members;
        if (members == 0 || _count(members) >= threshold) return false;
        return stopsSeen != answered.stopsSeen;
    }

    /// @dev With the worker's identity, its lineage, and the stops that the Brake has seen there by now.
    function _requireReleasable(bytes32 releaseId, address worker)
        private
        view
        returns (bytes32 identity, bytes32 lineage, uint64 stopsSeen)
    {
        IReleases.Releasability reason;
        (reason, identity, lineage, stopsSeen) = RELEASES.unlockability(releaseId, worker);
        // R-Committee-13
        if (reason != IReleases.Releasability.Releasable) revert NotReleasable(releaseId, worker, uint8(reason));
    }

    function _requireNoneOpen(bytes32 requestId) private view {
        StoredRequest storage request = _requests[requestId];
        if (_isOpen(request)) revert RequestOpen(requestId, request.expiresAt); // R-Committee-14
    }

    function _requireOpen(bytes32 requestId) private view returns (StoredRequest storage request) {
        request = _requests[requestId];
        if (!_isOpen(request)) revert NoOpenRequest(requestId, request.expiresAt); // R-Committee-15
    }

    /// @dev Not expired, not answered by t, and asked of the committee in force. Zero is the expiry of no request.
    function _isOpen(StoredRequest storage request) private view returns (bool) {
        return block.timestamp <= request.expiresAt && _count(request.partials) < request.threshold
            && request.epoch == _currentEpoch;
    }

    /// @dev A member whose proven key share this is, in one read; where there is none, the reason.
    function _requireHolder(bytes32 requestId, uint64 epoch, bytes32 keyHash)
        private
        view
        returns (Holder memory holder)
    {
        holder = _holders[epoch][msg.sender][keyHash];
        if (holder.place == 0) {
            uint16 index = _members[epoch][_requirePlace(epoch) - 1].index;
            revert BadPartial(requestId, index); // R-Committee-17: another member's key, or one never proven
        }
    }

    function _bit(uint256 place) private pure returns (uint32) {
        return uint32(1) << uint32(place - 1);
    }

    /// @dev Members of a mask, at most 31.
    function _count(uint32 mask) private pure returns (uint8) {
        return uint8(Tally.countSeats(mask));
    }
}
