import Cryptography
import Foundation

/// The folder `keys` of a home: one JSON file for each key, mode 0600.
public struct Keystore: Sendable {
    /// A key file is far smaller; a larger file is not ours.
    private static let fileBytesMax = 64 << 10

    /// `<home>/keys`.
    public let folder: String

    public init(home: String) {
        folder = home + "/keys"
    }

    /// The keystore of `--home`, `$ALTHING_HOME` or the default home.
    public static func open(home: String?) throws -> Keystore {
        Keystore(home: Home.path(home))
    }

    /// The names of all keys, sorted; none if there is no folder.
    public func names() throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        guard let files = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw CommandError("keys.folder", "the folder \(folder) cannot be read")
        }
        return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
            .filter(Keystore.isName).sorted()
    }

    /// What is known of all keys without a password, by name.
    public func list() throws -> [KeyEntry] {
        try names().map(entry)
    }

    public func entry(_ name: String) throws -> KeyEntry {
        let file = try read(name)
        do {
            return try file.entry(name: name)
        } catch {
            throw failure(error, name: name)
        }
    }

    public func address(named name: String) throws -> Address {
        try entry(name).address
    }

    /// The key, opened with the password; nil is right for a key that is not encrypted.
    public func load(_ name: String, password: [UInt8]?) throws -> SigningKey {
        try load(name) {
            guard let password else {
                throw CommandError(
                    "keys.password_needed", "the key \(name) is encrypted: a password is needed",
                    hint: "give --password-file, --password-fd or ALTHING_PASSWORD", exit: .usage)
            }
            return password
        }
    }

    /// The key, with the password from the options, which is asked for only where it is needed.
    public func signingKey(named name: String, password: PasswordOptions?) throws -> SigningKey {
        guard let password else { return try load(name, password: nil) }
        return try load(name) { try password.password(for: name) }
    }

    private func load(_ name: String, password: () throws -> [UInt8]) throws -> SigningKey {
        let file = try read(name)
        do {
            return try file.open(password: password)
        } catch let error as KeyFileError {
            throw failure(error, name: name)
        }
    }

    /// Writes a new key; a password of nil leaves it in clear.
    ///
    /// - Throws: `keys.exists` if there is a key of this name, which is left as it is.
    @discardableResult
    public func create(
        _ name: String, key: borrowing SigningKey, password: [UInt8]?,
        cost: SealedKey.Cost = .standard
    ) throws -> KeyEntry {
        try checkIsFree(name)
        let file: KeyFile
        do {
            file = try KeyFile(key, password: password, cost: cost)
        } catch is SealedKeyError {
            throw failure(.outOfMemory, name: name)
        }
        try makeFolder()
        do {
            try PrivateFile.create(path(name), bytes: try JSONText.file(file))
        } catch PrivateFile.Failure.exists {
            throw exists(name)
        } catch {
            throw CommandError("keys.write", "\(path(name)) cannot be written: \(error)")
        }
        return KeyEntry(
            name: name, address: Address(key.publicKey), publicKey: key.publicKey,
            isEncrypted: file.encrypted)
    }

    /// Says no before anybody types a password: the name is wrong or taken.
    public func checkIsFree(_ name: String) throws {
        try check(name)
        guard !FileManager.default.fileExists(atPath: path(name)) else { throw exists(name) }
    }

    public func delete(_ name: String) throws {
        try check(name)
        guard unlink(path(name)) == 0 else {
            throw errno == ENOENT
                ? notFound(name)
                : CommandError("keys.write", "\(path(name)) cannot be deleted")
        }
    }

    /// Whether `name` may be a key's: 1 to 32 of a-z, 0-9, `-` and `_`. So it is no path.
    public static func isName(_ name: String) -> Bool {
        (1...32).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private func path(_ name: String) -> String { "\(folder)/\(name).json" }

    private func check(_ name: String) throws {
        guard Keystore.isName(name) else {
            throw CommandError(
                "keys.name", "`\(name)` is no name for a key",
                hint: "1 to 32 of a-z, 0-9, - and _", exit: .usage)
        }
    }

    private func makeFolder() throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandError("keys.write", "the folder \(folder) cannot be made")
        }
    }

    private func read(_ name: String) throws -> KeyFile {
        try check(name)
        guard FileManager.default.fileExists(atPath: path(name)) else { throw notFound(name) }
        let data: Data
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path(name)))
            // Nil is an empty file.
            data = try handle.read(upToCount: Keystore.fileBytesMax + 1) ?? Data()
        } catch {
            throw CommandError("keys.read", "\(path(name)) cannot be read")
        }
        do throws(KeyFileError) {
            guard data.count <= Keystore.fileBytesMax else {
                throw .corrupt("it is too long")
            }
            return try KeyFile(bytes: Array(data))
        } catch {
            throw failure(error, name: name)
        }
    }

    private func notFound(_ name: String) -> CommandError {
        CommandError(
            "keys.not_found", "there is no key \(name) in \(folder)",
            hint: "`althing keys list` shows the names", exit: .notFound)
    }

    private func exists(_ name: String) -> CommandError {
        CommandError(
            "keys.exists", "there is a key \(name) in \(folder); nothing was changed",
            hint: "choose another name, or delete that key first", exit: .refused)
    }

    private func failure(_ error: KeyFileError, name: String) -> CommandError {
        switch error {
        case .corrupt(let reason):
            CommandError(
                "keys.corrupt", "the key file \(path(name)) is damaged: \(reason)",
                hint: "restore it from a backup, or import the key's words again")
        case .unsupportedVersion(let version):
            CommandError(
                "keys.version", "the key file \(path(name)) has the unknown version \(version)",
                hint: "a newer program wrote it")
        case .wrongPassword:
            CommandError("keys.password_wrong", "the password of \(name) is wrong")
        case .outOfMemory:
            CommandError("keys.memory", "there is not enough memory to open \(name)")
        }
    }
}
