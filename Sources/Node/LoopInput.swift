import Chain
import Cryptography
import Networking
import Replica
import Storage

/// What can arrive at the loop.
enum LoopInput: Sendable {
    /// The credit is the room in its peer's inbox of the message that this came of: held until the
    /// loop has handled it, so that peers cannot fill the loop's mailbox faster than it is emptied.
    case replica(ReplicaInput, credit: InboxCredit? = nil)
    /// A peer's message, decoded.
    case message(PeerMessage, from: Peer, credit: InboxCredit)
    /// A question of the API about the mempool.
    case waiting(Digest, CheckedContinuation<SignedTransaction?, Never>)
    case nextSequence(Address, lane: UInt16, CheckedContinuation<UInt64?, Never>)
    /// Work of a shell's own thread failed in a way that the process cannot go on from.
    case fatal(NodeFailure)
    /// The block that this leader filled failed its own check, and an empty one took its place.
    case substituted(View)
    /// The chain goes on under rules that this program does not know.
    case outdated(ProtocolVersion)
    /// An earlier run ended with a safety halt, which a new start does not undo.
    case halted(SafetyHalt)
    /// The record of this validator names this network key, and the node has another one.
    case misnamed(PublicKey)
    /// Network keys that validators have taken in this epoch, with those that their seats had
    /// before.
    case newKeys([PublicKey: PublicKey])
    case stop
}

/// Why a node stopped by itself.
public enum NodeFailure: Error, Sendable, CustomStringConvertible {
    /// More than a third of the power broke the protocol: two certificates exclude one another.
    case safetyHalt(SafetyHalt)
    /// This node's execution disagrees with the chain's.
    case divergence(Divergence)
    /// Somebody else has voted with this node's consensus key.
    case keyInUse(String)
    /// The chain goes on under rules that this program does not know.
    case outdated(ProtocolVersion)
    /// The disk did not do what it must.
    case storage(StorageError)

    public var description: String {
        switch self {
        case .safetyHalt(let halt): halt.description
        case .divergence(let divergence): divergence.description
        case .outdated(let version):
            "the chain follows version \(version.number) (\(version.hash)) since epoch "
                + "\(version.since), which this program does not know"
        case .keyInUse(let detail): "the consensus key is in use elsewhere: \(detail)"
        case .storage(let error): error.description
        }
    }

    /// What an operator does now, where that is more than the description says.
    public var advice: String? {
        switch self {
        case .safetyHalt(let halt): halt.advice
        case .divergence(let divergence): divergence.advice
        case .keyInUse, .outdated, .storage: nil
        }
    }
}
