import ArgumentParser
import Chain
import Foundation
import KeyTool

extension GenesisCommand {
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Say every rule that a genesis breaks, or what chain it makes.",
            discussion: "Example:\n  althing genesis check --genesis genesis.json")

        @OptionGroup var options: GenesisOptions

        func run() throws {
            let genesis = try GenesisFile.readChecked(options.genesis)
            guard !options.quiet else { return }
            print("chain       \(genesis.chainID) (\(genesis.kind.name))")
            print("starts      \(TimeText.print(genesis.time))")
            print("accounts    \(genesis.accounts.count)")
            print("validators  \(genesis.validators.count)")
            if let supply = genesis.supply {
                print("supply      \(genesis.print(supply))")
            }
            print("hash        \(genesis.hash)")
        }
    }

    struct Hash: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "hash",
            abstract: "Print the hash that everybody compares.",
            discussion: "Example:\n  althing genesis hash --genesis genesis.json")

        @OptionGroup var options: GenesisOptions

        func run() throws {
            print(try options.read().hash)
        }
    }

    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "diff",
            abstract: "Compare two genesis files by meaning; exit code 1 if they differ.",
            discussion: "Example:\n  althing genesis diff mine.json theirs.json")

        @Argument(help: "A genesis file.")
        var first: String

        @Argument(help: "Another one.")
        var second: String

        func run() throws {
            let lines = differences(
                try GenesisFile.read(first).json, try GenesisFile.read(second).json)
            for line in lines {
                print(line)
            }
            if !lines.isEmpty {
                throw ExitCode(1)
            }
        }
    }

    struct Collect: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "collect",
            abstract: "Take all entries of a folder into the draft.",
            discussion: """
                The order of the files does not matter: everybody gets the same bytes. One file that
                is damaged, for another chain, badly signed or there twice, and nothing is taken.

                Example:
                  althing genesis collect entries/ --genesis genesis.json
                """)

        @Argument(help: "A folder of operators' files that end in .json.")
        var folder: String

        @OptionGroup var options: GenesisOptions

        func run() throws {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
                throw CommandError("file.missing", "there is no folder \(folder)", exit: .notFound)
            }
            let genesis = try options.read()
            var entries: [(file: String, entry: GenesisEntry)] = []
            var damaged: [String] = []
            for name in names.filter({ $0.hasSuffix(".json") }).sorted() {
                do {
                    entries.append(
                        (file: name, entry: try GenesisFile.readEntry("\(folder)/\(name)")))
                } catch let error as CommandError {
                    damaged.append(error.message)
                }
            }
            guard damaged.isEmpty else {
                throw CommandError(
                    "genesis.entry", damaged.joined(separator: "\n"), hint: "nothing was added")
            }
            guard !entries.isEmpty else {
                throw CommandError(
                    "genesis.no_entries", "\(folder) has no file that ends in .json",
                    exit: .notFound)
            }
            let changed = try genesis.adding(entries)
            try options.write(changed, "\(entries.count) entries; hash \(changed.hash)")
        }
    }
}

/// The places where two values differ, each as `path: old → new`.
func differences(_ old: JSON?, _ new: JSON?, at path: String = "") -> [String] {
    if old == new {
        return []
    }
    switch (old, new) {
    case (.object(let first), .object(let second)):
        let added = second.filter { member in !first.contains { $0.name == member.name } }
        return (first + added).flatMap { member in
            differences(
                old?[member.name], new?[member.name], at: StrictReader.path(path, member.name))
        }
    case (.array(let first), .array(let second)):
        return (0..<max(first.count, second.count)).flatMap { index in
            differences(
                index < first.count ? first[index] : nil,
                index < second.count ? second[index] : nil, at: "\(path)[\(index)]")
        }
    default:
        return ["\(path): \(old?.compact ?? "nothing") → \(new?.compact ?? "nothing")"]
    }
}
