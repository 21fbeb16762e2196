import Cryptography
import Foundation
import KeyTool
import Testing

/// A home in a folder of its own, deleted with the value.
final class TemporaryHome {
    let path: String
    var store: Keystore { Keystore(home: path) }

    init() throws {
        path = NSTemporaryDirectory() + "althing-keys-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { "\(path)/keys/\(name).json" }

    func text(_ name: String) throws -> String {
        try String(contentsOfFile: file(name), encoding: .utf8)
    }

    func write(_ text: String, _ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: path + "/keys", withIntermediateDirectories: true)
        try text.write(toFile: file(name), atomically: true, encoding: .utf8)
    }
}

@Suite struct KeystoreTests {
    private let password = Array("secret".utf8)
    private let seed: [UInt8] = Array(1...32)

    /// The code of the error that `body` throws, or nil.
    private func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return (error as? CommandError)?.code ?? "\(error)"
        }
    }

    @discardableResult
    private func create(
        _ name: String, in home: TemporaryHome, password: [UInt8]?
    ) throws -> KeyEntry {
        try home.store.create(
            name, key: SigningKey(seed: seed), password: password, cost: .least)
    }

    @Test func `a key comes back with its password`() throws {
        let home = try TemporaryHome()
        let entry = try create("alice", in: home, password: password)
        #expect(entry.isEncrypted)
        #expect(entry.address == Address(SigningKey(seed: seed).publicKey))
        #expect(try home.store.entry("alice") == entry)
        #expect(try home.store.address(named: "alice") == entry.address)
        let key = try home.store.load("alice", password: password)
        #expect(key.withSeed { $0 } == seed)
        #expect(try !home.text("alice").contains(seed.hex))
    }

    @Test func `a key in clear is marked so and needs no password`() throws {
        let home = try TemporaryHome()
        #expect(try !create("dev", in: home, password: nil).isEncrypted)
        #expect(try home.text("dev").contains("\"encrypted\" : false"))
        let key = try home.store.load("dev", password: nil)
        #expect(key.withSeed { $0 } == seed)
    }

    @Test func `keys are listed by name and other files are passed over`() throws {
        let home = try TemporaryHome()
        #expect(try home.store.names() == [])
        try create("bob", in: home, password: nil)
        try create("alice", in: home, password: nil)
        try home.write("", "Not A Name")
        try "".write(toFile: home.path + "/keys/note.txt", atomically: true, encoding: .utf8)
        #expect(try home.store.names() == ["alice", "bob"])
        #expect(try home.store.list().map(\.name) == ["alice", "bob"])
    }

    @Test func `a wrong or missing password is said`() throws {
        let home = try TemporaryHome()
        try create("alice", in: home, password: password)
        #expect(code { _ = try home.store.load("alice", password: [1]) } == "keys.password_wrong")
        #expect(code { _ = try home.store.load("alice", password: nil) } == "keys.password_needed")
    }

    @Test func `a name that is taken is refused and nothing is overwritten`() throws {
        let home = try TemporaryHome()
        try create("alice", in: home, password: nil)
        let before = try home.text("alice")
        #expect(code { try create("alice", in: home, password: password) } == "keys.exists")
        #expect(try home.text("alice") == before)
        let files = try FileManager.default.contentsOfDirectory(atPath: home.path + "/keys")
        #expect(files == ["alice.json"], "no temporary file is left")
    }

    @Test(arguments: [
        "", "../alice", "a/b", "/etc/passwd", "Alice", "a b", ".", "..", "a.json", "é", "a\0b",
        "abcdefghijklmnopqrstuvwxyz0123456",
    ])
    func `a name that could be a path is refused`(name: String) throws {
        let home = try TemporaryHome()
        #expect(code { try create(name, in: home, password: nil) } == "keys.name")
        #expect(code { _ = try home.store.entry(name) } == "keys.name")
        #expect(code { try home.store.delete(name) } == "keys.name")
        #expect(!FileManager.default.fileExists(atPath: home.path + "/keys"))
    }

    @Test(arguments: ["a", "validator-1", "snake_case", "abcdefghijklmnopqrstuvwxyz012345"])
    func `a name may have letters, digits and lines`(name: String) throws {
        let home = try TemporaryHome()
        #expect(try create(name, in: home, password: nil).name == name)
    }

    @Test func `a key file is for its owner alone`() throws {
        let home = try TemporaryHome()
        try create("alice", in: home, password: nil)
        let file = try FileManager.default.attributesOfItem(atPath: home.file("alice"))
        #expect(file[.posixPermissions] as? Int == 0o600)
        let folder = try FileManager.default.attributesOfItem(atPath: home.path + "/keys")
        #expect(folder[.posixPermissions] as? Int == 0o700)
    }

    @Test func `a deleted key is gone`() throws {
        let home = try TemporaryHome()
        try create("alice", in: home, password: nil)
        try home.store.delete("alice")
        #expect(code { _ = try home.store.entry("alice") } == "keys.not_found")
        #expect(code { try home.store.delete("alice") } == "keys.not_found")
    }

    @Test(arguments: ["", "{", "[]", "null", "{}", "{\"version\": 1}", "{\"version\": \"1\"}"])
    func `a file that is no key is damaged`(text: String) throws {
        let home = try TemporaryHome()
        try home.write(text, "alice")
        #expect(code { _ = try home.store.entry("alice") } == "keys.corrupt")
    }

    @Test func `a file of a later version is named so`() throws {
        let home = try TemporaryHome()
        try home.write("{\"version\": 2, \"new\": true}", "alice")
        #expect(code { _ = try home.store.entry("alice") } == "keys.version")
    }

    @Test func `a file that is too long is damaged`() throws {
        let home = try TemporaryHome()
        try home.write(String(repeating: " ", count: 70_000), "alice")
        #expect(code { _ = try home.store.entry("alice") } == "keys.corrupt")
    }

    @Test func `a changed field is found`() throws {
        let home = try TemporaryHome()
        let other = SigningKey(seed: [UInt8](repeating: 9, count: 32))
        let entry = try create("alice", in: home, password: password)
        let text = try home.text("alice")
        // The key alone, the address alone, and both: then only the secret tells.
        let key = text.replacingOccurrences(of: entry.publicKey.hex, with: other.publicKey.hex)
        try home.write(key, "key")
        #expect(code { _ = try home.store.entry("key") } == "keys.corrupt")
        let addresses = [entry.address.text(), Address(other.publicKey).text()]
        try home.write(
            text.replacingOccurrences(of: addresses[0], with: addresses[1]), "address")
        #expect(code { _ = try home.store.entry("address") } == "keys.corrupt")
        try home.write(key.replacingOccurrences(of: addresses[0], with: addresses[1]), "both")
        #expect(
            code { _ = try home.store.load("both", password: password) } == "keys.corrupt")
    }
}
