import ArgumentParser
import Chain
import Cryptography
import Foundation
import GenesisTool
import KeyTool
import Testing

/// The commands on files, run in this process in a folder of their own.
@Suite struct GenesisCommandTests {
    /// A folder that goes away with the value.
    private final class Folder {
        let path: String

        init() throws {
            let name = "genesis-\(ProcessInfo.processInfo.globallyUniqueString)"
            path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        }

        deinit {
            try? FileManager.default.removeItem(atPath: path)
        }

        var genesis: String { path + "/genesis.json" }

        func run(_ words: String...) throws {
            var command = try GenesisCommand.parseAsRoot(words)
            try command.run()
        }

        func error(_ words: String...) -> CommandError? {
            do {
                var command = try GenesisCommand.parseAsRoot(words)
                try command.run()
                return nil
            } catch {
                return error as? CommandError
            }
        }
    }

    private func address(_ number: UInt8) -> String {
        Address(GenesisSample.key(number).publicKey).text()
    }

    private func draft() throws -> Folder {
        let folder = try Folder()
        try folder.run(
            "new", "--chain-id", "sample-1", "--kind", "dev", "--output", folder.genesis, "-q")
        return folder
    }

    private func write(_ entry: GenesisEntry, _ path: String) throws {
        try entry.json.pretty.write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test func `a genesis is made by commands alone`() throws {
        let folder = try draft()
        let genesis = ["--genesis", folder.genesis, "-q"]
        let accounts = [(50, "1000000alt"), (51, "2.5alt")]
        for (number, amount) in accounts {
            try folder.run(
                "add-account", address(UInt8(number)), amount, genesis[0], genesis[1], "-q")
        }
        let file = folder.path + "/entry.json"
        try write(GenesisSample.entry(1), file)
        try folder.run("add-validator", file, genesis[0], genesis[1], "-q")
        try folder.run("set", "consensus.blockInterval=100ms", genesis[0], genesis[1], "-q")
        let made = try GenesisFile.readChecked(folder.genesis)
        #expect(made.accounts.count == 2)
        #expect(made.validators == [GenesisSample.entry(1)])
        #expect(made.parameters.blockInterval == 100)
        let amounts = made.accounts.flatMap(\.balances).map(\.amount.value).sorted()
        #expect(amounts == [2_500_000, 1_000_000_000_000])
    }

    @Test func `a draft is not written over`() throws {
        let folder = try draft()
        let before = try GenesisFile.read(folder.genesis)
        let error = folder.error(
            "new", "--chain-id", "other", "--kind", "dev", "--output", folder.genesis)
        #expect(error?.code == "file.exists")
        #expect(error?.exit == .refused)
        #expect(try GenesisFile.read(folder.genesis) == before)
    }

    @Test(arguments: [
        ("1.1234567alt", "amount.invalid"), ("12btc", "amount.invalid"),
        ("-1alt", "amount.invalid"), ("alt", "amount.invalid"),
        ("99999999999999999999alt", "amount.invalid"),
    ])
    func `a wrong amount changes nothing`(_ amount: String, _ code: String) throws {
        let folder = try draft()
        let error = folder.error(
            "add-account", "--genesis", folder.genesis, "--", address(50), amount)
        #expect(error?.code == code)
        #expect(try GenesisFile.read(folder.genesis).accounts == [])
    }

    @Test func `an account has one balance`() throws {
        let folder = try draft()
        try folder.run("add-account", address(50), "1alt", "--genesis", folder.genesis, "-q")
        let error = folder.error(
            "add-account", address(50), "1alt", "--genesis", folder.genesis)
        #expect(error?.code == "genesis.account_exists")
    }

    @Test func `an unknown parameter gets the nearest name`() throws {
        let folder = try draft()
        let error = folder.error(
            "set", "consensus.blockIntervall=1s", "--genesis", folder.genesis)
        #expect(error?.code == "parameter.unknown")
        #expect(error?.hint == "did you mean `consensus.blockInterval`?")
    }

    @Test func `entries are collected to the same bytes whatever their files are called`() throws {
        let names = [["a", "b", "c"], ["3", "2", "1"], ["y", "x", "z"]]
        var hashes: Set<Digest> = []
        let start = try draft()
        for order in names {
            let folder = try Folder()
            try FileManager.default.copyItem(atPath: start.genesis, toPath: folder.genesis)
            let entries = folder.path + "/entries"
            try FileManager.default.createDirectory(
                atPath: entries, withIntermediateDirectories: true)
            for (index, name) in order.enumerated() {
                let website = index == 1 ? "https://two.example" : ""
                let entry = GenesisSample.entry(UInt8(index + 1), website: website)
                try write(entry, "\(entries)/\(name).json")
            }
            try folder.run("collect", entries, "--genesis", folder.genesis, "-q")
            hashes.insert(try GenesisFile.read(folder.genesis).hash)
        }
        #expect(hashes.count == 1)
    }

    /// A folder with a draft and one more folder of entries.
    private func folder(of entries: [(name: String, entry: GenesisEntry)]) throws -> Folder {
        let folder = try draft()
        let path = folder.path + "/entries"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, entry) in entries {
            try write(entry, "\(path)/\(name)")
        }
        return folder
    }

    @Test func `a refused file of a folder is named, and nothing of the folder is taken`() throws {
        var forged = GenesisSample.entry(3)
        forged = GenesisEntry(
            operatorKey: forged.operatorKey, consensusKey: forged.consensusKey,
            proofOfPossession: forged.proofOfPossession, networkKey: forged.networkKey,
            endpoint: forged.endpoint, moniker: forged.moniker, commission: 0,
            selfBond: forged.selfBond, signature: forged.signature)
        let folder = try folder(of: [
            ("a.json", GenesisSample.entry(1)), ("b.json", GenesisSample.entry(2)),
            ("c.json", forged),
        ])
        let error = folder.error(
            "collect", folder.path + "/entries", "--genesis", folder.genesis)
        #expect(error?.code == "genesis.entry")
        #expect(error?.message.hasPrefix("c.json: signature") == true)
        #expect(error?.message.contains("a.json") == false)
        #expect(try GenesisFile.read(folder.genesis).validators == [])
    }

    @Test func `the same entry in two files is refused with both names`() throws {
        let folder = try folder(of: [
            ("a.json", GenesisSample.entry(1)), ("b.json", GenesisSample.entry(1)),
        ])
        let error = folder.error(
            "collect", folder.path + "/entries", "--genesis", folder.genesis)
        #expect(error?.code == "genesis.entry")
        #expect(error?.message.contains("b.json: operatorKey: is that of a.json") == true)
    }

    @Test func `two operators cannot have one consensus key`() throws {
        let second = GenesisEntry(
            chainID: GenesisSample.chainID, operatorKey: GenesisSample.key(2),
            consensusKey: GenesisSample.key(101),
            networkKey: GenesisSample.key(202).publicKey, endpoint: "", moniker: "thief",
            commission: 0, selfBond: Amount(1_000_000_000))
        let folder = try folder(of: [("a.json", GenesisSample.entry(1)), ("b.json", second)])
        let error = folder.error(
            "collect", folder.path + "/entries", "--genesis", folder.genesis)
        #expect(error?.message == "b.json: consensusKey: is that of a.json")
    }

    @Test func `every damaged file of a folder is named at once`() throws {
        let folder = try folder(of: [("a.json", GenesisSample.entry(1))])
        for name in ["b.json", "c.json"] {
            try "{}".write(
                toFile: folder.path + "/entries/" + name, atomically: true, encoding: .utf8)
        }
        let error = folder.error(
            "collect", folder.path + "/entries", "--genesis", folder.genesis)
        #expect(error?.code == "genesis.entry")
        #expect(error?.message.contains("b.json has") == true)
        #expect(error?.message.contains("c.json has") == true)
    }

    @Test func `a folder without entries is not a success`() throws {
        let folder = try folder(of: [])
        let error = folder.error(
            "collect", folder.path + "/entries", "--genesis", folder.genesis)
        #expect(error?.code == "genesis.no_entries")
    }

    @Test func `one by one or as a folder, the genesis is the same`() throws {
        let entries = [GenesisSample.entry(3), GenesisSample.entry(1), GenesisSample.entry(2)]
        let folder = try folder(
            of: entries.enumerated().map { (name: "\($0).json", entry: $1) })
        let other = folder.path + "/other.json"
        try FileManager.default.copyItem(atPath: folder.genesis, toPath: other)
        try folder.run("collect", folder.path + "/entries", "--genesis", folder.genesis, "-q")
        for index in entries.indices {
            try folder.run(
                "add-validator", "\(folder.path)/entries/\(index).json", "--genesis", other, "-q")
        }
        #expect(try GenesisFile.read(folder.genesis) == (try GenesisFile.read(other)))
    }

    @Test func `a rotated key takes the place of the old one, which is kept`() throws {
        let folder = try Folder()
        let home = NodeHome(folder.path + "/node")
        try home.makeFolders()
        try home.writeKey(.consensus, seed: [UInt8](repeating: 7, count: 32))
        #expect(throws: CommandError.self) { _ = try home.switchConsensusKey() }
        let old = try home.readKey(.consensus).publicKey
        try home.writeKey(.nextConsensus, seed: [UInt8](repeating: 8, count: 32))
        let next = try home.readKey(.nextConsensus).publicKey
        let kept = try home.switchConsensusKey()
        #expect(try home.readKey(.consensus).publicKey == next)
        #expect(!home.exists(home.file(of: .nextConsensus)))
        #expect(try String(contentsOfFile: kept, encoding: .utf8).contains(old.hex))
        // The signer's record belongs to the home, whatever key signs.
        #expect(home.exists(home.signedVotes))
    }

    @Test func `an entry for another chain is refused with the file's name`() throws {
        let folder = try Folder()
        try folder.run(
            "new", "--chain-id", "other", "--kind", "dev", "--output", folder.genesis, "-q")
        let file = folder.path + "/entry.json"
        try write(GenesisSample.entry(1), file)
        let error = folder.error("add-validator", file, "--genesis", folder.genesis)
        #expect(error?.code == "genesis.entry")
        #expect(error?.message.contains("entry.json: signature") == true)
        #expect(try GenesisFile.read(folder.genesis).validators == [])
    }

    @Test func `an operator twice is refused`() throws {
        let folder = try draft()
        let file = folder.path + "/entry.json"
        try write(GenesisSample.entry(1), file)
        try folder.run("add-validator", file, "--genesis", folder.genesis, "-q")
        let error = folder.error("add-validator", file, "--genesis", folder.genesis)
        #expect(error?.code == "genesis.entry")
    }

    @Test func `check explains every broken rule at once`() throws {
        let folder = try draft()
        try folder.run("set", "treasury=1alt", "--genesis", folder.genesis, "-q")
        let message = folder.error("check", "--genesis", folder.genesis)?.message ?? ""
        #expect(message.contains("parameters.gov.textDeposit:"))
        #expect(message.contains("validators: has 0"))
    }

    @Test func `an entry is signed by the operator and proves the home's key`() throws {
        let folder = try draft()
        let home = NodeHome(folder.path + "/node")
        try home.makeFolders()
        try home.writeKey(.consensus, seed: [UInt8](repeating: 7, count: 32))
        try home.writeKey(.network, seed: [UInt8](repeating: 8, count: 32))
        let keystore = Keystore(home: folder.path)
        try keystore.create("olga", key: GenesisSample.key(9), password: nil)
        let file = folder.path + "/entry.json"
        try folder.run(
            "entry", "--home", home.path, "--keys", folder.path, "--operator", "olga",
            "--self-bond", "100alt", "--moniker", "olga", "--endpoint", "127.0.0.1:26656",
            "--genesis", folder.genesis, "--output", file)
        let entry = try GenesisFile.readEntry(file)
        #expect(entry.problems(chainID: GenesisSample.chainID) == [])
        #expect(entry.operatorKey == GenesisSample.key(9).publicKey)
        #expect(entry.selfBond == Amount(100_000_000))
    }

    @Test func `a key of a home is not written over and a damaged one is named`() throws {
        let folder = try Folder()
        let home = NodeHome(folder.path + "/node")
        try home.makeFolders()
        try home.writeKey(.consensus, seed: [UInt8](repeating: 7, count: 32))
        #expect(home.exists(home.signedVotes))
        // A lost record does not come back as an empty one.
        try FileManager.default.removeItem(atPath: home.signedVotes)
        #expect(throws: CommandError.self) {
            try home.writeKey(.consensus, seed: [UInt8](repeating: 7, count: 32))
        }
        #expect(!home.exists(home.signedVotes))
        try home.writeKey(.network, seed: [UInt8](repeating: 8, count: 32))
        #expect(throws: CommandError.self) {
            try home.writeKey(.network, seed: [UInt8](repeating: 9, count: 32))
        }
        let file = home.file(of: .network)
        try "{\"seed\": \"00\"}".write(toFile: file, atomically: true, encoding: .utf8)
        do {
            _ = try home.readKey(.network)
            Issue.record("the damaged key was read")
        } catch {
            #expect((error as? CommandError)?.code == "home.key_damaged")
        }
    }

    @Test func `diff names the places where two files differ`() throws {
        let folder = try draft()
        let other = folder.path + "/other.json"
        try FileManager.default.copyItem(atPath: folder.genesis, toPath: other)
        try folder.run("diff", folder.genesis, other)
        try folder.run("set", "treasury=5alt", "--genesis", other, "-q")
        #expect(throws: ExitCode(1)) { try folder.run("diff", folder.genesis, other) }
    }
}
