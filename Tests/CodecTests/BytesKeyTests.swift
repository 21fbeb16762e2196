import Codec
import Testing

@Suite struct BytesKeyTests {
    /// Keys of all lengths around whole words that differ in one place, or not at all.
    private static let keys: [[UInt8]] = (0...17).flatMap { count in
        let plain = [UInt8](repeating: 0x80, count: count)
        return [plain]
            + (0..<count).flatMap { place in
                [UInt8(0), 0x7F, 0xFF].map { byte in
                    var key = plain
                    key[place] = byte
                    return key
                }
            }
    }

    @Test func `keys are equal if their bytes are, and ordered as their bytes are`() {
        var wrong: [[[UInt8]]] = []
        for a in Self.keys {
            for b in Self.keys {
                let (left, right) = (BytesKey(a), BytesKey(b))
                let isRight =
                    (left == right) == (a == b)
                    && (left < right) == a.lexicographicallyPrecedes(b)
                if !isRight { wrong.append([a, b]) }
            }
        }
        #expect(wrong.isEmpty)
    }

    @Test func `a dictionary finds every key, and none that only begins like one`() {
        var values: [BytesKey: Int] = [:]
        for (index, key) in Self.keys.enumerated() {
            values[BytesKey(key)] = index
        }
        #expect(values.count == Self.keys.count)
        for (index, key) in Self.keys.enumerated() {
            #expect(values[BytesKey(key)] == index)
            #expect(values[BytesKey(key + [1])] == nil)
        }
    }

    @Test func `four integers are read and written as one after the other`() throws {
        var writer = ByteWriter()
        writer.write(1, .max, 0x0123_4567_89AB_CDEF, 0)
        var other = ByteWriter()
        for word: UInt64 in [1, .max, 0x0123_4567_89AB_CDEF, 0] { other.write(word) }
        #expect(writer.bytes == other.bytes)
        let words = try Self.readFour(writer.bytes)
        #expect(words == (1, .max, 0x0123_4567_89AB_CDEF, 0))
        for count in 0..<32 {
            #expect(throws: DecodeError.truncated(needed: 8, available: count % 8)) {
                _ = try Self.readFour(Array(writer.bytes.prefix(count)))
            }
        }
    }

    private static func readFour(
        _ bytes: [UInt8]
    ) throws(DecodeError) -> (UInt64, UInt64, UInt64, UInt64) {
        var reader = ByteReader(bytes.span.bytes)
        let words = try reader.readFourUInt64()
        try reader.finish()
        return words
    }
}
