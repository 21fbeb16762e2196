import Codec
import Testing

@Suite struct ByteReaderTests {
    /// Runs `body` on a reader of `bytes`; the reader cannot leave the function.
    private func read<Value>(
        _ bytes: [UInt8], _ body: (inout ByteReader) throws(DecodeError) -> Value
    ) throws(DecodeError) -> Value {
        var reader = ByteReader(bytes.span.bytes)
        return try body(&reader)
    }

    @Test func `integers are little-endian`() throws {
        let bytes = (1...16).map { UInt8($0) }
        #expect(try read(bytes) { reader throws(DecodeError) in try reader.readUInt8() } == 1)
        #expect(
            try read(bytes) { reader throws(DecodeError) in try reader.readUInt16() } == 0x0201)
        #expect(
            try read(bytes) { reader throws(DecodeError) in try reader.readUInt32() }
                == 0x0403_0201)
        #expect(
            try read(bytes) { reader throws(DecodeError) in try reader.readUInt64() }
                == 0x0807_0605_0403_0201)
        #expect(
            try read(bytes) { reader throws(DecodeError) in try reader.readUInt128() }
                == 0x100F_0E0D_0C0B_0A09_0807_0605_0403_0201)
    }

    @Test(arguments: 0..<16) func `a cut integer is truncated`(count: Int) {
        let bytes = [UInt8](repeating: 0, count: count)
        #expect(throws: DecodeError.self) {
            try read(bytes) { reader throws(DecodeError) in try reader.readUInt128() }
        }
    }

    @Test func `a truth is 0 or 1`() throws {
        #expect(try !read([0]) { reader throws(DecodeError) in try reader.readBool() })
        #expect(try read([1]) { reader throws(DecodeError) in try reader.readBool() })
        #expect(throws: DecodeError.unknownTag(type: "Bool", tag: 2)) {
            try read([2]) { reader throws(DecodeError) in try reader.readBool() }
        }
    }

    @Test(
        arguments: [
            ([0x00], 0), ([0x01], 1), ([0x7F], 127), ([0x80, 0x01], 128), ([0xFF, 0x7F], 16_383),
            ([0x80, 0x80, 0x01], 16_384), ([0xFF, 0xFF, 0xFF, 0xFF, 0x0F], UInt32.max),
        ] as [([UInt8], UInt32)])
    func `a ULEB128 number has one form`(bytes: [UInt8], value: UInt32) throws {
        #expect(try read(bytes) { reader throws(DecodeError) in try reader.readULEB128() } == value)
        var writer = ByteWriter()
        writer.writeULEB128(value)
        #expect(writer.bytes == bytes)
    }

    @Test(
        arguments: [
            [0x80, 0x00], [0xFF, 0x00], [0x80, 0x80, 0x00], [0x80, 0x80, 0x80, 0x80, 0x00],
            [0xFF, 0xFF, 0xFF, 0xFF, 0x10], [0xFF, 0xFF, 0xFF, 0xFF, 0x8F, 0x00],
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        ] as [[UInt8]])
    func `another form of a ULEB128 number is refused`(bytes: [UInt8]) {
        #expect(throws: DecodeError.nonCanonicalLength) {
            try read(bytes) { reader throws(DecodeError) in try reader.readULEB128() }
        }
    }

    @Test func `a length above its bound is refused before the bytes are missed`() {
        #expect(throws: DecodeError.lengthOutOfBounds(length: 5, limit: 4)) {
            try read([5]) { reader throws(DecodeError) in try reader.readByteVector(limit: 4) }
        }
        #expect(throws: DecodeError.truncated(needed: 4, available: 0)) {
            try read([4]) { reader throws(DecodeError) in try reader.readByteVector(limit: 4) }
        }
    }

    /// Four billion elements would be allocated if only their bound were tested.
    @Test func `a length beyond the bytes is refused before anything is allocated`() {
        let bytes: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 2, 3]
        #expect(throws: DecodeError.truncated(needed: 8 * Int(UInt32.max), available: 3)) {
            try read(bytes) { reader throws(DecodeError) in
                try reader.readList(of: UInt64.self, limit: .max, minimumElementSize: 8)
            }
        }
        #expect(throws: DecodeError.truncated(needed: .max, available: 3)) {
            try read(bytes) { reader throws(DecodeError) in
                try reader.readLength(limit: .max, minimumElementSize: .max)
            }
        }
    }

    @Test func `text is UTF-8 within its bound in bytes`() throws {
        var writer = ByteWriter()
        writer.writeString("añ€")
        #expect(writer.bytes.first == 6)
        #expect(
            try read(writer.bytes) { reader throws(DecodeError) in
                try reader.readString(limit: 6)
            } == "añ€")
        #expect(throws: DecodeError.lengthOutOfBounds(length: 6, limit: 5)) {
            try read(writer.bytes) { reader throws(DecodeError) in
                try reader.readString(limit: 5)
            }
        }
        #expect(throws: DecodeError.invalidValue(type: "String")) {
            try read([2, 0xC3, 0x28]) { reader throws(DecodeError) in
                try reader.readString(limit: 5)
            }
        }
    }

    @Test func `a reader knows where it stands and what it read`() throws {
        try read([1, 2, 3]) { reader throws(DecodeError) in
            _ = try reader.readUInt8()
            #expect(reader.offset == 1)
            #expect(reader.remaining == 2)
            _ = try reader.readBytes(count: 2)
            #expect(reader.bytesRead(since: 1) == [2, 3])
            #expect(reader.bytesRead(since: 3) == [])
            try reader.finish()
        }
    }
}

/// A value with every kind of part.
private struct Sample: CanonicalCodable, Equatable {
    var flag: Bool
    var small: UInt8
    var wide: UInt128
    var name: String
    var data: [UInt8]
    var list: [UInt64]
    var maybe: UInt16?

    init(maybe: UInt16?) {
        flag = true
        small = 9
        wide = .max - 1
        name = "añ"
        data = [1, 2]
        list = [3, .max]
        self.maybe = maybe
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        flag = try reader.readBool()
        small = try reader.readUInt8()
        wide = try reader.readUInt128()
        name = try reader.readString(limit: 8)
        data = try reader.readByteVector(limit: 8)
        list = try reader.readList(limit: 8, minimumElementSize: 8)
        maybe = try reader.readOptional()
    }

    func encode(into writer: inout ByteWriter) {
        writer.write(flag)
        writer.write(small)
        writer.write(wide)
        writer.writeString(name)
        writer.writeByteVector(data)
        writer.writeList(list)
        writer.writeOptional(maybe)
    }
}

@Suite struct CanonicalCodableTests {
    /// Recorded: the wire cannot change by accident.
    @Test func `a value has the encoding of BCS`() {
        let expected: [UInt8] =
            [1, 9, 0xFE] + [UInt8](repeating: 0xFF, count: 15) + [3, 0x61, 0xC3, 0xB1]
            + [2, 1, 2, 2] + [3, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8)
            + [1, 0x34, 0x12]
        #expect(Sample(maybe: 0x1234).encoded() == expected)
    }

    @Test(arguments: [nil, 0, UInt16.max]) func `a value comes back`(maybe: UInt16?) throws {
        let sample = Sample(maybe: maybe)
        #expect(try Sample(decoding: sample.encoded()) == sample)
    }

    @Test func `a value cut at any length is truncated`() {
        let bytes = Sample(maybe: 7).encoded()
        for count in bytes.indices {
            let error = #expect(throws: DecodeError.self) {
                try Sample(decoding: Array(bytes.prefix(count)))
            }
            guard case .truncated = error else {
                Issue.record("cut at \(count): \(String(describing: error))")
                continue
            }
        }
    }

    @Test func `bytes behind a value are refused`() {
        let bytes = Sample(maybe: nil).encoded()
        #expect(throws: DecodeError.trailingBytes(count: 2)) {
            try Sample(decoding: bytes + [0, 0])
        }
    }

    @Test func `an optional begins with 0 or 1`() {
        var bytes = Sample(maybe: nil).encoded()
        bytes[bytes.count - 1] = 2
        #expect(throws: DecodeError.unknownTag(type: "Bool", tag: 2)) {
            try Sample(decoding: bytes)
        }
    }
}
