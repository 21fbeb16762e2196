import Chain
import Cryptography

/// Everything that the engine can hear. `from` is the index of the validator whose authenticated
/// connection brought it.
///
/// Results of asynchronous work name the instance, view and block that they are about, so that a
/// result that comes too late is dropped. Nothing here can trap the engine.
public enum Input: Sendable {
    /// The first input, exactly once: what the disk holds.
    case start(Recovery)

    /// No vote is cast before this moment: whether somebody else votes with the own key shows
    /// first. May come before `start`, and again.
    case watch(until: Instant)
    /// No vote is cast any more. May come before `start`.
    case stopVoting

    /// A well-formed frame of a validator arrived; its signatures are not checked yet. Given for
    /// every frame before `Engine.wants` is asked about it: the sender is alive (2.9), may be
    /// behind (R11), or shows that this node is behind (R12).
    case frame(MessageSummary, from: UInt16)
    /// A connection to a validator begins: it may have missed what was sent to nobody (R8).
    case connected(UInt16)
    case vote(Verified<Vote>, from: UInt16)
    /// A certificate, full or partial; each justification of a proposal is given so too, before
    /// the proposal. `header` is the header of the named block, where the answer brought it. `from`
    /// is nil if who brought it has no seat: joiners and followers pass certificates on too.
    case certificate(Verified<Certificate>, header: Header?, from: UInt16?)
    /// The leader's proposal: its notarize vote, and the header whose hash the vote names (nil in a
    /// re-proposal). The replica holds the body, checked against the header's roots.
    case proposal(Verified<Vote>, header: Header?, from: UInt16)

    /// The answer to `build`: the block was executed and is stored durably.
    case built(instance: Digest, view: View, header: Header)
    /// The answer to `build` when nothing can be built; the slot is lost.
    case buildDeclined(instance: Digest, view: View)
    /// A block's body is here, matches its header and is stored durably: after `storeBlock`, or
    /// because it was fetched or pushed.
    case blockAvailable(Header)
    /// A peer does not have the block that it was asked for.
    case blockUnavailable(Digest, from: UInt16)
    /// A peer does not have the certificate that it was asked for.
    case certificateUnavailable(CertificateRequest, from: UInt16)
    /// The answer to `execute`.
    case executed(instance: Digest, hash: Digest, result: ExecutionResult)
    /// The answer to `awaitTime`: the wall clock accepts the block's time.
    case timeReached(instance: Digest, view: View)

    case timer(TimerID)
    /// Every record up to `sequence` survives a crash.
    case durable(sequence: UInt64)
    /// The answers to `sign`.
    case signed(Verified<Vote>)
    case refused(instance: Digest, kind: VoteKind, view: View)

    /// Whether this node's builder would put something (a transaction, evidence) into a block on
    /// top of its highest certified block (2.8).
    case workPending(Bool)
    /// The signers whom the committed state keeps from leading: jailed or convicted (2.9).
    case excluded([UInt16])
    /// The committed state holds this final block durably: what lies below may be pruned.
    case committed(Height)
    /// The answer to `syncRange`: the committed state holds this final block durably.
    case synced(FinalizedHead)
    /// The end of `syncRange` without success; the engine goes on as it is, and asks again.
    case syncFailed
}

/// What a validator's frame says before anything in it is verified.
public struct MessageSummary: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case vote(VoteKind)
        case certificate(VoteKind, isPartial: Bool)
        /// A proposal; it counts as its leader's notarize vote too.
        case proposal
        /// A request or an answer: only a sign of life.
        case other
    }

    public let kind: Kind
    public let epoch: Epoch
    public let view: View
    /// The signer that a vote or proposal names.
    public let signer: UInt16?
    /// What a vote, proposal or certificate names.
    public let candidate: Candidate?

    public init(
        kind: Kind, epoch: Epoch, view: View, signer: UInt16? = nil, candidate: Candidate? = nil
    ) {
        self.kind = kind
        self.epoch = epoch
        self.view = view
        self.signer = signer
        self.candidate = candidate
    }

    public init(_ vote: Vote) {
        self.init(
            kind: .vote(vote.kind), epoch: vote.epoch, view: vote.view, signer: vote.signer,
            candidate: vote.statement.candidate)
    }

    public init(_ certificate: Certificate) {
        self.init(
            kind: .certificate(certificate.kind, isPartial: certificate.isPartial),
            epoch: certificate.epoch, view: certificate.view,
            candidate: certificate.statement.candidate)
    }

    /// - Parameter vote: the leader's vote in the proposal.
    public init(proposal vote: Vote) {
        self.init(
            kind: .proposal, epoch: vote.epoch, view: vote.view, signer: vote.signer,
            candidate: vote.statement.candidate)
    }
}

/// What to do with a message that was summarised (2.11).
public enum Admission: Hashable, Sendable {
    /// Not worth a signature check.
    case drop
    case verify
    /// Worth checking only as half of a pair of conflicting votes.
    case evidenceOnly
}

/// What executing a block on its parent says.
public enum ExecutionResult: Hashable, Sendable {
    /// Every rule holds and every root of the header matches.
    case valid
    case invalid
    /// It could not be executed now (the parent's state is not here); the engine asks again when it
    /// matters.
    case unavailable
    /// The body was let go, or is lost: it must be fetched again.
    case missing
}

/// The engine's timers; setting one replaces it. The shell fires it at or after its deadline.
public enum TimerID: Hashable, CaseIterable, Sendable {
    /// t_l: the leader's proposal has not come.
    case leader
    /// t_a: the view was not left.
    case advance
    /// t_r: repeat what may have been lost (R8).
    case retry
    /// Nothing has become final for long: everything held is sent again (2.10).
    case standstill
    /// The next peer is asked for what is missing (2.12).
    case requests
    /// The time is over in which a validator that has just started only listens.
    case watch
    /// The leader shows the boundary block again: not before the block interval is over, because
    /// until then the block is most likely final (2.8, 2.13).
    case repropose
}

/// A final block and the certificate that makes it so.
public struct FinalizedHead: Sendable {
    public let header: Header
    public let certificate: Verified<Certificate>

    /// - Precondition: a full finalization of exactly this header.
    public init(header: Header, certificate: Verified<Certificate>) {
        precondition(certificate.value.kind == .finalize, "a head is final")
        precondition(!certificate.value.isPartial, "a head has a quorum")
        precondition(
            certificate.value.statement.candidate?.blockHash == header.hash,
            "the certificate names the header")
        self.header = header
        self.certificate = certificate
    }
}

/// What the disk holds when an engine starts (2.15).
public struct Recovery: Sendable {
    /// The last final block whose state is committed; nil while that is the instance's base.
    public var floor: FinalizedHead?
    /// The log of this instance, in order, checks passed.
    public var records: [SafetyRecord]
    /// The signer's table of this instance: every vote above the floor.
    public var signedVotes: [Verified<Vote>]
    /// The headers of the blocks above the floor whose bodies are stored durably.
    public var headers: [Header]
    /// The signer does not know any more what it signed in views up to this one.
    public var forgotten: View
    /// The sequence number of the last durable record of the log; zero before the first.
    public var lastSequence: UInt64

    public init(
        floor: FinalizedHead? = nil, records: [SafetyRecord] = [],
        signedVotes: [Verified<Vote>] = [], forgotten: View = .zero, headers: [Header] = [],
        lastSequence: UInt64 = 0
    ) {
        self.floor = floor
        self.records = records
        self.signedVotes = signedVotes
        self.forgotten = forgotten
        self.headers = headers
        self.lastSequence = lastSequence
    }
}
