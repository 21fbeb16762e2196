import Chain
import Foundation

/// How often in a row the node has started at one height without being stopped in order.
///
/// A process that ends again and again before the next block is most likely ended by what it does
/// there. Its own proposals are the part that others can do without (security.md, SEC-18).
struct StartCount {
    /// From so many starts on, something is wrong.
    static let loopMin = 4

    private let path: String

    init(path: String) {
        self.path = path
    }

    /// Counts a start; 1 is the first at this height. A file that cannot be read or written counts
    /// as none: this is a help, and no reason not to start.
    func begin(at height: Height) -> Int {
        let words = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: " ")
        var count = 1
        if let words, words.count == 2, UInt64(words[0]) == height.value,
            let before = Int(words[1]), (1..<1_000_000).contains(before)
        {
            count = before + 1
        }
        try? "\(height.value) \(count)".write(toFile: path, atomically: true, encoding: .utf8)
        return count
    }

    /// The node was told to stop.
    func end() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
