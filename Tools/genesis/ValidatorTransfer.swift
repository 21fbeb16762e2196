import Codec
import Cryptography
import Foundation
import KeyTool

/// A consensus key with the record of what it signed, and the key by which peers know its node, on
/// their way to another machine. They go together: a key without its record could sign what
/// conflicts with an earlier vote, and votes from an unknown node are not heard.
public struct ValidatorTransfer: CanonicalCodable, Equatable, Sendable {
    private static let version: UInt8 = 2

    /// The chain that the record is about.
    public let genesisHash: Digest
    let seed: [UInt8]
    let networkSeed: [UInt8]
    let record: [UInt8]

    init(genesisHash: Digest, seed: [UInt8], networkSeed: [UInt8], record: [UInt8]) {
        self.genesisHash = genesisHash
        self.seed = seed
        self.networkSeed = networkSeed
        self.record = record
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let version = try reader.readUInt8()
        guard version == ValidatorTransfer.version else {
            throw .unknownTag(type: "ValidatorTransfer", tag: UInt64(version))
        }
        genesisHash = try Digest(from: &reader)
        seed = try reader.readBytes(count: 32)
        networkSeed = try reader.readBytes(count: 32)
        record = try reader.readByteVector(limit: SealedKey.secretBytesMax)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(ValidatorTransfer.version)
        writer.write(genesisHash)
        writer.writeBytes(seed)
        writer.writeBytes(networkSeed)
        writer.writeByteVector(record)
    }

    public var publicKey: PublicKey { SigningKey(seed: seed).publicKey }

    // MARK: Files

    /// Seals it with a password into a new file.
    func write(
        to file: String, password: [UInt8], cost: SealedKey.Cost = .standard
    ) throws {
        let secret = encoded()
        guard secret.count <= SealedKey.secretBytesMax else {
            throw CommandError(
                "validator.record_long", "the record of signed votes has \(record.count) bytes",
                hint: "start the node for some epochs, so that it forgets the old ones",
                exit: .refused)
        }
        do {
            let sealed = try SealedKey(sealing: secret, password: password, cost: cost)
            try PrivateFile.create(file, bytes: sealed.bytes)
        } catch PrivateFile.Failure.exists {
            throw CommandError(
                "file.exists", "\(file) exists; nothing was changed", exit: .refused)
        } catch {
            throw CommandError("file.write", "\(file) cannot be written: \(error)")
        }
    }

    /// Opens a file that an export wrote.
    public init(file: String, password: () throws -> [UInt8]) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw CommandError("file.read", "\(file) cannot be read", exit: .notFound)
        }
        let damaged = CommandError(
            "validator.transfer", "\(file) is no file that `althing validator export` wrote",
            hint: "copy it again from the old machine", exit: .usage)
        guard let sealed = try? SealedKey(bytes: Array(data)) else { throw damaged }
        let secret: [UInt8]
        do {
            secret = try sealed.open(password: try password())
        } catch SealedKeyError.wrongPassword {
            throw CommandError(
                "keys.wrong_password", "the password does not open \(file)", exit: .refused)
        }
        guard let transfer = try? ValidatorTransfer(decoding: secret) else { throw damaged }
        self = transfer
    }
}

extension NodeHome {
    /// Where an exported key left word that it is gone.
    public var tombstone: String { path + "/signer/exported" }

    /// Takes the key and its record out of a home whose node is stopped: from then on the home
    /// starts no more.
    ///
    /// The word that it is gone is written first. A stop before the file is there leaves a home
    /// that does not start, and never two that do.
    public func exportValidator(
        genesisHash: Digest, to file: String, password: [UInt8],
        cost: SealedKey.Cost = .standard
    ) throws -> PublicKey {
        try checkPresent()
        let lock = try NodeLock(self)
        defer { lock.release() }
        let seed = try readSeed(.consensus)
        let networkSeed = try readSeed(.network)
        guard let record = FileManager.default.contents(atPath: signedVotes) else {
            throw CommandError(
                "validator.record_missing", "\(signedVotes) is missing",
                hint: "a key without its record could sign twice: rotate to a new key instead",
                exit: .refused)
        }
        guard !exists(file) else {
            throw CommandError(
                "file.exists", "\(file) exists; nothing was changed", exit: .refused)
        }
        let transfer = ValidatorTransfer(
            genesisHash: genesisHash, seed: seed, networkSeed: networkSeed,
            record: Array(record))
        do {
            try PrivateFile.create(
                tombstone, bytes: Array("\(transfer.publicKey) was exported to \(file)\n".utf8))
        } catch {
            throw CommandError("file.write", "\(tombstone) cannot be written: \(error)")
        }
        do {
            try transfer.write(to: file, password: password, cost: cost)
        } catch {
            unlink(tombstone)
            throw error
        }
        return transfer.publicKey
    }

    /// Throws if the home's key was exported.
    public func checkPresent() throws {
        guard exists(tombstone) else { return }
        let text = (try? String(contentsOfFile: tombstone, encoding: .utf8)) ?? "it was exported"
        throw CommandError(
            "validator.exported",
            "the key is gone: \(text.trimmingCharacters(in: .whitespacesAndNewlines))",
            hint: "start the machine that imported it, or import the file here again",
            exit: .refused)
    }

    /// Puts an exported key and its record into a home whose node is stopped. A key that is there
    /// and never signed is kept under its own name.
    ///
    /// - Parameters:
    ///   - hasSigned: whether the record that is there has votes of an epoch that may go on.
    ///   - isCovered: whether the record that is there knows nothing that these bytes do not.
    public func importValidator(
        _ transfer: ValidatorTransfer, genesisHash: Digest, hasSigned: () throws -> Bool,
        isCovered: ([UInt8]) throws -> Bool
    ) throws {
        guard transfer.genesisHash == genesisHash else {
            throw CommandError(
                "validator.other_chain", "the key was exported from a node of another chain",
                hint: "see the genesis of both homes", exit: .refused)
        }
        let lock = try NodeLock(self)
        defer { lock.release() }
        let file = file(of: .consensus)
        if exists(file) {
            let own = try readKey(.consensus).publicKey
            if own != transfer.publicKey || !exists(tombstone) {
                try checkUnused(own, transfer.publicKey, hasSigned)
            } else if exists(signedVotes), try !isCovered(transfer.record) {
                // The key has been here since that file was written, and left by a later one.
                throw CommandError(
                    "validator.record_older",
                    "the file knows less of what the key signed than \(signedVotes)",
                    hint: "import the file of the last export: with this one the key could sign "
                        + "twice", exit: .refused)
            }
        }
        do {
            // The record first: no key is ever without it.
            try PrivateFile.replace(signedVotes, bytes: transfer.record)
        } catch {
            throw CommandError("file.write", "\(signedVotes) cannot be written: \(error)")
        }
        try putKey(.network, seed: transfer.networkSeed)
        try putKey(.consensus, seed: transfer.seed)
        unlink(tombstone)
    }

    /// Puts a key in the place of another one, which is kept under its own name.
    private func putKey(_ key: Key, seed: [UInt8]) throws {
        let file = file(of: key)
        if exists(file) {
            let own = try readKey(key).publicKey
            if own == SigningKey(seed: seed).publicKey { return }
            let kept = "\(path)/signer/old-\(own.hex.prefix(16)).json"
            guard rename(file, kept) == 0 else {
                throw CommandError("file.write", "\(file) cannot be renamed")
            }
        }
        try writeKey(key, seed: seed)
    }

    private func checkUnused(
        _ own: PublicKey, _ imported: PublicKey, _ hasSigned: () throws -> Bool
    ) throws {
        guard own != imported else {
            throw CommandError(
                "validator.key_present", "the home has the key \(own) already",
                hint: "what it signed since the export would be forgotten", exit: .refused)
        }
        guard try !hasSigned() else {
            throw CommandError(
                "validator.other_key", "the home has another key, \(own), that has signed votes",
                hint: "import into a new home: althing init --home NEW --genesis FILE",
                exit: .refused)
        }
    }
}

/// Holds what a running node holds, so that neither runs while the other one does: the folders of
/// the signer and of the data, by `flock`, and the database's own lock. That one alone is held by a
/// node of an earlier release, and is seen from other machines where the home is on their network.
private struct NodeLock {
    private var files: [Int32] = []

    init(_ home: NodeHome) throws {
        do {
            for folder in [home.path + "/signer", home.data] {
                try take(folder, O_RDONLY | O_DIRECTORY) { flock($0, LOCK_EX | LOCK_NB) == 0 }
            }
            try take(home.data + "/db/LOCK", O_RDWR) { file in
                var whole = flock()
                whole.l_type = Int16(F_WRLCK)
                whole.l_whence = Int16(SEEK_SET)
                // Safe because the record lives as long as the call.
                return unsafe fcntl(file, F_SETLK, &whole) == 0
            }
        } catch {
            release()
            throw error
        }
    }

    private mutating func take(
        _ path: String, _ flags: Int32, lock: (Int32) -> Bool
    ) throws {
        let file = open(path, flags | O_CLOEXEC)
        if file < 0, errno == ENOENT {
            // A home that never started has no data.
            return
        }
        guard file >= 0 else {
            throw CommandError("file.read", "\(path) cannot be opened", exit: .storage)
        }
        files.append(file)
        guard lock(file) else {
            throw CommandError(
                "node.running", "a node runs in this home",
                hint: "stop it first, and keep it stopped", exit: .refused)
        }
    }

    func release() {
        for file in files { close(file) }
    }
}
