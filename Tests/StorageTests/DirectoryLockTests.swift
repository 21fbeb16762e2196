import Foundation
import Testing

@testable import Storage

@Suite struct DirectoryLockTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test func `a directory is locked once, under every name, until it is released`() throws {
        let path = directory.path("folder")
        #expect(throws: StorageError.missing(path: path)) { _ = try DirectoryLock(path) }
        try FileSystem.makeDirectory(path)
        do {
            let lock = try DirectoryLock(path)
            #expect(throws: StorageError.locked(path: path)) { _ = try DirectoryLock(path) }
            let moved = directory.path("moved")
            try FileManager.default.moveItem(atPath: path, toPath: moved)
            #expect(throws: StorageError.locked(path: moved)) { _ = try DirectoryLock(moved) }
            try FileManager.default.moveItem(atPath: moved, toPath: path)
            _ = consume lock
        }
        _ = try DirectoryLock(path)
    }

    @Test func `another process has it until it ends`() async throws {
        let path = directory.path("folder")
        try FileSystem.makeDirectory(path)
        let lock = try DirectoryLock(path)
        await #expect(processExitsWith: .exitCode(42)) { [path = path as String] in
            do throws(StorageError) {
                _ = try DirectoryLock(path)
            } catch {
                exit(error == .locked(path: path) ? 42 : 1)
            }
        }
        _ = consume lock
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            _ = try DirectoryLock(path)
            kill(getpid(), SIGKILL)
        }
        _ = try DirectoryLock(path)
    }

    @Test func `a file is no directory to lock`() throws {
        try directory.write([1], to: "file")
        #expect(throws: StorageError.self) { _ = try DirectoryLock(directory.path("file")) }
    }
}
