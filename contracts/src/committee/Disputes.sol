// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../interfaces/ICommittee.sol";
import {Bls12381} from "../libraries/Bls12381.sol";
import {Tally} from "../libraries/Tally.sol";
import {Phases} from "./Phases.sol";

/// @dev Bad dealings. A complaint shows nothing; only the accused can disprove it, by revealing the shares of those who
/// complained. Fewer than t of them say nothing about what it dealt, and they are those of members who know them already or
/// are being cheated. Source: Gennaro, Jarecki, Krawczyk, Rabin 1999, with the commitments on a chain.
abstract contract Disputes is Phases {
    /// @inheritdoc ICommittee
    function complain(uint64 epoch, uint16[] calldata dealers) external {
        Epoch storage term = _requireStep(epoch, Phase.Acknowledging);
        (Member storage member, uint256 place) = _requireRegistered(epoch);
        // R-Committee-07: once, and not after having acknowledged
        if (member.complained || member.verificationKeyHash != 0) revert AlreadyDone(epoch, member.index);
        if (dealers.length == 0) revert NoDealing(epoch, 0); // R-Committee-21
        member.complained = true;
        ++term.complained;
        uint16 last = 0;
        for (uint256 i = 0; i < dealers.length; ++i) {
            uint16 dealer = dealers[i];
            // R-Committee-21: ascending, so that none is named twice
            if (dealer <= last || dealer == member.index) revert NoDealing(epoch, dealer);
            last = dealer;
            _accuse(epoch, term, dealer, member.index, uint32(1) << uint32(place));
        }
        if (uint256(term.acknowledged) + term.complained == term.registered) _closeComplaints(epoch, term);
    }

    /// @inheritdoc ICommittee
    function answer(uint64 epoch, bytes calldata commitments, bytes32[] calldata shares) external {
        Epoch storage term = _requireStep(epoch, Phase.Answering);
        (Member storage dealer, uint256 place) = _requireDealer(epoch);
        Dealing storage dealing = _dealings[epoch][place];
        uint16 index = dealer.index;
        uint32 complainants = dealing.complainants;
        if (complainants == 0 || dealing.disqualified) revert NoComplaint(epoch, index); // R-Committee-23
        if (dealing.answered) revert AlreadyDone(epoch, index); // R-Committee-07
        bytes memory points = commitments;
        bytes32 bound = _bind(epoch, index, keccak256(points));
        // R-Committee-08
        if (bound != dealing.commitmentsHash || shares.length != Tally.countSeats(complainants)) {
            revert CommitmentMismatch(index, bound, dealing.commitmentsHash);
        }
        if (_areShares(epoch, index, points, complainants, shares)) {
            dealing.answered = true;
        } else {
            _disqualify(epoch, place, Fault.WrongShare); // R-Committee-23
        }
        if (--term.accused == 0) _closeAnswers(epoch, term);
    }

    /// @inheritdoc ICommittee
    /// @dev Made at once, of all dealings, and not with each of them: sums that change n times would be stored n times.
    function settle(uint64 epoch, bytes[] calldata commitments) external {
        Epoch storage term = _requireStep(epoch, Phase.Settling);
        uint32 selected = _selectDealers(epoch, term);
        (bytes[] memory lists, uint16[] memory dealers) = _readDealings(epoch, selected, commitments);
        uint64 predecessor = term.predecessor;
        bytes memory sums = Bls12381.weigh(lists, _weights(dealers, predecessor != 0));
        // R-Committee-09: a key, or a polynomial of lower degree, that all dealers together would have to contrive
        Bls12381.requireNoIdentity(sums);
        bytes32 summed = keccak256(_firstPoint(sums));
        // R-Committee-24: the value at zero of the polynomial through t proven shares is the key, whoever deals
        assert(predecessor == 0 || summed == _epochs[predecessor].keyHash);
        bool isFirst = term.qualified == 0;
        _aggregates[epoch] = sums;
        (term.qualified, term.keyHash) = (selected, summed);
        emit Settled(epoch, dealers, summed);
        _enter(epoch, term, isFirst ? Phase.Acknowledging : Phase.Confirming);
    }

    /// @dev R-Committee-23: who was accused and said nothing is disqualified.
    function _disqualifySilent(uint64 epoch, Epoch storage term) internal {
        uint256 size = _members[_dealersOf(epoch)].length;
        for (uint256 i = 0; i < size; ++i) {
            Dealing storage dealing = _dealings[epoch][i];
            if (dealing.complainants == 0 || dealing.answered || dealing.disqualified) continue;
            _disqualify(epoch, i, Fault.Silent);
        }
        term.accused = 0;
    }

    function _accuse(uint64 epoch, Epoch storage term, uint16 dealer, uint16 accuser, uint32 bit) private {
        Member[] storage list = _members[_dealersOf(epoch)];
        uint256 place = 0;
        while (place < list.length && list[place].index != dealer) ++place;
        Dealing storage dealing = _dealings[epoch][place];
        if (dealing.dealingHash == 0) revert NoDealing(epoch, dealer); // R-Committee-21
        uint32 before = dealing.complainants;
        dealing.complainants = before | bit;
        emit DealerAccused(epoch, dealer, accuser);
        if (dealing.disqualified) return;
        if (before == 0) ++term.accused;
        // R-Committee-23: t revealed shares would publish what it dealt
        if (Tally.countSeats(before | bit) >= term.threshold) {
            _disqualify(epoch, place, Fault.ManyComplaints);
            --term.accused;
        }
    }

    function _disqualify(uint64 epoch, uint256 place, Fault fault) private {
        _dealings[epoch][place].disqualified = true;
        Member storage dealer = _members[_dealersOf(epoch)][place];
        emit DealerDisqualified(epoch, dealer.index, dealer.oracle, fault);
    }

    /// @dev Whether every revealed share lies on the polynomial. None after the first wrong one is told.
    function _areShares(
        uint64 epoch,
        uint16 dealer,
        bytes memory points,
        uint32 complainants,
        bytes32[] calldata shares
    ) private returns (bool) {
        uint256 next = 0;
        for (uint256 i = 0; complainants >> i != 0; ++i) {
            if ((complainants >> i) & 1 == 0) continue;
            uint16 recipient = _members[epoch][i].index;
            bytes32 share = shares[next++];
            emit ShareRevealed(epoch, dealer, recipient, share);
            if (!Bls12381.isShare(points, recipient, uint256(share))) return false;
        }
        return true;
    }

    /// @dev The commitments of these dealers, each compared with what was dealt, and their indices.
    function _readDealings(uint64 epoch, uint32 mask, bytes[] calldata commitments)
        private
        view
        returns (bytes[] memory lists, uint16[] memory dealers)
    {
        uint256 required = Tally.countSeats(mask);
        if (commitments.length != required) revert WrongDealings(epoch, commitments.length, required); // R-Committee-24
        (lists, dealers) = (new bytes[](required), new uint16[](required));
        Member[] storage list = _members[_dealersOf(epoch)];
        uint256 next = 0;
        for (uint256 i = 0; mask >> i != 0; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            bytes memory points = commitments[next];
            uint16 index = list[i].index;
            bytes32 dealt = _dealings[epoch][i].commitmentsHash;
            bytes32 given = _bind(epoch, index, keccak256(points));
            if (given != dealt) revert CommitmentMismatch(index, given, dealt); // R-Committee-08
            (lists[next], dealers[next]) = (points, index);
            ++next;
        }
    }

    /// @dev A new key is a sum. In a resharing these are the factors by which values at the dealers' indices sum to the
    /// value at zero. Source: Shamir 1979.
    function _weights(uint16[] memory dealers, bool isResharing) private view returns (uint256[] memory weights) {
        weights = new uint256[](dealers.length);
        for (uint256 i = 0; i < dealers.length; ++i) {
            weights[i] = 1;
            if (!isResharing) continue;
            uint256 denominator = 1;
            for (uint256 j = 0; j < dealers.length; ++j) {
                if (j == i) continue;
                weights[i] = mulmod(weights[i], dealers[j], Bls12381.ORDER);
                uint256 distance = Bls12381.ORDER + dealers[j] - dealers[i];
                denominator = mulmod(denominator, distance, Bls12381.ORDER);
            }
            weights[i] = mulmod(weights[i], Bls12381.invert(denominator), Bls12381.ORDER);
        }
    }
}
