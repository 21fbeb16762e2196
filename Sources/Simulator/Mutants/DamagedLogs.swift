import Chain
import Cryptography

/// What a crash or a bad disk does to a log (S12), and what reading it must make of that.
enum DamagedLogs {
    private static let instance = Digest(.genesis, [1])

    static func violations() -> [Violation] {
        let frames = (1...3 as ClosedRange<UInt64>).map { sequence in
            LogFrame.encode(
                LogRecord(
                    type: 1, sequence: sequence, payload: [UInt8](repeating: 7, count: 60)),
                instance: instance)
        }
        let whole = frames.flatMap { $0 }
        let size = frames[0].count
        func damaged(_ offset: Int) -> [UInt8] {
            var bytes = whole
            bytes[offset] ^= 0x40
            return bytes
        }
        let cases: [(name: String, bytes: [UInt8], records: Int?)] = [
            ("a whole log", whole, 3),
            ("a torn tail", Array(whole.dropLast(9)), 2),
            ("a garbled tail", damaged(2 * size + 30), 2),
            ("a flipped bit in the middle", damaged(size + 30), nil),
        ]
        return cases.compactMap { name, bytes, records in
            let found = read(bytes)
            guard found != records else { return nil }
            let text = found.map { "\($0) records" } ?? "no log"
            return Violation("S12", "\(name) is read as \(text)")
        }
    }

    private static func read(_ bytes: [UInt8]) -> Int? {
        do {
            return try LogFrame.scan(bytes, instance: instance, isLastSegment: true, first: 1)
                .records.count
        } catch {
            return nil
        }
    }
}
