import Foundation

/// Standard output for results, standard error for everything else.
public enum Console {
    public static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    public static var isInputTerminal: Bool { isatty(STDIN_FILENO) == 1 }
    public static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes a line of a result at once, so that whoever reads a pipe sees it now.
    public static func write(_ line: String) {
        write(line + "\n", to: .standardOutput)
    }

    /// Writes a line for the person, not for the program that reads the result.
    public static func note(_ line: String) {
        write(line + "\n", to: .standardError)
    }

    /// Writes `error[code]: message` and the hint.
    public static func report(_ error: CommandError) {
        note(error.description)
    }

    /// Writes a question without ending its line.
    static func prompt(_ question: String) {
        write(question, to: .standardError)
    }

    private static func write(_ text: String, to handle: FileHandle) {
        // A reader that closed its end wants no more, which is no error of ours.
        try? handle.write(contentsOf: Data(text.utf8))
    }
}
