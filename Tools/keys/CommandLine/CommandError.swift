import Foundation

/// What a command could not do, for a person and for a script: `error[keys.exists]: …` on one line
/// of standard error, then `hint: …` (interfaces.md 2).
public struct CommandError: Error, Equatable, Sendable {
    /// The exit codes of every program.
    public enum Exit: Int32, Sendable {
        case failed = 1
        case notFound = 3
        /// Out of time, with the state unknown.
        case timedOut = 4
        case notReached = 5
        /// A safety check said no.
        case refused = 6
        case usage = 64
        /// A disk that cannot be read, written or trusted (EX_IOERR of sysexits.h).
        case storage = 74
        /// A node stopped for safety: it, or the chain, is wrong (decisions.md 18).
        case halted = 70
    }

    /// Stable: the same in the API, logs and the page.
    public let code: String
    public let message: String
    public let hint: String?
    public let exit: Exit

    public init(_ code: String, _ message: String, hint: String? = nil, exit: Exit = .failed) {
        self.code = code
        self.message = message
        self.hint = hint
        self.exit = exit
    }
}

extension CommandError: CustomStringConvertible, LocalizedError {
    public var description: String {
        "error[\(code)]: \(message)" + (hint.map { "\nhint: \($0)" } ?? "")
    }

    public var errorDescription: String? { description }
}
