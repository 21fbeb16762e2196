import Chain
import Codec
import Consensus
import Cryptography

/// Everything that a node can do. The shell performs effects strictly in order; what takes long is
/// answered by an input.
public enum ReplicaEffect: Sendable {
    /// Append to the log of this instance; `durable` after the sync.
    case persist([SafetyRecord], instance: Digest, sequence: UInt64)
    case sign(VoteIntent)
    case send(PeerMessage, to: Destination)
    case setTimer(ReplicaTimer, Instant)
    case cancelTimer(ReplicaTimer)

    /// Check what a peer sent: `Door`. Transactions are checked against the state too, and come
    /// back as `transaction` inputs.
    case verify(VerificationJob, in: Instance, from: Peer)
    /// Fill, execute and answer `built`, or `buildFailed`.
    case build(BuildJob)
    /// Write a block's bytes durably.
    case store(Block)
    case execute(ExecutionRequest, Block)
    /// Write these executed blocks, ascending, into the committed state; the certificate makes the
    /// last one final. If that is the last of its epoch: sync the state and the certificate, make
    /// the next instance and open its log; answer `committed`, then `epochBegan`. So for `replay`.
    case commit([Header], Verified<Certificate>)
    /// Execute and commit these blocks one after the other.
    case replay([Block], head: FinalizedHead)
    /// Answer a peer, beside everything else and after it.
    case serve(ServeRequest, to: PublicKey)

    /// Who waits for the admission of a transaction gets this.
    case admitted(Digest, ticket: UInt64)
    case refused(Digest, MempoolError, ticket: UInt64)

    case penalize(PublicKey, Offence)
    case report(Report)
    /// Somebody else has voted in this view with this node's key. The replica votes no more; the
    /// process must end, and its operator find the other one.
    case keyInUse(View)
}

/// Peers by their network keys. What goes to one that is not connected is lost.
public enum Destination: Hashable, Sendable {
    case peer(PublicKey)
    case peers([PublicKey])
    /// Every connected peer but one.
    case everyone(except: PublicKey?)
}

/// What the door is to check, cheap things first.
public enum VerificationJob: Sendable {
    case vote(Vote)
    case certificates([Certificate], header: Header?)
    case proposal(BlockProposal)
    /// Bytes that must be the block of this hash.
    case block(Digest, [UInt8])
    /// Blocks from `first` on, on top of the block `parent`.
    case range(RangeResponse, first: Height, parent: Digest)
    /// Each that passes comes back as a `transaction` input.
    case transactions([SignedTransaction])
    case evidence(Evidence)
    /// What a compact proposal lacked. None is refused here: execution judges a block's signatures,
    /// and finds the good ones known.
    case blockTransactions(BlockTransactionsResponse)
}

public enum ServeRequest: Hashable, Sendable {
    case block(BlockRequest)
    /// A block that is here and may be on no disk yet. It is the shell that encodes it, so that the
    /// replica's time does not go to it.
    case held(Block)
    /// Transactions of such a block.
    case transactions(BlockTransactionsRequest, of: Block)
    case range(RangeRequest)
    /// Certificates of a view that was left long ago, of an instance at work.
    case certificates(CertificateRequest, instance: Digest)
    /// How this epoch ended: the finalization of its last block, as an `epochHint`. Kept for ever.
    case boundary(Epoch)
}

extension ServeRequest {
    /// The answer where no disk is needed for it.
    public var heldAnswer: PeerMessage? {
        switch self {
        case .held(let block):
            return .blockResponse(BlockResponse(hash: block.hash, block: block.encoded()))
        case .transactions(let request, let block):
            let held = block.body.transactions
            let transactions = request.positions.compactMap { position in
                Int(position) < held.count ? held[Int(position)] : nil
            }
            return .blockTransactionsResponse(
                BlockTransactionsResponse(hash: request.hash, transactions: transactions))
        case .block, .range, .certificates, .boundary:
            return nil
        }
    }
}

/// What a peer did wrong; how much it weighs is the network's business.
public enum Offence: Hashable, Sendable {
    /// A signature, certificate or block that no honest node sends.
    case forged
    /// A message out of place.
    case unsolicited
    case timeout
}
