// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../interfaces/ICommittee.sol";
import {ICouncil} from "../interfaces/ICouncil.sol";
import {ActionTarget} from "../libraries/ActionTarget.sol";
import {Bls12381} from "../libraries/Bls12381.sol";
import {BlsProofs} from "../libraries/BlsProofs.sol";
import {Parameters} from "../types/Parameters.sol";
import {System} from "../types/System.sol";

/// @dev What the board and the bus share: the wiring, the state, and its views.
abstract contract CommitteeStore is ICommittee, ActionTarget {
    /// @dev ICommittee.Request with the threshold of its epoch, so that answering need not read the epoch.
    struct StoredRequest {
        // --- one slot: all that an answer reads of a request beside answerHash, and all that it changes
        uint64 epoch;
        uint40 expiresAt; // [Unix seconds]
        uint32 approvals;
        uint32 partials;
        uint16 threshold;
        // ---
        bytes32 answerHash; // keccak256(releaseId || worker || T): all that an answer is given again
        bytes32 releaseId;
        bytes32 identity;
        bytes32 transportHash;
        address worker;
    }

    /// @dev A member that proved its key share, found by (epoch, oracle, keccak256(PK_i)) in one slot.
    struct Holder {
        uint8 place; // 1 + position in the epoch's list; 0 = no such holder
        uint16 index;
    }

    /// @dev Who ever answered for an identity in an epoch, over all its requests: partials of several requests pool.
    struct Answered {
        uint32 members; // bit = position in the epoch's list
        uint64 stopsSeen; // by the Brake at the first partial
        bool asked; // set by the first request: it makes the slot, and no oracle pays for that
        bytes32 lineage; // of the identity's model
    }

    // Words of (version, Parameters), as the Council answers. Found by the constructor, so that no other parameter moves them.
    uint256 internal immutable REQUEST_LIFETIME;
    uint256 internal immutable DKG_PHASE;

    uint64 internal _currentEpoch; // in force; 0 = none
    uint64 internal _latestEpoch;
    uint16 internal _lastIndex; // the highest member index given so far

    mapping(uint64 epoch => Epoch) internal _epochs;
    mapping(uint64 epoch => Member[]) internal _members;
    mapping(uint64 epoch => mapping(address oracle => uint256)) internal _places; // 1 + position in the list
    mapping(address oracle => uint16) internal _indices; // permanent: an oracle that is named again keeps its index
    mapping(uint64 epoch => mapping(uint256 place => Dealing)) internal _dealings; // place in the dealers' list
    mapping(uint64 epoch => bytes) internal _aggregates; // t points: sums of the dealers' commitments
    mapping(uint64 epoch => mapping(address oracle => mapping(bytes32 keyHash => Holder))) internal _holders;

    mapping(bytes32 requestId => StoredRequest) internal _requests;
    mapping(bytes32 releaseId => mapping(address worker => bytes32)) internal _lastRequests;
    mapping(uint64 epoch => mapping(bytes32 identity => Answered)) internal _answered;

    constructor(System memory sys) ActionTarget(sys) {
        Parameters memory marked;
        marked.requestLifetime = 1;
        REQUEST_LIFETIME = _wordOfMark(marked);
        (marked.requestLifetime, marked.dkgPhase) = (0, 1);
        DKG_PHASE = _wordOfMark(marked);
    }

    /// @inheritdoc ICommittee
    function currentEpoch() external view returns (uint64) {
        return _currentEpoch;
    }

    /// @inheritdoc ICommittee
    function latestEpoch() external view returns (uint64) {
        return _latestEpoch;
    }

    /// @inheritdoc ICommittee
    function getEpoch(uint64 epoch) external view returns (Epoch memory) {
        return _epochs[epoch];
    }

    /// @inheritdoc ICommittee
    function getMembers(uint64 epoch) external view returns (Member[] memory) {
        return _members[epoch];
    }

    /// @inheritdoc ICommittee
    function getDealing(uint64 epoch, uint256 place) external view returns (Dealing memory) {
        return _dealings[epoch][place];
    }

    /// @inheritdoc ICommittee
    function key() external view returns (bytes memory) {
        return _currentEpoch == 0 ? bytes("") : _firstPoint(_aggregates[_currentEpoch]);
    }

    /// @inheritdoc ICommittee
    function keyHash() external view returns (bytes32) {
        return _epochs[_currentEpoch].keyHash;
    }

    /// @inheritdoc ICommittee
    function aggregate(uint64 epoch) external view returns (bytes memory) {
        return _aggregates[epoch];
    }

    /// @inheritdoc ICommittee
    /// @dev Derived anew from the aggregate. Empty for an index that is no member's, and until the dealings are summed.
    function verificationKey(uint64 epoch, uint16 index) external view returns (bytes memory) {
        Member[] storage list = _members[epoch];
        if (_epochs[epoch].keyHash == 0) return "";
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].index == index) return Bls12381.evaluate(_aggregates[epoch], index);
        }
        return "";
    }

    /// @inheritdoc ICommittee
    function getRequest(bytes32 requestId) external view returns (Request memory) {
        StoredRequest storage stored = _requests[requestId];
        return Request({
            releaseId: stored.releaseId,
            identity: stored.identity,
            transportHash: stored.transportHash,
            worker: stored.worker,
            epoch: stored.epoch,
            expiresAt: stored.expiresAt,
            approvals: stored.approvals,
            partials: stored.partials
        });
    }

    /// @inheritdoc ICommittee
    function lastRequest(bytes32 releaseId, address worker) external view returns (bytes32) {
        return _lastRequests[releaseId][worker];
    }

    /// @inheritdoc ICommittee
    function hashToG1(bytes32 identity) external view returns (bytes memory) {
        return BlsProofs.hashIdentity(identity);
    }

    /// @dev 1 + position of the caller in the epoch's list.
    function _requirePlace(uint64 epoch) internal view returns (uint256 place) {
        place = _places[epoch][msg.sender];
        if (place == 0) revert NotMember(epoch, msg.sender); // R-Committee-06
    }

    /// @dev The epoch whose members deal.
    function _dealersOf(uint64 epoch) internal view returns (uint64) {
        uint64 predecessor = _epochs[epoch].predecessor;
        return predecessor == 0 ? epoch : predecessor;
    }

    /// @dev One number of the parameters in force, by its word in what the Council answers (the version is word 0): to
    /// decode all of them would take more code than all of this contract's own getters.
    function _readParameter(uint256 word) internal view returns (uint40 value) {
        (bool answered, bytes memory data) = address(COUNCIL).staticcall(abi.encodeCall(ICouncil.parameters, ()));
        assert(answered && data.length > 32 * word);
        assembly ("memory-safe") {
            value := and(mload(add(data, add(32, mul(32, word)))), 0xffffffffff)
        }
    }

    /// @dev The word that is not zero in what the Council would answer.
    function _wordOfMark(Parameters memory marked) private pure returns (uint256 word) {
        bytes memory answered = abi.encode(uint32(0), marked);
        uint256 value;
        while (value == 0) {
            ++word;
            assembly ("memory-safe") {
                value := mload(add(answered, add(32, mul(32, word))))
            }
        }
    }

    function _firstPoint(bytes memory points) internal pure returns (bytes memory point) {
        point = new bytes(Bls12381.G2_BYTES);
        assembly ("memory-safe") {
            mcopy(add(point, 32), add(points, 32), 256)
        }
    }
}
