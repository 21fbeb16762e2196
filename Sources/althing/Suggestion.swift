import ArgumentParser
import GenesisTool
import KeyTool

/// Finds the command that a person meant.
enum Suggestion {
    /// The error for the first word that is no command where only a command can stand.
    static func forUnknownWord(
        in arguments: [String], of root: any ParsableCommand.Type
    ) -> CommandError? {
        var command = root
        var path = root._commandName
        for word in arguments {
            let children = command.configuration.subcommands
            guard !children.isEmpty, !word.hasPrefix("-") else { return nil }
            let child = children.first { child in
                child._commandName == word || child.configuration.aliases.contains(word)
            }
            if let child {
                command = child
                path += " " + word
                continue
            }
            let names = children.map { $0._commandName }
            let near = nearest(to: word, in: names)
            return CommandError(
                "command.unknown", "`\(path)` has no command `\(word)`",
                hint: near.map { "did you mean `\(path) \($0)`?" }
                    ?? "it has: \(names.joined(separator: ", "))",
                exit: .usage)
        }
        return nil
    }
}
