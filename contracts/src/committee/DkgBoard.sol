// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../interfaces/ICommittee.sol";
import {Bls12381} from "../libraries/Bls12381.sol";
import {BlsProofs} from "../libraries/BlsProofs.sol";
import {Disputes} from "./Disputes.sol";
import {Formation} from "./Formation.sol";

/// @dev The board on which a committee makes its key without a dealer (joint Feldman with hash-first commitments), or
/// deals the shares of the key in force to other members (Desmedt and Jajodia 1997).
///
/// Registering: everybody posts a transport key and, for a new key, the hash of its commitments, before anybody reveals.
/// Dealing: dealers reveal exactly t commitments, with an encrypted share for each member.
/// Settling: somebody sums the commitments: the key, and every member's public share, follow.
/// Acknowledging: each member proves that it holds the share that the sums give it, or complains. Then the key is in force.
abstract contract DkgBoard is Formation, Disputes {
    uint256 private constant TRANSPORT_KEY_BYTES = 1216; // MLKEM768_X25519: ML-KEM-768 1184, X25519 32

    /// @inheritdoc ICommittee
    function register(uint64 epoch, bytes calldata transportKey, bytes32 commitmentsHash) external {
        Epoch storage term = _requireStep(epoch, Phase.Registering);
        Member storage member = _members[epoch][_requirePlace(epoch) - 1];
        bytes32 transportKeyHash = keccak256(transportKey);
        // R-Committee-07
        if (member.transportKeyHash != 0) revert AlreadyDone(epoch, member.index);
        // R-Committee-08: what is dealt again was proven already, and only a new key is committed to
        if (transportKey.length != TRANSPORT_KEY_BYTES || (commitmentsHash == 0) != (term.predecessor != 0)) {
            revert CommitmentMismatch(member.index, transportKeyHash, commitmentsHash);
        }
        member.transportKeyHash = transportKeyHash;
        member.commitmentsHash = commitmentsHash;
        emit TransportKeyRegistered(epoch, member.index, transportKey, commitmentsHash);
        if (++term.registered == term.size) _enter(epoch, term, Phase.Dealing);
    }

    /// @inheritdoc ICommittee
    function deal(uint64 epoch, bytes calldata commitments, bytes calldata proof, bytes[] calldata envelopes) external {
        Epoch storage term = _requireStep(epoch, Phase.Dealing);
        (Member storage dealer, uint256 place) = _requireDealer(epoch);
        Dealing storage dealing = _dealings[epoch][place];
        uint16 index = dealer.index;
        // R-Committee-07
        if (dealing.dealingHash != 0) revert AlreadyDone(epoch, index);
        bytes memory points = commitments;
        bytes32 commitmentsHash = _checkDealing(epoch, term, dealer, points, proof);
        bytes32 dealingHash = keccak256(abi.encode(commitments, envelopes));
        // R-Committee-08: an envelope for every other member, none for itself
        if (!_areEnvelopesComplete(epoch, envelopes)) revert CommitmentMismatch(index, dealingHash, commitmentsHash);
        (dealing.commitmentsHash, dealing.dealingHash) = (commitmentsHash, dealingHash);
        emit Dealt(epoch, index, commitments, proof, envelopes);

        uint64 predecessor = term.predecessor;
        uint256 expected = predecessor == 0 ? term.registered : _epochs[predecessor].acknowledged;
        if (++term.dealt == expected) _closeDealing(epoch, term);
    }

    /// @inheritdoc ICommittee
    function acknowledge(uint64 epoch, bytes calldata proof) external {
        bool isLast = _epochs[epoch].phase == Phase.Confirming;
        Epoch storage term = _requireStep(epoch, isLast ? Phase.Confirming : Phase.Acknowledging);
        (Member storage member, uint256 place) = _requireRegistered(epoch);
        uint16 index = member.index;
        // R-Committee-07: who complained waits for the answers
        if (member.verificationKeyHash != 0 || !isLast && member.complained) revert AlreadyDone(epoch, index);
        bytes memory share = Bls12381.evaluate(_aggregates[epoch], index);
        bytes32 shareHash = keccak256(share);
        bytes32 message = _bind(epoch, index, shareHash);
        // R-Committee-10
        if (!BlsProofs.isPossession(BlsProofs.SHARE_TAG, message, proof, share)) revert BadProof(index);
        member.verificationKeyHash = shareHash;
        // forge-lint: disable-next-line(unsafe-typecast)
        _holders[epoch][msg.sender][shareHash] = Holder({place: uint8(place + 1), index: index}); // place < 31
        emit Acknowledged(epoch, index, share);
        uint256 acknowledged = ++term.acknowledged;
        if (acknowledged == term.registered) {
            _putInForce(epoch, term);
        } else if (!isLast && acknowledged + term.complained == term.registered) {
            _closeComplaints(epoch, term);
        }
    }

    /// @inheritdoc ICommittee
    /// @dev While everything is stopped it can only abort: the safe direction never waits, and nobody is blamed for what a
    /// stop kept it from.
    function advance(uint64 epoch) external {
        Epoch storage term = _epochs[epoch];
        Phase phase = term.phase;
        // R-Committee-04
        if (!_isBeingMade(phase)) revert UnexpectedPhase(epoch, phase, Phase.Registering);
        // R-Committee-05
        if (block.timestamp <= term.phaseEndsAt) revert PhaseDeadline(epoch, term.phaseEndsAt, block.timestamp);
        if (_isEverythingStopped()) return _abort(epoch, term, "everything is stopped"); // R-Committee-12
        if (phase == Phase.Registering) {
            // R-Committee-20: others could never acknowledge
            if (term.registered < _quorum(term)) return _abort(epoch, term, "too few registered");
            return _enter(epoch, term, Phase.Dealing);
        }
        if (phase == Phase.Dealing) return _closeDealing(epoch, term);
        if (phase == Phase.Settling) return _abort(epoch, term, "nobody settled the sums");
        if (phase == Phase.Acknowledging) return _closeComplaints(epoch, term);
        if (phase == Phase.Confirming) return _finish(epoch, term);
        _disqualifySilent(epoch, term);
        _closeAnswers(epoch, term);
    }

    /// @dev R-Committee-08 to R-Committee-10 and R-Committee-22 for one dealing; returns the hash of its commitments.
    function _checkDealing(
        uint64 epoch,
        Epoch storage term,
        Member storage dealer,
        bytes memory points,
        bytes calldata proof
    ) private view returns (bytes32 revealed) {
        uint16 index = dealer.index;
        bool isResharing = term.predecessor != 0;
        revealed = _bind(epoch, index, keccak256(points));
        bytes32 committed = isResharing ? revealed : dealer.commitmentsHash;
        // R-Committee-08: exactly t. With more, every share would verify and t of them would not give the key.
        if (points.length != uint256(term.threshold) * Bls12381.G2_BYTES || revealed != committed) {
            revert CommitmentMismatch(index, revealed, committed);
        }
        bytes memory constantTerm = _firstPoint(points);
        bytes32 constantHash = keccak256(constantTerm);
        // R-Committee-22: another constant would move the key
        if (isResharing && constantHash != dealer.verificationKeyHash) {
            revert NotItsShare(index, constantHash, dealer.verificationKeyHash);
        }
        // R-Committee-09: here and nowhere later, since additions do not check the subgroup
        Bls12381.requireUsable(points);
        // R-Committee-10: without it a dealer could choose its constant term as a function of the others'
        bytes32 message = _bind(epoch, index, revealed);
        if (!BlsProofs.isPossession(BlsProofs.DEALER_TAG, message, proof, constantTerm)) revert BadProof(index);
    }

    /// @dev An envelope for every registered member but the caller.
    function _areEnvelopesComplete(uint64 epoch, bytes[] calldata envelopes) private view returns (bool) {
        Member[] storage list = _members[epoch];
        if (envelopes.length != list.length) return false;
        for (uint256 i = 0; i < list.length; ++i) {
            bool isDue = list[i].oracle != msg.sender && list[i].transportKeyHash != 0;
            if ((envelopes[i].length != 0) != isDue) return false;
        }
        return true;
    }
}
