import Foundation

/// Where a node keeps what is its own.
public struct HomeFolder: Equatable, Sendable {
    public let path: String

    public init(path: String) {
        self.path = path
    }

    public var configuration: String { path + "/althing.toml" }
    public var genesis: String { path + "/genesis.json" }
    /// The accounts of this home's user.
    public var keys: String { path + "/keys" }
    /// The consensus key and the record of what it signed.
    public var signer: String { path + "/signer" }
    public var consensusKey: String { signer + "/consensus.json" }
    public var signedVotes: String { signer + "/signed-votes" }
    /// The key by which peers know the node.
    public var networkKey: String { path + "/network.json" }
    public var data: String { path + "/data" }
    /// How often the node has started without getting on.
    public var starts: String { data + "/starts" }
    /// The divergence that ended the last run.
    public var divergence: String { data + "/divergence" }
    public var database: String { data + "/db" }
    public var voteLog: String { data + "/log" }
}
