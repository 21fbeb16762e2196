#if canImport(Glibc)
    import Glibc
#endif

/// Keeps a directory for one process: what two would write there, neither could trust.
///
/// The lock is on the open directory itself, so that it holds wherever that is moved to and needs
/// no file of its own; the system releases it with the process, however that ends.
public struct DirectoryLock: ~Copyable, Sendable {
    private let descriptor: Int32

    /// - Throws: `.locked` if another process has it, or this one already.
    public init(_ path: String) throws(StorageError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw .missing(path: path) }
            throw .io(path: path, detail: systemError())
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error: StorageError =
                errno == EWOULDBLOCK ? .locked(path: path) : .io(path: path, detail: systemError())
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
