import Chain

#if canImport(Glibc)
    import Glibc
#endif

/// Why a data directory cannot be opened. Each says what to do about it and where.
public enum StorageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another process (or this one) has the directory in use.
    case locked(path: String)
    /// The bytes on disk are not what was written.
    case corrupt(path: String, detail: String)
    /// A later version of the program wrote it.
    case newerFormat(path: String, found: UInt32, supported: UInt32)
    /// A bad record of a log that no crash explains.
    case corruptLog(path: String, offset: Int, detail: String)
    /// The file should be there and is not.
    case missing(path: String)
    case io(path: String, detail: String)

    public var description: String {
        switch self {
        case .locked(let path):
            "\(path) is in use by another process"
        case .corrupt(let path, let detail):
            "\(path): the database is corrupt: \(detail)"
        case .newerFormat(let path, let found, let supported):
            "\(path): format \(found) is of a later version; this one reads up to \(supported)"
        case .corruptLog(let path, let offset, let detail):
            "\(path): the log is corrupt at byte \(offset): \(detail)"
        case .missing(let path):
            "\(path): the file is missing"
        case .io(let path, let detail):
            "\(path): \(detail)"
        }
    }
}

extension StorageError {
    init(_ error: LogFrameError, path: String) {
        switch error {
        case .corrupt(let offset):
            self = .corruptLog(
                path: path, offset: offset, detail: "a bad record that is not a torn tail")
        case .outOfOrder(let offset, let expected, let found):
            self = .corruptLog(
                path: path, offset: offset,
                detail: "record \(found) stands where \(expected) is expected")
        }
    }
}

/// A read, write or sync that failed after opening. Nothing that follows could be trusted: the
/// kernel may drop the pages of a failed sync and report the next one as good.
public struct StorageFailure: Sendable, CustomStringConvertible {
    public let operation: String
    public let path: String
    public let cause: String

    public var description: String {
        let text = "storage failure: \(operation) \(path): \(cause)"
        // A table that is damaged is found when it is read; if that was beside the writes, in the
        // background, at the next write.
        guard operation == "read" || cause.contains("Corruption:") else { return text }
        return text + "\nhint: check the disk; if this comes again, move \(path) away and start: "
            + "what is missing is fetched from the peers"
    }
}

/// Ends the process at a storage failure.
public struct StorageFailureHandler: Sendable {
    /// The exit code at a storage failure (EX_IOERR of sysexits.h).
    public static let exitCode: Int32 = 74

    private let body: @Sendable (StorageFailure) -> Never

    public init(_ body: @escaping @Sendable (StorageFailure) -> Never) {
        self.body = body
    }

    /// One line on standard error, then exit without running anything else.
    public static let exit = StorageFailureHandler { failure in
        let line = Array("\(failure)\n".utf8)
        // Safe because the pointer is used within the call only.
        _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
        _exit(exitCode)
    }

    func fail(_ operation: String, _ path: String, _ cause: String) -> Never {
        body(StorageFailure(operation: operation, path: path, cause: cause))
    }
}

/// The text of the last failed system call.
func systemError() -> String {
    let code = errno
    // Safe because the text that strerror returns ends with a zero.
    return unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}
