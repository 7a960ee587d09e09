// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ActionKind, Mode} from "../../src/types/Actions.sol";
import {Bounds, Parameters} from "../../src/types/Parameters.sol";
import {Charter} from "../Charter.sol";
import {Campaign} from "./Campaign.t.sol";
import {ReleasesHandler} from "./ReleasesHandler.t.sol";

/// forge-config: default.invariant.runs = 8
/// forge-config: default.invariant.depth = 64
/// forge-config: ci.invariant.runs = 22
/// forge-config: ci.invariant.depth = 128
contract ReleasesInvariantTest is Campaign {
    ReleasesHandler private handler;

    /// @dev Terms in hours, so that stops lapse and votes pass within the life of a release.
    function setUp() public override {
        vm.warp(START);
        Parameters memory p = Charter.parameters();
        for (uint256 i; i < 4; ++i) {
            (p.tiers[i].period, p.tiers[i].timelock) = (1 hours, uint40(i) * 1 hours);
        }
        p.lateWindow = 0;
        (p.brakeTerm, p.cooldown, p.pullWindow) = (5 hours, 1 hours, 1 hours);
        Bounds memory limits = Charter.bounds();
        (limits.min.brakeTerm, limits.min.cooldown) = (1 hours, 1 hours);
        deploySystem(Charter.chamberNames(), genesis(), p, limits);
        council.activate();
        bytes32 keyHash = keccak256("committee key");
        vm.mockCall(address(committee), abi.encodeCall(ICommittee.keyHash, ()), abi.encode(keyHash));

        handler = new ReleasesHandler(sys, keys());
        handler.register(1, 0, 0, false);
        handler.register(2, 1, 0, false);
        handler.execute(0, 3 hours);
        handler.register(3, 2, 1, true);
        handler.execute(0, 3 hours);
        assertEq(handler.registered(), 3, "models to begin with");
        for (uint8 model; model < 3; ++model) {
            handler.grant(4 + model, model, 6 days, model);
        }
        handler.execute(0, 3 hours);
        assertEq(handler.toldCount(), 3, "releases to begin with");
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev 13. isReleasable implies executed, unexpired, unrevoked, unstopped, named worker: here, it is exactly that.
    function invariant_13_releasableIsWhatTheStorySays() public view {
        for (uint256 i; i < handler.toldCount(); ++i) {
            (bytes32 releaseId, address worker, bool expected) = handler.tell(i);
            assertEq(releases.isReleasable(releaseId, worker), expected, "releasable as the story says");
            assertFalse(releases.isReleasable(releaseId, STRANGER), "releasable by a worker that is not named");
            assertTrue(releases.getRelease(releaseId).status != IReleases.ReleaseStatus.None, "executed");
        }
    }

    /// @dev 12. What was stopped runs again only after a vote of tier 3 with its delay: each stop that covered a release
    /// was lifted by one, and none came or was prolonged more easily under a stop, or by a vote from before its lapse.
    function invariant_12_whatWasStoppedRunsOnlyAfterATierThreeVote() public view {
        for (uint256 i; i < handler.toldCount(); ++i) {
            (bytes32 releaseId, address worker,) = handler.tell(i);
            if (handler.isBarred(i)) assertFalse(releases.isReleasable(releaseId, worker), "runs again");
        }
        assertFalse(handler.resumedEasily(), "resumed below tier 3, or before its delay");
        assertFalse(handler.releasedEasily(), "released at tier 2 under a stop, or by a vote from before its lapse");
    }

    /// @dev 23. No identity is ever registered twice: each belongs to one model, and a model is registered once.
    function invariant_23_noIdentityIsRegisteredTwice() public view {
        uint256 found;
        for (uint64 nonce; nonce < 6; ++nonce) {
            bytes32 modelId = releases.computeModelId(address(handler), nonce);
            if (releases.getModel(modelId).index == 0) continue;
            ++found;
            bytes32 identity = releases.computeIdentity(keccak256("committee key"), modelId, Mode.Plain, 0);
            assertEq(releases.modelOfIdentity(identity), modelId, "model of the identity");
            assertTrue(brake.getScope(releases.getModel(modelId).lineage).openedAt != 0, "scope of the lineage");
        }
        assertEq(found, handler.registered(), "registrations");
        assertEq(found, releases.modelCount(), "models");
    }

    /// @dev The proof that the campaigns reach what they are meant to judge. A fixed course of the same moves.
    function test_handler_reachesDeepStates() public {
        uint256 seed = 5;
        for (uint256 i; i < 320; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            try this.move(seed % 12, seed >> 8) {} catch {} // as in a campaign, a move may be refused
        }
        assertReached("registered", handler.executions(ActionKind.RegisterModel));
        assertReached("granted", handler.executions(ActionKind.GrantRelease));
        assertReached("renewed", handler.executions(ActionKind.RenewRelease));
        assertReached("revoked", handler.executions(ActionKind.RevokeRelease));
        assertReached("confirmed", handler.executions(ActionKind.ConfirmStop));
        assertReached("resumed", handler.executions(ActionKind.Resume));
        assertReached("lapsed", handler.lapses());
        uint256[7] memory reached; // by IReleases.Releasability
        for (uint256 i; i < handler.toldCount(); ++i) {
            (bytes32 releaseId, address worker,) = handler.tell(i);
            ++reached[uint256(releases.releasability(releaseId, worker))];
        }
        assertReached("barred", reached[uint256(IReleases.Releasability.Barred)]);
        assertReached("expired", reached[uint256(IReleases.Releasability.Expired)]);
        invariant_12_whatWasStoppedRunsOnlyAfterATierThreeVote();
        invariant_13_releasableIsWhatTheStorySays();
        invariant_23_noIdentityIsRegisteredTwice();
    }

    function move(uint256 which, uint256 a) external {
        if (which == 0) handler.register(a, uint64(a), uint64(a >> 8), a % 2 == 0);
        else if (which < 3) handler.grant(a, a >> 8, uint32(a >> 16), uint8(a));
        else if (which == 3) handler.renew(a, a >> 8, uint32(a >> 16));
        else if (which == 4) handler.revoke(a, a >> 8);
        else if (which == 5) handler.confirm(a, uint64(a));
        else if (which < 8) handler.resume(a, uint64(a >> 8), a % 2 == 0);
        else if (which == 8) handler.stop(a, uint8(a >> 8));
        else if (which == 9) handler.lapse(a);
        else handler.execute(a, uint32(a >> 16));
    }
}
