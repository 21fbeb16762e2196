import Chain
import Cryptography
import Foundation
import KeyTool
import Testing

@testable import GenesisTool

/// A validator's way to another machine.
@Suite struct ValidatorTransferTests {
    private static let genesis = Digest([UInt8](repeating: 5, count: 32))
    private static let password = Array("secret".utf8)

    /// Two homes in a folder that goes away with the value.
    private final class Homes {
        let path: String
        let old: NodeHome
        let new: NodeHome

        init() throws {
            let name = "transfer-\(ProcessInfo.processInfo.globallyUniqueString)"
            path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
            old = NodeHome(path + "/old")
            new = NodeHome(path + "/new")
            for home in [old, new] { try home.makeFolders() }
            try old.writeKey(.consensus, seed: [UInt8](repeating: 7, count: 32))
            try old.writeKey(.network, seed: [UInt8](repeating: 8, count: 32))
            try new.writeKey(.network, seed: [UInt8](repeating: 6, count: 32))
            try PrivateFile.replace(old.signedVotes, bytes: [1, 2, 3])
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        var file: String { path + "/moving" }

        func export() throws -> PublicKey {
            try old.exportValidator(
                genesisHash: genesis, to: file, password: password, cost: .least)
        }

        func transfer(_ password: [UInt8] = password) throws -> ValidatorTransfer {
            try ValidatorTransfer(file: file) { password }
        }
    }

    private func code(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "ok"
        } catch let error as CommandError {
            return error.code
        } catch {
            return "\(error)"
        }
    }

    private func bring(
        _ transfer: ValidatorTransfer, to home: NodeHome, hasSigned: Bool = false,
        isCovered: Bool = true, genesis: Digest = genesis
    ) -> String {
        code {
            try home.importValidator(
                transfer, genesisHash: genesis, hasSigned: { hasSigned },
                isCovered: { record in
                    #expect(record == transfer.record)
                    return isCovered
                })
        }
    }

    @Test func `key and record arrive together, and the old home starts no more`() throws {
        let homes = try Homes()
        #expect(code { try homes.old.checkPresent() } == "ok")
        let key = try homes.export()
        #expect(code { try homes.old.checkPresent() } == "validator.exported")
        #expect(code { _ = try homes.export() } == "validator.exported")
        #expect(bring(try homes.transfer(), to: homes.new) == "ok")
        #expect(try homes.new.readKey(.consensus).publicKey == key)
        // A seat is heard through the network key that its record names.
        #expect(
            try homes.new.readKey(.network).publicKey == homes.old.readKey(.network).publicKey)
        #expect(FileManager.default.contents(atPath: homes.new.signedVotes) == Data([1, 2, 3]))
        #expect(code { try homes.new.checkPresent() } == "ok")
        // Again, it would forget what was signed since.
        #expect(bring(try homes.transfer(), to: homes.new) == "validator.key_present")
    }

    /// A node keeps the folder of the signer and that of the data, whatever lies in them.
    @Test(arguments: ["signer", "data"])
    func `a key neither leaves nor comes while a node runs`(folder: String) throws {
        let homes = try Homes()
        _ = try homes.export()
        let transfer = try homes.transfer()
        #expect(bring(transfer, to: homes.old) == "ok")
        try FileManager.default.removeItem(atPath: homes.file)
        for home in [homes.old, homes.new] {
            let path = home.path + "/" + folder
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            let running = open(path, O_RDONLY | O_DIRECTORY)
            defer { close(running) }
            #expect(flock(running, LOCK_EX | LOCK_NB) == 0)
            #expect(bring(transfer, to: home) == "node.running")
            if home.path == homes.old.path {
                #expect(code { _ = try homes.export() } == "node.running")
            }
        }
        #expect(code { try homes.old.checkPresent() } == "ok")
        #expect(code { _ = try homes.export() } == "ok")
    }

    /// A node of an earlier release holds the database alone.
    @Test func `a key neither leaves nor comes while the database is in use`() throws {
        let homes = try Homes()
        _ = try homes.export()
        let transfer = try homes.transfer()
        #expect(bring(transfer, to: homes.old) == "ok")
        try FileManager.default.removeItem(atPath: homes.file)
        try FileManager.default.createDirectory(
            atPath: homes.old.data + "/db", withIntermediateDirectories: true)
        let running = open(homes.old.data + "/db/LOCK", O_RDWR | O_CREAT, 0o600)
        #expect(running >= 0)
        var whole = flock()
        whole.l_type = Int16(F_WRLCK)
        whole.l_whence = Int16(SEEK_SET)
        // F_OFD_SETLK (fcntl(2)): a lock that stands against this process as well.
        // Safe because the record lives as long as the call.
        #expect(unsafe fcntl(running, 37, &whole) == 0)
        #expect(code { _ = try homes.export() } == "node.running")
        #expect(bring(transfer, to: homes.old) == "node.running")
        #expect(code { try homes.old.checkPresent() } == "ok")
        close(running)
        #expect(code { _ = try homes.export() } == "ok")
    }

    @Test func `a key comes back to where it left`() throws {
        let homes = try Homes()
        let key = try homes.export()
        #expect(bring(try homes.transfer(), to: homes.old) == "ok")
        #expect(code { try homes.old.checkPresent() } == "ok")
        #expect(try homes.old.readKey(.consensus).publicKey == key)
    }

    @Test func `a key does not come back with less than its record was when it left`() throws {
        let homes = try Homes()
        _ = try homes.export()
        let transfer = try homes.transfer()
        #expect(bring(transfer, to: homes.old, isCovered: false) == "validator.record_older")
        #expect(code { try homes.old.checkPresent() } == "validator.exported")
        #expect(FileManager.default.contents(atPath: homes.old.signedVotes) == Data([1, 2, 3]))
        // Where there is no record, nothing is known.
        try FileManager.default.removeItem(atPath: homes.old.signedVotes)
        #expect(bring(transfer, to: homes.old, isCovered: false) == "ok")
    }

    @Test func `another key of the home is kept if it never signed, and else in the way`() throws {
        let homes = try Homes()
        _ = try homes.export()
        try homes.new.writeKey(.consensus, seed: [UInt8](repeating: 9, count: 32))
        let own = try homes.new.readKey(.consensus).publicKey
        let transfer = try homes.transfer()
        #expect(bring(transfer, to: homes.new, hasSigned: true) == "validator.other_key")
        #expect(try homes.new.readKey(.consensus).publicKey == own)
        #expect(bring(transfer, to: homes.new) == "ok")
        let kept = "\(homes.new.path)/signer/old-\(own.hex.prefix(16)).json"
        #expect(try String(contentsOfFile: kept, encoding: .utf8).contains(own.hex))
    }

    @Test func `nothing leaves without a record, over a file, or to another chain`() throws {
        let homes = try Homes()
        try Data().write(to: URL(fileURLWithPath: homes.file))
        #expect(code { _ = try homes.export() } == "file.exists")
        try FileManager.default.removeItem(atPath: homes.file)
        try FileManager.default.removeItem(atPath: homes.old.signedVotes)
        #expect(code { _ = try homes.export() } == "validator.record_missing")
        #expect(code { try homes.old.checkPresent() } == "ok")
        try PrivateFile.create(homes.old.signedVotes, bytes: [])
        _ = try homes.export()
        #expect(
            bring(try homes.transfer(), to: homes.new, genesis: .zero) == "validator.other_chain")
        #expect(!homes.new.exists(homes.new.file(of: .consensus)))
    }

    @Test func `a wrong password and a damaged file are told apart`() throws {
        let homes = try Homes()
        _ = try homes.export()
        #expect(code { _ = try homes.transfer([1]) } == "keys.wrong_password")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: homes.file))
        for index in [0, bytes.count / 2, bytes.count - 1] {
            bytes[index] ^= 1
            try bytes.write(to: URL(fileURLWithPath: homes.file))
            #expect(code { _ = try homes.transfer() } == "validator.transfer")
            bytes[index] ^= 1
        }
        #expect(
            code { _ = try ValidatorTransfer(file: "/nowhere") { [] } } == "file.read")
    }
}
