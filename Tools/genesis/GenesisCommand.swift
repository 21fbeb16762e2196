import ArgumentParser
import Chain
import Foundation
import KeyTool

/// `althing genesis`: makes the file that a chain starts from, out of what strangers exchange.
public struct GenesisCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "genesis",
        abstract: "Make, check and compare the file that a chain starts from.",
        subcommands: [
            NewGenesis.self, AddAccount.self, Entry.self, AddValidator.self, SetValue.self,
            PublishKeys.self,
            Check.self, Hash.self, Diff.self, Collect.self,
        ])

    public init() {}
}

/// Where the genesis is that a command reads or changes.
struct GenesisOptions: ParsableArguments {
    @Option(help: "The genesis file.")
    var genesis = "genesis.json"

    @Flag(name: .shortAndLong, help: "Print nothing but what is asked for.")
    var quiet = false

    func read() throws -> Genesis {
        try GenesisFile.read(genesis)
    }

    /// Writes the changed draft and says what was done.
    func write(_ changed: Genesis, _ message: String) throws {
        try GenesisFile.write(changed, to: genesis)
        if !quiet {
            print(message)
        }
    }
}

/// Genesis files and entry files on disk.
public enum GenesisFile {
    public static func read(_ path: String) throws -> Genesis {
        let text = try text(path)
        do {
            return try Genesis(parsing: text)
        } catch {
            throw invalid(path, error.problems.map(\.description))
        }
    }

    public static func readEntry(_ path: String) throws -> GenesisEntry {
        let text = try text(path)
        do {
            return try GenesisEntry(parsing: text)
        } catch {
            throw invalid(path, error.problems.map(\.description))
        }
    }

    /// Reads a genesis that a chain can start from.
    public static func readChecked(_ path: String) throws -> Genesis {
        let genesis = try read(path)
        let problems = genesis.check()
        guard problems.isEmpty else {
            throw invalid(path, problems.map(\.description))
        }
        return genesis
    }

    public static func write(_ genesis: Genesis, to path: String) throws {
        try write(genesis.json.pretty + "\n", to: path)
    }

    /// Replaces the file as a whole: a stop in between leaves the old one.
    static func write(_ text: String, to path: String) throws {
        do {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw CommandError("file.write", "\(path) cannot be written")
        }
    }

    static func invalid(_ path: String, _ problems: [String]) -> CommandError {
        let count = problems.count == 1 ? "one mistake" : "\(problems.count) mistakes"
        return CommandError(
            "genesis.invalid",
            "\(path) has \(count):\n  " + problems.joined(separator: "\n  "))
    }

    private static func text(_ path: String) throws -> String {
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandError("file.missing", "there is no file \(path)", exit: .notFound)
        }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw CommandError("file.read", "\(path) cannot be read as UTF-8 text")
        }
        return text
    }
}

extension Genesis {
    /// Base units of the native asset from `12.5alt`.
    func amount(_ text: String, _ name: String) throws -> Amount {
        do {
            return try AmountText.parse(
                text, symbol: nativeAsset.symbol, decimals: nativeAsset.decimals)
        } catch {
            throw CommandError(
                "amount.invalid", "\(name) `\(text)`: \(error)",
                hint: "write an amount like 12.5\(nativeAsset.symbol)", exit: .usage)
        }
    }

    func print(_ amount: Amount) -> String {
        AmountText.print(
            amount, symbol: nativeAsset.symbol.uppercased(), decimals: nativeAsset.decimals)
    }
}
