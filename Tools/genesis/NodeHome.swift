import Cryptography
import Foundation
import KeyTool

/// The folder of one node (interfaces.md 3): `althing.toml genesis.json network.json signer/
/// data/`.
public struct NodeHome: Sendable {
    /// A key that the node itself holds, `{"publicKey": …, "seed": …}` in hexadecimal digits in a
    /// file of its own, not encrypted: the node starts without a person.
    public enum Key: Sendable, CaseIterable {
        /// Signs votes.
        case consensus
        /// Will sign votes instead of `consensus`; only there after a rotation.
        case nextConsensus
        /// Is the node's identity towards its peers.
        case network

        var file: String {
            switch self {
            case .consensus: "signer/consensus.json"
            case .nextConsensus: "signer/next-consensus.json"
            case .network: "network.json"
            }
        }
    }

    public let path: String

    public init(_ path: String) {
        self.path = URL(fileURLWithPath: Home.expanded(path)).standardizedFileURL.path
    }

    public var configuration: String { path + "/althing.toml" }
    public var genesis: String { path + "/genesis.json" }
    public var data: String { path + "/data" }
    /// What the signer has signed. It is made with the key: a key without it may not sign.
    public var signedVotes: String { path + "/signer/signed-votes" }

    public func exists(_ file: String) -> Bool {
        FileManager.default.fileExists(atPath: file)
    }

    public func file(of key: Key) -> String { "\(path)/\(key.file)" }

    /// Makes the folders, readable by their owner alone.
    public func makeFolders() throws {
        for folder in [path, path + "/signer", path + "/keys", data] {
            do {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700])
            } catch {
                throw CommandError("file.write", "the folder \(folder) cannot be made")
            }
        }
    }

    /// Writes a key's file; an existing one is never replaced. With the consensus key comes the
    /// signer's empty record.
    public func writeKey(_ key: Key, seed: [UInt8]) throws {
        if key == .consensus, !exists(file(of: key)) { try makeRecord() }
        let json = JSON.object([
            .init("publicKey", .string(SigningKey(seed: seed).publicKey.hex)),
            .init("seed", .string(seed.hex)),
        ])
        let file = file(of: key)
        do {
            try PrivateFile.create(file, bytes: Array((json.pretty + "\n").utf8))
        } catch {
            throw CommandError("file.write", "\(file) cannot be written: \(error)")
        }
    }

    /// Puts the key that waits in the place of the consensus key, which is kept under its own name.
    /// The signer's record stays: what it holds, the new key never signed.
    ///
    /// - Returns: the file of the old key.
    public func switchConsensusKey() throws -> String {
        let next = try readKey(.nextConsensus).publicKey
        let file = file(of: .consensus)
        var kept = file
        if exists(file) {
            let old = try readKey(.consensus).publicKey
            kept = "\(path)/signer/old-\(old.hex.prefix(16)).json"
            guard rename(file, kept) == 0 else {
                throw CommandError("file.write", "\(file) cannot be renamed")
            }
        }
        // A stop here leaves no key in place, and the next try goes on.
        guard rename(self.file(of: .nextConsensus), file) == 0 else {
            throw CommandError("file.write", "\(file) cannot be written: the key \(next) waits")
        }
        return kept
    }

    private func makeRecord() throws {
        guard !exists(signedVotes) else { return }
        do {
            try PrivateFile.create(signedVotes, bytes: [])
        } catch {
            throw CommandError("file.write", "\(signedVotes) cannot be written: \(error)")
        }
    }

    public func readKey(_ key: Key) throws -> SigningKey {
        SigningKey(seed: try readSeed(key))
    }

    func readSeed(_ key: Key) throws -> [UInt8] {
        let file = file(of: key)
        guard exists(file) else {
            throw CommandError(
                "home.key_missing", "\(file) is missing",
                hint: "make a home first: althing init --home \(path)", exit: .notFound)
        }
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw CommandError(
                "home.key_damaged", "\(file) cannot be read as text",
                hint: "bring the file back from a copy of the home")
        }
        let json = try? JSON(parsing: text)
        guard let seed = json?["seed"]?.text.flatMap({ [UInt8](hex: $0) }), seed.count == 32 else {
            throw CommandError("home.key_damaged", "\(file): seed: not 64 hexadecimal digits")
        }
        guard json?["publicKey"]?.text == SigningKey(seed: seed).publicKey.hex else {
            throw CommandError("home.key_damaged", "\(file): publicKey: not the seed's")
        }
        return seed
    }
}
