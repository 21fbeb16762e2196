import ArgumentParser
import Foundation
import GenesisTool
import KeyTool
import Node

extension NodeCommand {
    /// `althing node config`: the settings of a home.
    struct Config: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show, change and check a node's settings.",
            subcommands: [Show.self, Get.self, SetValue.self, Validate.self])
    }
}

extension NodeCommand.Config {
    struct HomeOptions: ParsableArguments {
        @Option(help: "The node's home.")
        var home: String?

        var file: String { NodeHome(Home.path(home)).configuration }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show all settings.",
            discussion: "Example:\n  althing node config show --home node --origin")

        @Flag(help: "Say where each value is from.")
        var origin = false

        @OptionGroup var options: HomeOptions

        func run() throws {
            let (settings, origins) = try NodeSettings.loadWithOrigins(
                options.file, environment: ProcessInfo.processInfo.environment)
            var table = TextTable()
            for key in NodeConfiguration.keys {
                let value = settings.value(of: key) ?? ""
                let from = (origins[key] ?? .preset).rawValue
                table.add(origin ? [key, value, from] : [key, value])
            }
            for line in table.lines {
                Console.write(line)
            }
        }
    }

    struct Get: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print one setting.",
            discussion: "Example:\n  althing node config get api.listen --home node")

        @Argument(help: "The setting's key.")
        var key: String

        @OptionGroup var options: HomeOptions

        func run() throws {
            let settings = try NodeSettings.load(
                options.file, environment: ProcessInfo.processInfo.environment)
            guard let value = settings.value(of: key) else {
                let near = nearest(to: key, in: NodeConfiguration.keys)
                throw CommandError(
                    "config.unknown", "there is no setting `\(key)`",
                    hint: near.map { "did you mean `\($0)`?" }, exit: .usage)
            }
            Console.write(value)
        }
    }

    struct SetValue: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Change one setting; takes effect at the next start.",
            discussion: "Example:\n  althing node config set api.listen 127.0.0.1:8080 --home node")

        @Argument(help: "The setting's key.")
        var key: String

        @Argument(help: "The value; lists with commas.")
        var value: String

        @OptionGroup var options: HomeOptions

        func run() throws {
            var settings = try NodeSettings.load(options.file, environment: [:])
            if let problem = settings.set(key, to: value) {
                throw CommandError("config.invalid", problem, exit: .usage)
            }
            try NodeSettings.write(settings, to: options.file)
        }
    }

    struct Validate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say every mistake in the settings.",
            discussion: "Example:\n  althing node config validate --home node")

        @OptionGroup var options: HomeOptions

        func run() throws {
            _ = try NodeSettings.load(
                options.file, environment: ProcessInfo.processInfo.environment)
        }
    }
}

/// A home's `althing.toml`.
enum NodeSettings {
    static func load(
        _ file: String, environment: [String: String]
    ) throws -> NodeConfiguration {
        try loadWithOrigins(file, environment: environment).0
    }

    static func loadWithOrigins(
        _ file: String, environment: [String: String]
    ) throws -> (NodeConfiguration, [String: NodeConfiguration.Origin]) {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw CommandError(
                "home.missing", "\(file) cannot be read", hint: "make a home with `althing init`",
                exit: .notFound)
        }
        do {
            return try NodeConfiguration.load(toml: text, environment: environment)
        } catch {
            throw CommandError(
                "config.invalid", "\(file): " + error.problems.joined(separator: "\n  "),
                exit: .usage)
        }
    }

    static func write(_ settings: NodeConfiguration, to file: String) throws {
        do {
            try settings.toml.write(toFile: file, atomically: true, encoding: .utf8)
        } catch {
            throw CommandError("file.write", "\(file) cannot be written")
        }
    }
}
