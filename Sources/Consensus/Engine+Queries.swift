import Chain
import Cryptography

/// What an engine keeps, against the bounds of I20.
public struct EngineUsage: Hashable, Sendable {
    /// Views with votes or certificates in memory: at most `viewsMax`.
    public let views: Int
    /// What is asked for, or waits to be: at most `requestsMax`.
    public let requests: Int

    public static let viewsMax = Int(Limits.retainedViewsMax + Limits.futureViewsMax)
    public static let requestsMax = Resolver.pendingMax
}

/// What the engine knows, for the replica: nothing here changes anything.
extension Engine {
    public var usage: EngineUsage {
        EngineUsage(
            views: views.states.count { $0.view > lastFinalView && !$0.isCompact },
            requests: resolver.count)
    }

    public var currentView: View { current }
    public var lastFinalizedView: View { lastFinalView }
    /// The last final block whose bodies are all here; nil while that is the instance's base.
    public var finalizedHead: FinalizedHead? { emittedHead }
    /// The hash and height of the last final block here, the instance's base at first.
    public var finalizedSummary: BlockSummary { emitted }
    public var currentLeader: UInt16 {
        var schedule = leaders
        return schedule.leader(of: current)
    }
    public var isSyncing: Bool { mode == .syncing }
    /// Whether votes are withheld until it shows that nobody else casts them.
    public var isWatching: Bool { watchEnd != nil }
    public var isHalted: Bool { mode == .halted }
    public var isDiverged: Bool { mode == .diverged }
    /// Whether the boundary block is final and told: nothing is cast, proposed or waited for here
    /// any more, and `finalizedHead` is what ended the epoch (2.13).
    public var isFinished: Bool { mode == .finished }

    /// Whether a vote under the own key, which a quorum or a signature proves, is one that this
    /// node did not cast: its record has every vote before it leaves. Where the record does not
    /// reach, nothing is said.
    public func isForeign(_ statement: Statement, in view: View) -> Bool {
        guard own != nil, mode != .idle, view > ownVotesUnknown, view > retained else {
            return false
        }
        switch views.state(view)?.own(statement.kind) ?? .none {
        case .none: return true
        // The signer knows more than this engine.
        case .refused: return false
        case .cast(let mine, _): return mine != statement
        case .signed(let vote): return vote.value.statement != statement
        }
    }

    /// Whether the last finalization waits for a header that nobody has shown.
    public func wantsHeader(of hash: Digest) -> Bool {
        mode != .finished && hash == lastFinalHash && hash != emitted.hash && blocks[hash] == nil
    }

    /// Whether a block above the last final one is here with its body, stored or about to be.
    public func hasBody(of hash: Digest) -> Bool {
        blocks[hash]?.body ?? .absent > .absent
    }

    /// The block of the highest certified view, on which a next leader would build: where the
    /// builder looks whether it would have something to include (2.8).
    public var highestCertified: Digest {
        for state in views.states.reversed() where state.view > lastFinalView {
            if state.certification == .agreed, let hash = state.notarized?.blockHash {
                return hash
            }
        }
        return lastFinalHash
    }

    /// Every notarize vote held for what was notarized in the newest views up to `view`, at most
    /// `limit` of them: what the next leader puts into the record of participation (staking.md 3).
    ///
    /// A block that was proposed again stands there once, with the votes of its first view.
    public func participation(upTo view: View, limit: Int) -> [Verified<Certificate>] {
        var held: [Verified<Certificate>] = []
        for state in views.states.reversed() where state.view <= view {
            guard let candidate = state.notarized,
                let votes = state.votes.partialCertificate(
                    for: .notarize(candidate), in: validators)
            else { continue }
            let newest = held.last?.value.statement.candidate
            if newest?.blockHash == candidate.blockHash { held.removeLast() }
            guard held.count < limit else { break }
            held.append(votes)
        }
        return held
    }

    /// The certificates that answer a peer's request, at most two, and the header of a finalization
    /// among them. Empty: not here.
    public func response(to request: CertificateRequest) -> CertificateResponse {
        guard request.epoch == instance.epoch else {
            return CertificateResponse(request: request, certificates: [], header: nil)
        }
        let state = views.state(request.view)
        var certificates: [Verified<Certificate>?]
        switch request.want {
        case .any:
            certificates =
                request.view <= lastFinalView
                ? [state?.bestCertificate ?? lastFinal]
                : [state?.notarization, state?.nullification]
        case .notarization: certificates = [state?.notarization ?? state?.finalization]
        case .nullification: certificates = [state?.nullification]
        case .finalization:
            certificates = [lastFinalView >= request.view ? told : nil]
        case .highest:
            let highest = views.states.reversed().lazy.compactMap(\.bestCertificate).first
            certificates = [told, highest?.value == told?.value ? nil : highest]
        }
        // What was asked for may be moot: then the last finalization says so.
        if certificates.allSatisfy({ $0 == nil }), request.view <= lastFinalView {
            certificates = [told]
        }
        let held = certificates.compactMap { $0 }
        let names = held.contains { $0.value == emittedHead?.certificate.value }
        return CertificateResponse(
            request: request, certificates: held.map(\.value),
            header: names ? emittedHead?.header : nil)
    }

    /// Whether the answer to a request is not here but on the disk: the certificates of a view that
    /// was left long ago (I20).
    public func isOnDisk(_ request: CertificateRequest) -> Bool {
        guard request.epoch == instance.epoch, request.view > lastFinalView,
            let onDisk = views.read(request.view, \.onDisk), !onDisk.isEmpty
        else { return false }
        switch request.want {
        case .any: return true
        case .notarization: return onDisk.contains { $0.kind == .notarize }
        case .nullification: return onDisk.contains(.nullify)
        case .finalization, .highest: return false
        }
    }

    /// The newest finalization that can be given with its header.
    private var told: Verified<Certificate>? { emittedHead?.certificate ?? lastFinal }
}
