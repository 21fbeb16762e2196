import API
import Chain
import Cryptography
import Networking
import Storage

/// Why a node cannot start.
public enum NodeError: Error, Sendable, CustomStringConvertible {
    case storage(StorageError)
    case invalidGenesis([GenesisProblem])
    /// The data directory belongs to another chain.
    case genesisMismatch(path: String, expected: Digest, found: Digest)
    /// The chain has a history in which this validator may have voted, and the signer's record is
    /// gone.
    case signerRecordMissing(path: String)
    case inconsistentData(path: String, detail: String)

    public var description: String {
        switch self {
        case .storage(let error): error.description
        case .invalidGenesis(let problems):
            "the genesis is invalid: " + problems.map(\.description).joined(separator: "; ")
        case .genesisMismatch(let path, let expected, let found):
            "\(path) belongs to the genesis \(found), not to \(expected)"
        case .signerRecordMissing(let path):
            "\(path) is missing, but the chain has a history: signing could equivocate"
        case .inconsistentData(let path, let detail): "\(path): \(detail)"
        }
    }
}
