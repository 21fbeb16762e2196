import ArgumentParser
import Chain
import Cryptography
import Foundation
import KeyTool

extension GenesisCommand {
    struct NewGenesis: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new",
            abstract: "Write a draft with every parameter at its default.",
            discussion: """
                Example:
                  althing genesis new --chain-id my-chain --kind dev --output genesis.json
                """)

        @Option(help: "The chain's name: 3 to 32 characters of a-z, 0-9 and the hyphen.")
        var chainID: String

        @Option(help: "main, test or dev; only dev may shorten times to seconds.")
        var kind: String

        @Option(help: "The file to write; an existing one is not replaced.")
        var output = "genesis.json"

        @Option(help: "When the chain starts, as 2026-11-21T10:00:00Z; now if not given.")
        var time: String?

        @Option(help: "The native asset's symbol.")
        var symbol = "alt"

        @Option(help: "The native asset's decimal places, at most 9.")
        var decimals: UInt8 = 6

        @Option(help: "What addresses begin with.")
        var prefix = "alth"

        @Option(help: "What the treasury has; 1000000 tokens on a dev chain, else nothing.")
        var treasury: String?

        @Flag(name: .shortAndLong, help: "Print nothing.")
        var quiet = false

        func run() throws {
            guard let id = ChainID(chainID) else {
                throw CommandError(
                    "genesis.chain_id", "--chain-id `\(chainID)` is no name of a chain",
                    hint: "3 to 32 characters of a-z, 0-9 and the hyphen", exit: .usage)
            }
            guard let kind = ChainKind(name: kind) else {
                throw CommandError(
                    "genesis.kind", "--kind `\(kind)` is none of main, test and dev", exit: .usage)
            }
            guard decimals <= Asset.decimalsMax else {
                throw CommandError(
                    "genesis.decimals", "--decimals: at most \(Asset.decimalsMax)", exit: .usage)
            }
            guard !FileManager.default.fileExists(atPath: output) else {
                throw CommandError(
                    "file.exists", "\(output) exists; nothing was changed", exit: .refused)
            }
            var genesis = Genesis(
                chainID: id, time: try startTime(), prefix: prefix,
                nativeAsset: Asset(symbol: symbol, decimals: decimals),
                parameters: Parameters(kind: kind, decimals: decimals))
            let funds = treasury ?? (kind == .development ? "1000000" : "0")
            let amount = try genesis.amount(funds, "--treasury")
            if amount != .zero {
                genesis.treasury = [AssetBalance(amount: amount)]
            }
            try GenesisFile.write(genesis, to: output)
            if !quiet {
                print("\(output): a draft of \(id) (\(kind.name)) without accounts and validators")
            }
        }

        private func startTime() throws -> Timestamp {
            guard let time else { return .now }
            guard let start = TimeText.parse(time) else {
                throw CommandError(
                    "genesis.time", "--time `\(time)` is no time",
                    hint: "write it like 2026-11-21T10:00:00Z", exit: .usage)
            }
            return start
        }
    }

    struct AddAccount: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add-account",
            abstract: "Give an account its first balance.",
            discussion: "Example:\n  althing genesis add-account alice 1000alt")

        @Argument(help: "An address, or the name of a key in the keystore.")
        var account: String

        @Argument(help: "An amount like 1000alt.")
        var amount: String

        @OptionGroup var options: GenesisOptions
        @OptionGroup var keystore: KeystoreOptions

        func run() throws {
            var genesis = try options.read()
            let amount = try genesis.amount(amount, "the amount")
            let found = try keystore.address(of: account, prefix: genesis.prefix)
            let isNamed = genesis.kind == .development && found.name != nil
            if genesis.accounts.contains(where: { $0.address == found.address }) {
                throw CommandError(
                    "genesis.account_exists", "\(account) has a balance in \(options.genesis)",
                    exit: .refused)
            }
            genesis.accounts.append(
                GenesisAccount(
                    address: found.address, balances: [AssetBalance(amount: amount)],
                    name: isNamed ? found.name : nil))
            try options.write(
                genesis.sorted,
                "\(found.address.text(prefix: genesis.prefix)) has \(genesis.print(amount))")
        }
    }

    struct AddValidator: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add-validator",
            abstract: "Take an operator's entry into the draft.",
            discussion: "Example:\n  althing genesis add-validator entry.json")

        @Argument(help: "The operator's file, made by `althing genesis entry`.")
        var file: String

        @OptionGroup var options: GenesisOptions

        func run() throws {
            let genesis = try options.read()
            let entry = try GenesisFile.readEntry(file)
            let changed = try genesis.adding([(file, entry)])
            try options.write(
                changed, "\(entry.moniker) is validator \(changed.validators.count)")
        }
    }

    struct SetValue: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Change parameters, the time or the treasury of a draft.",
            discussion: """
                Examples:
                  althing genesis set consensus.blockInterval=100ms gov.textPeriod=20s
                  althing genesis set treasury=5000alt time=2026-12-01T12:00:00Z
                """)

        @Argument(help: "NAME=VALUE; names of parameters, time, treasury.")
        var changes: [String]

        @OptionGroup var options: GenesisOptions

        func run() throws {
            var genesis = try options.read()
            for change in changes {
                let parts = change.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2 else {
                    throw CommandError(
                        "genesis.change", "`\(change)` is not NAME=VALUE", exit: .usage)
                }
                try genesis.set(parts[0], to: parts[1])
            }
            try options.write(genesis, changes.joined(separator: "\n"))
        }
    }
}

extension Genesis {
    /// Changes one value by the name that `genesis set` knows it by.
    mutating func set(_ name: String, to text: String) throws {
        switch name {
        case "time":
            guard let time = TimeText.parse(text) else {
                throw CommandError("genesis.time", "`\(text)` is no time", exit: .usage)
            }
            self.time = time
        case "treasury":
            let amount = try amount(text, name)
            treasury = amount == .zero ? [] : [AssetBalance(amount: amount)]
        default:
            guard let id = ParameterID(name: name) else {
                let names = ParameterID.allCases.map(\.name) + ["time", "treasury"]
                let near = nearest(to: name, in: names)
                throw CommandError(
                    "parameter.unknown", "there is no parameter `\(name)`",
                    hint: near.map { "did you mean `\($0)`?" }, exit: .usage)
            }
            do {
                let value = try ParameterText.parse(
                    text, for: id, symbol: nativeAsset.symbol, decimals: nativeAsset.decimals)
                try parameters.set(id, to: value)
            } catch {
                throw CommandError("parameter.value", "\(name) `\(text)`: \(error)", exit: .usage)
            }
        }
    }

    /// The draft with entries of operators, in the one order of a genesis; whoever adds the same
    /// entries gets the same bytes.
    ///
    /// - Throws: every problem of every entry, each with its file; nothing is added then.
    func adding(_ entries: [(file: String, entry: GenesisEntry)]) throws -> Genesis {
        var result = self
        var problems: [String] = []
        var owners: [PublicKey: String] = [:]
        for entry in validators {
            for (_, key) in entry.keys {
                owners[key] = "`\(entry.moniker)`, which the draft has already"
            }
        }
        for (file, entry) in entries {
            problems += entry.problems(chainID: chainID).map { "\(file): \($0)" }
            for (name, key) in entry.keys {
                if let first = owners[key] {
                    problems.append("\(file): \(name): is that of \(first)")
                }
            }
            for (_, key) in entry.keys where owners[key] == nil {
                owners[key] = file
            }
            result.validators.append(entry)
        }
        guard problems.isEmpty else {
            throw CommandError(
                "genesis.entry", problems.joined(separator: "\n  "),
                hint: "nothing was added; take the files away, or ask for new ones")
        }
        return result.sorted
    }
}

extension GenesisEntry {
    /// What no other validator may have.
    fileprivate var keys: [(name: String, key: PublicKey)] {
        [
            ("operatorKey", operatorKey), ("consensusKey", consensusKey),
            ("networkKey", networkKey),
        ]
    }
}

extension Timestamp {
    /// The machine's time.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000)
    }
}
