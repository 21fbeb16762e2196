import ArgumentParser
import Foundation

/// Where a password comes from: a file, an open file descriptor, `$ALTHING_PASSWORD`, or the
/// person at the terminal, in this order.
public struct PasswordOptions: ParsableArguments {
    @Option(help: "The file whose first line is the password.")
    public var passwordFile: String?

    @Option(help: "The open file descriptor whose first line is the password.")
    public var passwordFD: Int32?

    public init() {}

    /// The password of a key that exists.
    ///
    /// - Parameter name: the key's name, for the question.
    public func password(for name: String) throws -> [UInt8] {
        if let given = try given() {
            return given
        }
        return try Terminal.readSecret("Password of \(name): ")
    }

    /// The password of a key that is being made: not empty, and typed twice.
    public func newPassword(for name: String) throws -> [UInt8] {
        let password: [UInt8]
        if let given = try given() {
            password = given
        } else {
            password = try Terminal.readSecret("New password of \(name): ")
            guard try Terminal.readSecret("The same again: ") == password else {
                throw CommandError(
                    "keys.password_mismatch", "the two passwords differ", exit: .usage)
            }
        }
        guard !password.isEmpty else {
            throw CommandError(
                "keys.password_empty", "the password is empty",
                hint: "give one, or --unencrypted for a key that protects nothing", exit: .usage)
        }
        return password
    }

    private func given() throws -> [UInt8]? {
        if let passwordFile {
            guard let data = FileManager.default.contents(atPath: passwordFile) else {
                throw CommandError(
                    "keys.password_file", "the password file \(passwordFile) cannot be read",
                    exit: .notFound)
            }
            return Self.firstLine(of: data)
        }
        if let passwordFD {
            let handle = FileHandle(fileDescriptor: passwordFD, closeOnDealloc: false)
            guard let data = try? handle.readToEnd() else {
                throw CommandError(
                    "keys.password_fd", "file descriptor \(passwordFD) cannot be read",
                    hint: "open it for the command, like: 3< password.txt", exit: .usage)
            }
            return Self.firstLine(of: data)
        }
        let environment = ProcessInfo.processInfo.environment["ALTHING_PASSWORD"]
        return environment.map { Array($0.utf8) }
    }

    private static func firstLine(of data: Data) -> [UInt8] {
        let line = Array(data.prefix { $0 != UInt8(ascii: "\n") })
        return line.last == UInt8(ascii: "\r") ? Array(line.dropLast()) : line
    }
}

/// The person at the keyboard.
enum Terminal {
    /// A line that is typed without being shown.
    static func readSecret(_ question: String) throws -> [UInt8] {
        guard Console.isInputTerminal else {
            throw CommandError(
                "keys.password_needed", "a password is needed and there is no terminal to ask",
                hint: "give --password-file, --password-fd or ALTHING_PASSWORD", exit: .usage)
        }
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else {
            throw CommandError("keys.terminal", "the terminal does not answer")
        }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        Console.prompt(question)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
            Console.note("")
        }
        return Array((readLine(strippingNewline: true) ?? "").utf8)
    }
}
