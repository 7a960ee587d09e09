// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../interfaces/IBrake.sol";
import {ICommittee} from "../interfaces/ICommittee.sol";
import {ISeats} from "../interfaces/ISeats.sol";
import {Bls12381} from "../libraries/Bls12381.sol";
import {BlsProofs} from "../libraries/BlsProofs.sol";
import {FormCommittee, OracleMember} from "../types/Actions.sol";
import {CommitteeStore} from "./CommitteeStore.sol";

/// @dev The board on which a committee makes its key without a dealer (joint Feldman with hash-first commitments).
///
/// Registering: everybody posts a transport key and the hash of its commitments, before anybody reveals.
/// Dealing: everybody reveals exactly t commitments. Their sums are kept: the key, and every member's public share, follow.
/// Acknowledging: each member proves that it holds the share that the sums give it. Then the key is in force.
/// A missed deadline or an accusation ends the epoch, and what was in force before stays.
abstract contract DkgBoard is CommitteeStore {
    uint256 private constant MAX_MEMBERS = 31; // approvals and partials are masks of 32 bits
    uint256 private constant TRANSPORT_KEY_BYTES = 1216; // MLKEM768_X25519: ML-KEM-768 1184, X25519 32

    /// @inheritdoc ICommittee
    function register(uint64 epoch, bytes calldata transportKey, bytes32 commitmentsHash) external {
        Epoch storage term = _requireStep(epoch, Phase.Registering);
        Member storage member = _members[epoch][_requirePlace(epoch) - 1];
        bytes32 transportKeyHash = keccak256(transportKey);
        // R-Committee-07
        if (member.commitmentsHash != 0) revert AlreadyDone(epoch, member.index);
        // R-Committee-08: a zero hash would read as not registered
        if (transportKey.length != TRANSPORT_KEY_BYTES || commitmentsHash == 0) {
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
        uint256 place = _requirePlace(epoch);
        Member storage dealer = _members[epoch][place - 1];
        uint16 index = dealer.index;
        // R-Committee-07
        if (dealer.dealingHash != 0) revert AlreadyDone(epoch, index);
        bytes memory points = commitments;
        _checkDealing(epoch, term, dealer, points, proof);
        bytes32 dealingHash = keccak256(abi.encode(commitments, envelopes));
        // R-Committee-08: an envelope for every other member, none for itself
        if (!_areEnvelopesComplete(envelopes, term.size, place - 1)) {
            revert CommitmentMismatch(index, dealingHash, dealer.commitmentsHash);
        }
        dealer.dealingHash = dealingHash;
        emit Dealt(epoch, index, commitments, proof, envelopes);

        bytes memory sums = term.dealt == 0 ? points : Bls12381.addEach(_aggregates[epoch], points);
        _aggregates[epoch] = sums;
        if (++term.dealt == term.size) {
            // R-Committee-09: a key, or a polynomial of lower degree, that all dealers together would have to contrive
            Bls12381.requireNoIdentity(sums);
            term.keyHash = keccak256(_firstPoint(sums));
            _enter(epoch, term, Phase.Acknowledging);
        }
    }

    /// @inheritdoc ICommittee
    /// @dev Also while everything is stopped: it can only end the epoch, and the safe direction never waits.
    function accuse(uint64 epoch, uint16 dealer) external {
        Epoch storage term = _epochs[epoch];
        Phase phase = term.phase;
        // R-Committee-04
        if (phase != Phase.Dealing && phase != Phase.Acknowledging) {
            revert UnexpectedPhase(epoch, phase, Phase.Acknowledging);
        }
        _requireInTime(epoch, term);
        Member[] storage list = _members[epoch];
        uint16 accuser = list[_requirePlace(epoch) - 1].index;
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].index == dealer && list[i].dealingHash != 0) {
                emit DealerAccused(epoch, dealer, accuser);
                return _abort(epoch, term, "a dealer was accused");
            }
        }
        revert NoDealing(epoch, dealer); // R-Committee-21
    }

    /// @inheritdoc ICommittee
    function acknowledge(uint64 epoch, bytes calldata proof) external {
        Epoch storage term = _requireStep(epoch, Phase.Acknowledging);
        uint256 place = _requirePlace(epoch);
        Member storage member = _members[epoch][place - 1];
        uint16 index = member.index;
        // R-Committee-07
        if (member.verificationKeyHash != 0) revert AlreadyDone(epoch, index);
        bytes memory share = Bls12381.evaluate(_aggregates[epoch], index);
        bytes32 shareHash = keccak256(share);
        bytes32 message = _bind(epoch, index, shareHash);
        // R-Committee-10
        if (!BlsProofs.isPossession(BlsProofs.SHARE_TAG, message, proof, share)) revert BadProof(index);
        member.verificationKeyHash = shareHash;
        // forge-lint: disable-next-line(unsafe-typecast)
        _holders[epoch][msg.sender][shareHash] = Holder({place: uint8(place), index: index}); // place <= 31
        emit Acknowledged(epoch, index, share);
        if (++term.acknowledged == term.size) _putInForce(epoch, term);
    }

    /// @inheritdoc ICommittee
    function finalise(uint64 epoch) external {
        Epoch storage term = _requirePhase(epoch, Phase.Acknowledging);
        _requireNotStopped();
        // R-Committee-05: until then the others may still acknowledge, or accuse
        if (block.timestamp <= term.phaseEndsAt) revert PhaseDeadline(epoch, term.phaseEndsAt, block.timestamp);
        uint256 required = uint256(term.threshold) + term.slack;
        // R-Committee-20
        if (term.acknowledged < required) revert Acknowledgements(epoch, term.acknowledged, required);
        _putInForce(epoch, term);
    }

    /// @inheritdoc ICommittee
    /// @dev Also while everything is stopped: the safe direction never waits.
    function abort(uint64 epoch) external {
        Epoch storage term = _epochs[epoch];
        Phase phase = term.phase;
        // R-Committee-04
        if (!_isBeingMade(phase)) revert UnexpectedPhase(epoch, phase, Phase.Registering);
        // R-Committee-05
        if (block.timestamp <= term.phaseEndsAt) revert PhaseDeadline(epoch, term.phaseEndsAt, block.timestamp);
        if (phase == Phase.Acknowledging) {
            uint256 required = uint256(term.threshold) + term.slack;
            // R-Committee-20: nobody may abort what anybody may finalise
            if (term.acknowledged >= required) revert Acknowledgements(epoch, term.acknowledged, required);
        }
        _abort(epoch, term, "a deadline was missed");
    }

    /// @dev Reverts with the reason if this committee could not be formed now.
    function _checkFormation(FormCommittee memory formation) internal view {
        Phase phase = _epochs[_latestEpoch].phase;
        // R-Committee-11: the key in force cannot be replaced without resharing, which this version does not have
        if (_currentEpoch != 0 || _isBeingMade(phase)) revert CommitteeBusy(_latestEpoch, phase);
        _requireNotStopped();
        uint256 size = formation.members.length;
        uint256 threshold = formation.threshold;
        // R-Committee-01
        if (
            threshold < 2 || size > MAX_MEMBERS || size + 1 < 2 * threshold || size < threshold + formation.slack
                || !_areOraclesDistinct(formation.members)
        ) revert MalformedCommittee(formation.threshold, formation.slack, size);
        _checkIndependence(formation.members, threshold);
    }

    function _start(FormCommittee memory formation, uint256 proposalId) internal {
        uint64 epoch = ++_latestEpoch;
        Epoch storage term = _epochs[epoch];
        term.threshold = formation.threshold;
        term.slack = formation.slack;
        // forge-lint: disable-next-line(unsafe-typecast)
        uint16 size = uint16(formation.members.length); // <= 31
        term.size = size;
        term.startedAt = uint40(block.timestamp);
        uint40 endsAt = uint40(block.timestamp) + _parameters().dkgPhase;
        (term.phase, term.phaseEndsAt) = (Phase.Registering, endsAt);
        emit EpochStarted(epoch, proposalId, formation.threshold, formation.slack, size, endsAt);
        for (uint256 i = 0; i < size; ++i) {
            OracleMember memory named = formation.members[i];
            uint16 index = _indices[named.oracle];
            if (index == 0) _indices[named.oracle] = index = ++_lastIndex;
            Member storage member = _members[epoch].push();
            (member.oracle, member.index, member.organisationId) = (named.oracle, index, named.organisationId);
            _places[epoch][named.oracle] = i + 1;
            emit MemberNamed(epoch, index, named.oracle, named.organisationId);
        }
    }

    /// @dev R-Committee-08 to R-Committee-10 for one dealing.
    function _checkDealing(
        uint64 epoch,
        Epoch storage term,
        Member storage dealer,
        bytes memory points,
        bytes calldata proof
    ) private view {
        uint16 index = dealer.index;
        bytes32 committed = dealer.commitmentsHash;
        bytes32 revealed = _bind(epoch, index, keccak256(points));
        // R-Committee-08: exactly t. With more, every share would verify and t of them would not give the key.
        if (points.length != uint256(term.threshold) * Bls12381.G2_BYTES || revealed != committed) {
            revert CommitmentMismatch(index, revealed, committed);
        }
        // R-Committee-09: here and nowhere later, since additions do not check the subgroup
        Bls12381.requireUsable(points);
        // R-Committee-10: without it a dealer could choose its constant term as a function of the others'
        bytes32 message = _bind(epoch, index, committed);
        if (!BlsProofs.isPossession(BlsProofs.DEALER_TAG, message, proof, _firstPoint(points))) revert BadProof(index);
    }

    /// @dev R-Committee-02 and R-Committee-03: an oracle belongs to an organisation of the charter, one each, and no
    /// affiliation group and no jurisdiction can answer alone.
    function _checkIndependence(OracleMember[] memory list, uint256 threshold) private view {
        bytes32[] memory affiliations = new bytes32[](list.length);
        bytes32[] memory jurisdictions = new bytes32[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            bytes32 organisationId = list[i].organisationId;
            (uint8 number, ISeats.Standing standing) = SEATS.seatOfOrganisation(organisationId);
            if (standing != ISeats.Standing.Live) revert BadOrganisation(organisationId);
            ISeats.Seat memory seat = SEATS.getSeat(number);
            (affiliations[i], jurisdictions[i]) = (seat.affiliation, seat.jurisdiction);
            uint256 sameAffiliation = 1;
            uint256 sameJurisdiction = 1;
            for (uint256 j = 0; j < i; ++j) {
                if (list[j].organisationId == organisationId) revert BadOrganisation(organisationId);
                if (affiliations[j] == affiliations[i]) ++sameAffiliation;
                if (jurisdictions[j] == jurisdictions[i]) ++sameJurisdiction;
            }
            if (sameAffiliation >= threshold) {
                revert TooConcentrated(affiliations[i], sameAffiliation, threshold - 1);
            }
            if (sameJurisdiction >= threshold) {
                revert TooConcentrated(jurisdictions[i], sameJurisdiction, threshold - 1);
            }
        }
    }

    function _requireStep(uint64 epoch, Phase required) private view returns (Epoch storage term) {
        term = _requirePhase(epoch, required);
        _requireInTime(epoch, term);
        _requireNotStopped();
    }

    function _requirePhase(uint64 epoch, Phase required) private view returns (Epoch storage term) {
        term = _epochs[epoch];
        // R-Committee-04
        if (term.phase != required) revert UnexpectedPhase(epoch, term.phase, required);
    }

    function _requireInTime(uint64 epoch, Epoch storage term) private view {
        // R-Committee-05
        if (block.timestamp > term.phaseEndsAt) revert PhaseDeadline(epoch, term.phaseEndsAt, block.timestamp);
    }

    function _requireNotStopped() private view {
        IBrake.Scope memory everything = BRAKE.getScope(0);
        // R-Committee-12: a scope that was never opened is no permission
        if (everything.openedAt == 0 || everything.standing != 0) revert EverythingStopped();
    }

    function _enter(uint64 epoch, Epoch storage term, Phase phase) private {
        uint40 endsAt = uint40(block.timestamp) + _parameters().dkgPhase;
        (term.phase, term.phaseEndsAt) = (phase, endsAt);
        emit PhaseAdvanced(epoch, phase, endsAt);
    }

    function _putInForce(uint64 epoch, Epoch storage term) private {
        term.phase = Phase.InForce;
        _currentEpoch = epoch;
        emit EpochInForce(epoch, term.keyHash, _firstPoint(_aggregates[epoch]));
    }

    function _abort(uint64 epoch, Epoch storage term, string memory reason) private {
        emit EpochAborted(epoch, term.phase, reason);
        term.phase = Phase.Aborted;
    }

    /// @dev What a member commits to, signs, or proves stands for this chain, contract, epoch and member alone: a dealing or
    /// a proof that is copied from another is worthless.
    function _bind(uint64 epoch, uint16 index, bytes32 content) private view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), epoch, index, content));
    }

    function _isBeingMade(Phase phase) private pure returns (bool) {
        return phase == Phase.Registering || phase == Phase.Dealing || phase == Phase.Acknowledging;
    }

    function _areOraclesDistinct(OracleMember[] memory list) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].oracle == address(0)) return false;
            for (uint256 j = 0; j < i; ++j) {
                if (list[j].oracle == list[i].oracle) return false;
            }
        }
        return true;
    }

    function _areEnvelopesComplete(bytes[] calldata envelopes, uint256 size, uint256 own) private pure returns (bool) {
        if (envelopes.length != size) return false;
        for (uint256 i = 0; i < size; ++i) {
            if ((envelopes[i].length == 0) != (i == own)) return false;
        }
        return true;
    }
}
