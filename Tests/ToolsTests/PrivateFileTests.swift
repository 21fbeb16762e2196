import Foundation
import KeyTool
import Testing

@Suite struct PrivateFileTests {
    /// A name that nobody else uses, in the folder where the tests run.
    private let name = "private-\(ProcessInfo.processInfo.globallyUniqueString)"

    @Test func `a bare name is a file of the present folder`() throws {
        defer { try? FileManager.default.removeItem(atPath: name) }
        try PrivateFile.create(name, bytes: [1, 2])
        #expect(FileManager.default.contents(atPath: name) == Data([1, 2]))
        try PrivateFile.replace(name, bytes: [3])
        #expect(FileManager.default.contents(atPath: name) == Data([3]))
        #expect(throws: PrivateFile.Failure.exists) {
            try PrivateFile.create(name, bytes: [4])
        }
        #expect(FileManager.default.contents(atPath: name) == Data([3]))
    }

    @Test func `what cannot be written leaves nothing`() {
        let path = "/proc/\(name)/key"
        #expect(throws: PrivateFile.Failure.self) { try PrivateFile.create(path, bytes: [1]) }
        #expect(throws: PrivateFile.Failure.self) { try PrivateFile.replace(path, bytes: [1]) }
        #expect(!FileManager.default.fileExists(atPath: path))
    }
}
