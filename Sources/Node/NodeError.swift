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
    /// The record of what the consensus key has signed is gone, or never was on this host.
    case signerRecordMissing(path: String)
    /// The record is there, but its bytes are not what was written.
    case signerRecordDamaged(StorageError)
    case inconsistentData(path: String, detail: String)
    /// A setting that only a development chain accepts.
    case developmentOnly(setting: String)

    public var description: String {
        switch self {
        case .storage(let error): error.description
        case .invalidGenesis(let problems):
            "the genesis is invalid: " + problems.map(\.description).joined(separator: "; ")
        case .genesisMismatch(let path, let expected, let found):
            "\(path) belongs to the genesis \(found), not to \(expected)"
        case .signerRecordMissing(let path):
            "\(path) is missing, so what this key has signed is unknown: signing could equivocate"
        case .signerRecordDamaged(let error):
            "the signer's record: \(error)"
        case .inconsistentData(let path, let detail): "\(path): \(detail)"
        case .developmentOnly(let setting):
            "\(setting): only a development chain accepts this setting"
        }
    }
}
