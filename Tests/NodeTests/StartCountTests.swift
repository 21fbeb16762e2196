import Chain
import Foundation
import Testing

@testable import Node

@Suite struct StartCountTests {
    @Test func `starts at one height are counted until a block or an order to stop`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "althing-starts-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("starts").path
        let starts = StartCount(path: path)
        #expect((0..<4).map { _ in starts.begin(at: Height(7)) } == [1, 2, 3, 4])
        #expect(starts.begin(at: Height(8)) == 1)
        #expect(starts.begin(at: Height(8)) == 2)
        starts.end()
        #expect(starts.begin(at: Height(8)) == 1)
        for text in ["", "8", "8 x", "8 -1", "8 9999999999999999999", "8 1 1"] {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(starts.begin(at: Height(8)) == 1, "\(text)")
        }
        #expect(StartCount(path: folder.path + "/none/starts").begin(at: Height(8)) == 1)
    }
}
