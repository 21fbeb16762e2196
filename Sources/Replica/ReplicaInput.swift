import Chain
import Consensus
import Cryptography

/// A node at the other end of an authenticated connection. Whether it has a seat depends on the
/// epoch, and the replica knows.
public struct Peer: Hashable, Sendable {
    /// Its network key.
    public let key: PublicKey

    public init(key: PublicKey) {
        self.key = key
    }
}

/// What both clocks say as an input arrives. Deadlines use the monotonic one; the wall clock is for
/// header times only.
public struct Moment: Hashable, Sendable {
    public let monotonic: Instant
    public let wall: Timestamp

    public init(monotonic: Instant, wall: Timestamp) {
        self.monotonic = monotonic
        self.wall = wall
    }
}

/// Everything that a node can hear.
public enum ReplicaInput: Sendable {
    /// The first input, exactly once: the stored blocks above the committed one.
    case start(blocks: [Block])
    /// After the `commit` or `replay` of an epoch's last block was answered: the state and what
    /// made that block final are durable, and the log of the next instance is open.
    case epochBegan(EpochStart)

    case connected(Peer)
    case disconnected(Peer)
    /// A connection goes by another name from now on; `remains` says whether another one still goes
    /// by the old name.
    case renamed(Peer, to: Peer, remains: Bool)
    /// A decoded message, nothing in it verified.
    case received(PeerMessage, from: Peer)
    /// The answers to `verify`; the instance is that of the job.
    case verified(VerifiedMessage, instance: Digest, from: Peer)
    case verificationFailed(VerificationError, instance: Digest, from: Peer)
    /// A peer passed on a transaction with a wrong signature.
    case forgedTransaction(from: Peer)

    /// A transaction whose signatures are valid and whose sender can pay by the finalized state.
    /// `ticket` names who waits for the answer.
    case transaction(Verified<SignedTransaction>, AdmissionFacts, ticket: UInt64?)

    /// The answers to `build`. Dropped are the ids of candidates, transactions and evidence, that
    /// can be in no later block either.
    case built(instance: Digest, view: View, Block, dropped: [Digest])
    case buildFailed(instance: Digest, view: View)
    /// The answer to `store`.
    case stored(Digest)
    /// The answer to `execute`.
    case executed(instance: Digest, hash: Digest, ExecutionResult)
    /// The answer to `persist`.
    case durable(instance: Digest, sequence: UInt64)
    case signed(Verified<Vote>)
    case refused(instance: Digest, kind: VoteKind, view: View)
    /// The answer to `commit`.
    case committed(Height)
    /// The answers to `replay`.
    case replayed([Block])
    case replayFailed(Height)

    case timer(ReplicaTimer)
}

/// A message that passed the door.
public enum VerifiedMessage: Sendable {
    case vote(Verified<Vote>)
    case certificates([Verified<Certificate>], header: Header?)
    /// The block is nil in a re-proposal. Its hash is the one that the vote names, and its body
    /// matches its header's roots.
    case proposal(Verified<Vote>, Block?, justification: [Verified<Certificate>])
    /// A proposal whose transactions are named: the header is the one that the vote names, and its
    /// roots are those of the list.
    case compactProposal(
        Verified<Vote>, Header, CompactBody, justification: [Verified<Certificate>])
    /// A block whose hash was asked for, body and header matching.
    case block(Block)
    /// Consecutive blocks, each the parent of the next, the last one final by the head or its
    /// ancestor by the head's headers.
    case range([Block], head: FinalizedHead)
    case evidence(Verified<Evidence>)
    case blockTransactions(BlockTransactionsResponse)
}

/// The replica's timers; setting one replaces it.
public enum ReplicaTimer: Hashable, Sendable {
    case engine(TimerID)
    /// The builder's waiting time is over.
    case build
    /// A proposal's time may be acceptable now.
    case time
    /// The peer that was asked for a range has not answered.
    case range
    /// Transactions wait to be told to peers.
    case gossip
    /// What a compact proposal named has not come.
    case compact
    /// Peers that are in a later epoch are asked how this one ended.
    case catchUp
}
