import Foundation

/// Files that only their owner may read, written whole or not at all.
public enum PrivateFile {
    public enum Failure: Error, Equatable {
        case exists
        case system(step: String, code: Int32)
    }

    /// Writes a new file, mode 0600: a temporary file beside it, synced, then linked to its name.
    /// A link, unlike a rename, never takes the place of a file that is there.
    ///
    /// - Throws: `Failure.exists` if there is such a file; it is left as it is.
    public static func create(_ path: String, bytes: [UInt8]) throws(Failure) {
        let temporary = try writeTemporary(beside: path, bytes: bytes)
        defer { unlink(temporary) }
        guard link(temporary, path) == 0 else {
            let code = errno
            throw code == EEXIST ? .exists : .system(step: "link", code: code)
        }
        do {
            try syncFolder(of: path)
        } catch {
            // A caller that is told of a failure does not expect a key to lie there.
            unlink(path)
            throw error
        }
    }

    /// Writes a file, mode 0600, in place of the one that may be there.
    public static func replace(_ path: String, bytes: [UInt8]) throws(Failure) {
        let temporary = try writeTemporary(beside: path, bytes: bytes)
        guard rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw .system(step: "rename", code: code)
        }
        try syncFolder(of: path)
    }

    private static func writeTemporary(
        beside path: String, bytes: [UInt8]
    ) throws(Failure) -> String {
        let temporary = "\(path).\(getpid()).tmp"
        // What a killed process left behind under the same id.
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system(step: "open", code: errno) }
        defer { close(file) }
        do {
            try writeAll(bytes, to: file)
        } catch {
            unlink(temporary)
            throw error
        }
        return temporary
    }

    private static func writeAll(_ bytes: [UInt8], to file: Int32) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // Safe because the pointer is used within the call only.
            let count = unsafe rest.withUnsafeBytes { unsafe write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw .system(step: "write", code: errno) }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0 else { throw .system(step: "sync", code: errno) }
    }

    private static func syncFolder(of path: String) throws(Failure) {
        let name = NSString(string: path).deletingLastPathComponent
        let folder = open(name.isEmpty ? "." : name, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { throw .system(step: "open the folder", code: errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .system(step: "sync the folder", code: errno) }
    }
}

extension PrivateFile.Failure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .exists: "the file exists"
        case .system(let step, let code):
            unsafe "\(step): \(String(cString: strerror(code)))"
        }
    }
}
