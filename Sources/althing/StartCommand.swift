import ArgumentParser
import Cryptography
import Foundation
import GenesisTool
import KeyTool
import Logging
import Node
import ServiceLifecycle
import Storage
import UnixSignals

extension NodeCommand {
    struct Start: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run a node until it is stopped by SIGTERM or SIGINT.",
            discussion: """
                The settings come from the flags, from ALTHING_* variables and from althing.toml,
                in this order.

                Example:
                  althing node start --home node --set api.listen=127.0.0.1:8080
                """)

        @Option(help: "The node's home, made by `althing init`.")
        var home: String?

        @Option(help: "trace, debug, info, notice, warning, error or critical.")
        var logLevel: String?

        @Option(help: "text or json.")
        var logFormat: String?

        @Option(help: "KEY=VALUE for a setting of althing.toml.")
        var set: [String] = []

        @Flag(
            name: .customLong("i-lost-state"),
            help: """
                The signer's record is lost, and nothing else uses the key: vote from the next \
                epoch on.
                """)
        var lostState = false

        func run() async throws {
            let home = NodeHome(Home.path(home))
            let configuration = try settings(of: home)
            guard home.exists(home.genesis) else {
                throw CommandError(
                    "home.no_genesis", "\(home.genesis) is missing",
                    hint: "althing init --home \(home.path) --genesis FILE", exit: .notFound)
            }
            try home.checkPresent()
            let genesis = try GenesisFile.readChecked(home.genesis)
            let level = Logger.Level(rawValue: configuration.logLevel) ?? .info
            let format = configuration.logFormat
            let logger = Logger(label: "althing") { label in
                LogOutput(label: label, format: format, logLevel: level)
            }
            let networkKey = try home.readKey(.network)
            let folder = HomeFolder(path: home.path)
            let node: Node
            do {
                if home.exists(home.file(of: .consensus)) {
                    node = try Node(
                        configuration: configuration, home: folder, genesis: genesis,
                        consensusKey: try home.readKey(.consensus), networkKey: networkKey,
                        logger: logger, lostSignerRecord: lostState)
                } else {
                    node = try Node(
                        configuration: configuration, home: folder, genesis: genesis,
                        consensusKey: nil, networkKey: networkKey, logger: logger)
                }
            } catch let error as NodeError {
                throw StartCommandError.of(error)
            }
            // The key may have left before the folders were this process's.
            try home.checkPresent()
            try await run(node, logger)
        }

        private func settings(of home: NodeHome) throws -> NodeConfiguration {
            guard home.exists(home.configuration) else {
                throw CommandError(
                    "home.missing", "\(home.path) is no home of a node",
                    hint: "althing init --home \(home.path)", exit: .notFound)
            }
            var configuration = try NodeSettings.load(
                home.configuration, environment: ProcessInfo.processInfo.environment)
            var changes = set
            changes += logLevel.map { ["log.level=\($0)"] } ?? []
            changes += logFormat.map { ["log.format=\($0)"] } ?? []
            for change in changes {
                let parts = change.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false
                ).map(String.init)
                guard parts.count == 2 else {
                    throw CommandError(
                        "config.change", "`\(change)` is not KEY=VALUE", exit: .usage)
                }
                if let problem = configuration.set(parts[0], to: parts[1]) {
                    throw CommandError("config.invalid", problem, exit: .usage)
                }
            }
            return configuration
        }

        private func run(_ node: Node, _ logger: Logger) async throws {
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [
                        ServiceGroupConfiguration.ServiceConfiguration(
                            service: node,
                            successTerminationBehavior: .gracefullyShutdownGroup,
                            failureTerminationBehavior: .cancelGroup)
                    ],
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
            do {
                try await group.run()
            } catch NodeFailure.storage(let error) {
                throw CommandError(
                    "node.storage", "the node stopped: \(error)",
                    hint: StartCommandError.advice(on: error), exit: .storage)
            } catch NodeFailure.outdated(let version) {
                throw CommandError(
                    "node.outdated",
                    "the node had stopped voting: \(NodeFailure.outdated(version))",
                    hint: "install a release that knows the version and start again",
                    exit: .refused)
            } catch NodeFailure.keyInUse(let detail) {
                throw CommandError(
                    "node.keyInUse",
                    "the node stopped: another host votes with this validator's key: \(detail)",
                    hint: "find and stop the other host before you start this one again",
                    exit: .halted)
            } catch let failure as NodeFailure {
                throw CommandError(
                    "node.halted", "the node stopped: \(failure)",
                    hint: failure.advice, exit: .halted)
            } catch {
                throw CommandError("node.failed", "the node stopped: \(error)")
            }
        }
    }
}

/// What a node's reason not to start is for the exit code.
enum StartCommandError {
    static func of(_ error: NodeError) -> CommandError {
        switch error {
        case .storage(let cause):
            CommandError("node.storage", cause.description, hint: advice(on: cause), exit: .storage)
        case .inconsistentData(let path, _):
            CommandError(
                "node.storage", error.description, hint: advice(toMove: path), exit: .storage)
        case .invalidGenesis:
            CommandError("node.start", error.description)
        case .developmentOnly:
            CommandError("node.development_only", error.description, exit: .refused)
        case .genesisMismatch:
            CommandError(
                "node.genesis_mismatch", error.description,
                hint: "use the home's own genesis, or another home", exit: .refused)
        case .signerRecordMissing:
            CommandError(
                "signer.record_missing", error.description,
                hint: "bring the record back from where the validator ran last; if it is lost and "
                    + "nothing else uses the key, --i-lost-state votes from the next epoch on",
                exit: .refused)
        case .signerRecordDamaged:
            CommandError(
                "signer.record_damaged", error.description,
                hint: "bring the record back from a copy; without it this key could vote twice",
                exit: .refused)
        }
    }

    static func advice(on error: StorageError) -> String? {
        switch error {
        case .corrupt(let path, _): advice(toMove: path)
        case .corruptLog(let path, _, _):
            advice(toMove: URL(fileURLWithPath: path).deletingLastPathComponent().path)
        case .locked, .newerFormat, .missing, .io: nil
        }
    }

    /// Votes are safe without log and database, as long as the signer has its record.
    private static func advice(toMove path: String) -> String {
        "check the disk, move \(path) away and start again: what is missing is fetched from the"
            + " peers; leave the folder signer as it is"
    }
}
