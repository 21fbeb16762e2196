#if canImport(Glibc)
    import Glibc
#endif

/// The few calls that a log needs, with the system's own words for what went wrong.
public enum FileSystem {
    static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// Makes the directory and those above it that are missing. The names of those that it made
    /// are on the disk when this returns: a file that was synced is lost with the name of a
    /// directory above it.
    public static func makeDirectory(_ path: String) throws(StorageError) {
        if exists(path) { return }
        let parent = parent(of: path)
        try makeDirectory(parent)
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw .io(path: path, detail: systemError())
        }
        try syncDirectory(parent)
    }

    /// The directory that has the last name of a path.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The names in a directory, sorted.
    static func list(_ path: String) throws(StorageError) -> [String] {
        guard let directory = unsafe opendir(path) else {
            throw .io(path: path, detail: systemError())
        }
        // Safe because the directory is open until the end, and an entry lives until the next.
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while true {
            // Null is the end and a failure as well.
            errno = 0
            guard let entry = unsafe readdir(directory) else {
                guard errno == 0 else { throw .io(path: path, detail: systemError()) }
                return names.sorted()
            }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." {
                names.append(name)
            }
        }
    }

    /// Makes the names in a directory durable.
    public static func syncDirectory(_ path: String) throws(StorageError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .io(path: path, detail: systemError()) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .io(path: path, detail: systemError()) }
    }

    static func read(_ path: String) throws(StorageError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw .missing(path: path) }
            throw .io(path: path, detail: systemError())
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            // Safe because the system writes at most as many bytes as the array has.
            let count = unsafe piece.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw .io(path: path, detail: systemError())
            }
            bytes.append(contentsOf: piece[..<count])
        }
    }

    static func remove(_ path: String) throws(StorageError) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .io(path: path, detail: systemError())
        }
    }

    static func removeDirectory(_ path: String) throws(StorageError) {
        guard rmdir(path) == 0 || errno == ENOENT else {
            throw .io(path: path, detail: systemError())
        }
    }

    /// Puts `from` in the place of `to` at once.
    static func replace(_ to: String, by from: String) throws(StorageError) {
        guard rename(from, to) == 0 else { throw .io(path: to, detail: systemError()) }
    }
}

/// A file that only grows. Once it is open, a failed write or sync ends the process.
struct AppendFile: ~Copyable {
    let path: String
    private let descriptor: Int32
    private let failure: StorageFailureHandler

    /// Opens the file and makes it if it is not there.
    init(path: String, failure: StorageFailureHandler) throws(StorageError) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .io(path: path, detail: systemError()) }
        self.path = path
        self.descriptor = descriptor
        self.failure = failure
    }

    deinit {
        close(descriptor)
    }

    func truncate(to count: Int) throws(StorageError) {
        guard ftruncate(descriptor, off_t(count)) == 0, fsync(descriptor) == 0 else {
            throw .io(path: path, detail: systemError())
        }
    }

    func append(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            // Safe because the system reads no more bytes than the array has behind `done`.
            let count = unsafe bytes.withUnsafeBytes { raw in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: raw[done...])
                return unsafe write(descriptor, rest.baseAddress, rest.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                failure.fail("write", path, systemError())
            }
            done += count
        }
    }

    /// Returns when what was appended is on the disk. A failed sync is never tried again: the
    /// kernel may have dropped the pages, and would report success.
    func sync() {
        guard fdatasync(descriptor) == 0 else {
            failure.fail("sync", path, systemError())
        }
    }
}
