// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {
    ActionKind,
    AddConstraint,
    AmendConstraint,
    Direction,
    ParameterSetting,
    RetireConstraint,
    SetParameter
} from "../../src/types/Actions.sol";
import {ActionContext, System} from "../../src/types/System.sol";
import {LedgerVoters} from "./LedgerVoters.t.sol";

/// @dev Random changes of two constraints: proposed against the present or an older version, voted for by some or all,
/// objected to, executed late or never, in any order.
contract LedgerHandler is LedgerVoters {
    bytes32 internal constant TOKENS = "max_output_tokens";
    bytes32 internal constant EVALUATIONS = "min_evaluations";
    uint256 internal constant NAMES = 3;

    /// @dev What stood in entry n when it was appended.
    bytes32[] public seen;
    /// @dev Whether something was loosened below tier 3, or written without a vote.
    bool public loosenedEasily;
    bool public writtenWithoutVote;
    /// @dev What was reached: executions of each kind, second rounds, changes refused because another came before.
    mapping(ActionKind kind => uint256) public executions;
    uint256 public escalations;
    uint256 public stale;

    IConstraints private immutable CONSTRAINTS;
    bytes32[] private versions; // ever, of any constraint

    struct Snapshot {
        IConstraints.Constraint constraint;
        int128 tokens;
        int128 evaluations;
    }

    constructor(System memory sys, address[] memory keys) LedgerVoters(sys, keys, 12 days) {
        CONSTRAINTS = IConstraints(sys.constraints);
        versions.push(0);
    }

    function add(uint256 seed, uint8 which, int8 tokens, int8 evaluations) external {
        ParameterSetting[] memory settings = new ParameterSetting[](2);
        settings[0] = ParameterSetting(TOKENS, Direction.Max, tokens);
        settings[1] = ParameterSetting(EVALUATIONS, Direction.Min, evaluations);
        _table(seed, ActionKind.AddConstraint, abi.encode(AddConstraint(_name(which), _expiry(seed), settings, "{}")));
    }

    function tighten(uint256 seed, uint8 which, bool tokens, uint8 step) external {
        _change(
            seed, ActionKind.TightenParameter, which, tokens, tokens ? -int128(uint128(step)) : int128(uint128(step))
        );
    }

    function loosen(uint256 seed, uint8 which, bool tokens, uint8 step) external {
        _change(
            seed, ActionKind.LoosenParameter, which, tokens, tokens ? int128(uint128(step)) : -int128(uint128(step))
        );
    }

    /// @dev Named tighter or looser at random: what it is, the contract must find out.
    function mislabel(uint256 seed, uint8 which, bool tighter, bool tokens, int8 step) external {
        _change(seed, tighter ? ActionKind.TightenParameter : ActionKind.LoosenParameter, which, tokens, step);
    }

    function amend(uint256 seed, uint8 which, bool tighter) external {
        ActionKind kind = tighter ? ActionKind.AmendTighter : ActionKind.AmendLooser;
        bytes memory document = abi.encodePacked(seed);
        _table(seed, kind, abi.encode(AmendConstraint(_id(which), _parent(seed, which), _expiry(seed >> 8), document)));
    }

    function retire(uint256 seed, uint8 which) external {
        if (seed % 4 != 0) return; // an id is never used again
        bytes memory action = abi.encode(RetireConstraint(_id(which), _parent(seed, which)));
        _table(seed, ActionKind.RetireConstraint, action);
    }

    function object(uint256 which, uint8 seat) external {
        uint256 proposalId = pending[which % pending.length].proposalId;
        vm.prank(voters[seat % voters.length]);
        COUNCIL.object(proposalId, keccak256("counterexample"), "");
        ++escalations;
        _voteAll(proposalId);
    }

    /// @dev Anybody tries to write without the Council.
    function write(address caller, uint8 rawKind, uint8 which, int8 value, uint8 tier) external {
        if (caller == address(COUNCIL)) return;
        ActionKind kind = ActionKind(rawKind % 17);
        bytes memory action = abi.encode(SetParameter(_id(which), _parent(0, which), TOKENS, value));
        vm.prank(caller);
        try CONSTRAINTS.executeAction(kind, action, ActionContext(1, tier)) {
            writtenWithoutVote = true;
        } catch {}
    }

    /// @dev Some time passes, and what can be executed then is.
    function execute(uint256 which, uint32 time) external {
        wait(time);
        while (_executeOne(which)) {}
    }

    function _executeOne(uint256 which) private returns (bool executed) {
        uint8 tier;
        Snapshot[NAMES] memory before = _snapshot();
        Pending memory chosen;
        (executed, chosen, tier) = _execute(which);
        if (executed) ++executions[chosen.kind];
        uint64 count = CONSTRAINTS.entryCount();
        if (count != seen.length + (executed ? 1 : 0)) writtenWithoutVote = true;
        if (!executed) return false;
        seen.push(keccak256(abi.encode(CONSTRAINTS.entry(count - 1))));
        versions.push(CONSTRAINTS.head());
        if (tier < 3) _compare(before);
    }

    function seenCount() external view returns (uint256) {
        return seen.length;
    }

    function idOf(uint8 which) external pure returns (bytes32) {
        return _id(which);
    }

    function _change(uint256 seed, ActionKind kind, uint8 which, bool tokens, int128 step) private {
        bytes32 id = _id(which);
        bytes32 key = tokens ? TOKENS : EVALUATIONS;
        int128 value = CONSTRAINTS.getParameter(id, key).value + step;
        _table(seed, kind, abi.encode(SetParameter(id, _parent(seed, which), key, value)));
    }

    function _compare(Snapshot[NAMES] memory before) private {
        Snapshot[NAMES] memory afterwards = _snapshot();
        for (uint8 i; i < NAMES; ++i) {
            Snapshot memory a = before[i];
            if (a.constraint.status == IConstraints.Status.None) continue;
            Snapshot memory b = afterwards[i];
            if (
                b.tokens > a.tokens || b.evaluations < a.evaluations || b.constraint.status != a.constraint.status
                    || _end(b) < _end(a)
            ) loosenedEasily = true;
        }
    }

    function _snapshot() private view returns (Snapshot[NAMES] memory all) {
        for (uint8 i; i < NAMES; ++i) {
            bytes32 id = _id(i);
            all[i].constraint = CONSTRAINTS.getConstraint(id);
            all[i].tokens = CONSTRAINTS.getParameter(id, TOKENS).value;
            all[i].evaluations = CONSTRAINTS.getParameter(id, EVALUATIONS).value;
        }
    }

    function _end(Snapshot memory s) private pure returns (uint256) {
        return s.constraint.expiresAt == 0 ? type(uint256).max : s.constraint.expiresAt;
    }

    /// @dev Mostly the present version, sometimes one that was.
    function _parent(uint256 seed, uint8 which) private view returns (bytes32) {
        if (seed % 5 == 0) return versions[(seed >> 16) % versions.length];
        return CONSTRAINTS.getConstraint(_id(which)).version;
    }

    function _expiry(uint256 seed) private view returns (uint40) {
        return seed % 3 == 0 ? 0 : uint40(nowAt() + 30 days + seed % 60 days);
    }

    function _id(uint8 which) private pure returns (bytes32) {
        return keccak256(bytes(_name(which)));
    }

    function _name(uint8 which) private pure returns (string memory) {
        return ["max-output", "no-weapons", "no-agents"][which % NAMES];
    }
}
