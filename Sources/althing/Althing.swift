import ArgumentParser
import Foundation
import GenesisTool
import KeyTool

/// The one program: a node, a client of nodes, and the tools of operators.
@main struct Althing: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "althing",
        abstract: "A chain that its holders govern.",
        version: Version.text,
        subcommands: [
            InitCommand.self, GenesisCommand.self, KeysCommand.self, NodeCommand.self,
            ValidatorCommand.self, SendCommand.self, AccountCommand.self, StakeCommand.self,
            GovernanceCommand.self, StreamCommand.self, AssetCommand.self,
            TransactionCommand.self, BlockCommand.self, EventsCommand.self, QueryCommand.self,
        ])

    /// Runs the command of the arguments; the exit code is its result (interfaces.md 2).
    static func main() async {
        // A reader that goes away ends a pipe, not the program with a signal.
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as CommandError {
            Console.report(error)
            leave(error.exit.rawValue)
        } catch {
            if exitCode(for: error) == .validationFailure,
                let suggestion = Suggestion.forUnknownWord(in: arguments, of: Althing.self)
            {
                Console.report(suggestion)
                leave(suggestion.exit.rawValue)
            }
            exit(withError: error)
        }
        leave(0)
    }

    /// Ends the process without C++'s destructors of globals: RocksDB's would free what its own
    /// threads, and a database that another thread is closing, still use. All that must last is on
    /// the disk before.
    private static func leave(_ code: Int32) -> Never {
        fflush(nil)
        _exit(code)
    }
}

enum Version {
    static let text = "0.1.0"
}
