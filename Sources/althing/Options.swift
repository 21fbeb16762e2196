import ArgumentParser
import Chain
import Cryptography
import Foundation
import GenesisTool
import KeyTool

/// The flags of every command that asks a node.
struct ClientOptions: ParsableArguments {
    @Option(help: "The node's API, like http://127.0.0.1:7070; $ALTHING_NODE or the profile's.")
    var node: String?

    @Option(
        help: "The home with the keystore and the profile; $ALTHING_HOME or ~/.althing/default.")
    var home: String?

    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }

    var quiet: Bool { output.quiet }

    func client() throws -> Client {
        let environment = ProcessInfo.processInfo.environment
        let address = node ?? environment["ALTHING_NODE"] ?? Profile.node(home: home)
        return try Client(base: address ?? "http://127.0.0.1:7070")
    }

    /// Prints one value: its id, its fields in a table, or JSON on one line.
    func show(_ value: JSON, id: String? = nil, table: () -> [String]) {
        if quiet, let id {
            Console.write(id)
            return
        }
        switch format {
        case .json: Console.write(value.compact)
        case .table:
            for line in table() {
                Console.write(line)
            }
        }
    }

    /// Prints a list: ids, a table, or one object for each line.
    func show(
        list: [JSON], id: (JSON) -> String, header: [String], row: (JSON) -> [String]
    ) {
        if quiet {
            for item in list {
                Console.write(id(item))
            }
            return
        }
        switch format {
        case .json:
            for item in list {
                Console.write(item.compact)
            }
        case .table:
            var table = TextTable(header)
            for item in list {
                table.add(row(item))
            }
            for line in table.lines {
                Console.write(line)
            }
        }
    }
}

/// What a home says about the network that it belongs to: `client.toml` with one line,
/// `node = "http://…"`.
enum Profile {
    static func node(home: String?) -> String? {
        let file = Home.path(home) + "/client.toml"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            if parts.count == 2, parts[0] == "node" {
                return parts[1].trimmingCharacters(in: CharacterSet(charactersIn: "\""))
            }
        }
        return nil
    }
}

enum WaitFor: String, CaseIterable, ExpressibleByArgument {
    /// Return as soon as the node took the bytes in.
    case none
    /// Return when the transaction is in the node's mempool.
    case pool
    /// Return when a finalized block contains it.
    case final
}

/// The flags of every command that sends a transaction.
struct WriteOptions: ParsableArguments {
    @OptionGroup var client: ClientOptions

    @Option(help: "The name of the key that signs.")
    var from: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(help: "Show what would happen, and send nothing.")
    var dryRun = false

    @Option(help: "What to wait for: none, pool or final.")
    var wait: WaitFor = .final

    @Option(help: "How long to wait, like 30s.")
    var timeout = "60s"

    @Option(help: "Refuse a higher fee than this, like 0.01alt.")
    var feeLimit: String?

    @Option(help: "A note that everybody sees, at most 256 bytes.")
    var memo = ""

    @OptionGroup var password: PasswordOptions

    func validate() throws {
        guard memo.utf8.count <= Limits.memoBytesMax else {
            throw ValidationError("--memo has at most \(Limits.memoBytesMax) bytes")
        }
        _ = try timeoutMilliseconds()
    }

    func timeoutMilliseconds() throws -> UInt64 {
        do {
            return try DurationText.parse(timeout)
        } catch {
            throw CommandError("timeout.invalid", "--timeout `\(timeout)`: \(error)", exit: .usage)
        }
    }

    /// The names that `--from` stands for: one, several with commas, or a group.
    func senders(in keystore: Keystore) throws -> [String] {
        let names = try from.split(separator: ",").map(String.init).flatMap { name in
            name.hasPrefix("@") ? try Groups.names(of: name, in: keystore) : [name]
        }
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}

/// Groups of keys by their names.
enum Groups {
    /// `@validators` are the keys whose names begin with validator, `@accounts` are all others.
    static func names(of group: String, in keystore: Keystore) throws -> [String] {
        let all = try keystore.names()
        let names: [String]
        switch group {
        case "@validators": names = all.filter { $0.hasPrefix("validator") }
        case "@accounts": names = all.filter { !$0.hasPrefix("validator") }
        default:
            throw CommandError(
                "group.unknown", "there is no group \(group)",
                hint: "groups are @validators and @accounts", exit: .usage)
        }
        guard !names.isEmpty else {
            throw CommandError(
                "group.empty", "the keystore has no key of \(group)", exit: .notFound)
        }
        return names
    }
}
