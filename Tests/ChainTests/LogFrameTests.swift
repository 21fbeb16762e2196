import Chain
import Codec
import Cryptography
import Testing

@Suite struct LogFrameTests {
    private static let instance = Digest(.instance, [1])
    private static let records = (UInt64(1)...4).map {
        LogRecord(
            type: UInt8($0), sequence: $0, payload: [UInt8](repeating: 9, count: Int($0) * 40))
    }

    private static func encoded(_ records: [LogRecord]) -> [UInt8] {
        records.flatMap { LogFrame.encode($0, instance: instance) }
    }

    @Test func `records come back in order`() throws {
        let bytes = Self.encoded(Self.records)
        for isLast in [true, false] {
            let scan = try LogFrame.scan(
                bytes, instance: Self.instance, isLastSegment: isLast, first: 1)
            #expect(scan.records == Self.records)
            #expect(scan.goodBytes == bytes.count)
        }
    }

    @Test func `the bytes of a record are those of the specification`() {
        let bytes = LogFrame.encode(
            LogRecord(type: 2, sequence: 0x0102, payload: [0xAA, 0xBB]), instance: Self.instance)
        let head: [UInt8] = [0x41, 0x4C, 2, 2, 1, 0, 0, 0, 0, 0, 0, 2, 0xAA, 0xBB]
        let check = Digest(.logRecord, Self.instance.bytes + head).bytes.prefix(16)
        #expect(bytes == head + check)
    }

    @Test func `an empty segment has no records`() throws {
        let scan = try LogFrame.scan([], instance: Self.instance, isLastSegment: true, first: 7)
        #expect(scan.records.isEmpty)
        #expect(scan.goodBytes == 0)
    }

    @Test func `a tail torn at any byte is cut off`() throws {
        let bytes = Self.encoded(Self.records)
        let good = Self.encoded(Array(Self.records.dropLast())).count
        for end in good..<bytes.count {
            let scan = try LogFrame.scan(
                Array(bytes[..<end]), instance: Self.instance, isLastSegment: true)
            #expect(scan.records == Self.records.dropLast())
            #expect(scan.goodBytes == good)
            let zeros = bytes[..<end] + [UInt8](repeating: 0, count: bytes.count - end)
            // The check can end in zeros by itself.
            if Array(zeros) != bytes {
                let padded = try LogFrame.scan(
                    Array(zeros), instance: Self.instance, isLastSegment: true)
                #expect(padded.goodBytes == good)
            }
        }
    }

    @Test func `a torn tail is refused in a segment that is not the last`() {
        let bytes = Array(Self.encoded(Self.records).dropLast())
        let good = Self.encoded(Array(Self.records.dropLast())).count
        #expect(throws: LogFrameError.corrupt(offset: good)) {
            try LogFrame.scan(bytes, instance: Self.instance, isLastSegment: false)
        }
    }

    @Test func `any turned bit before a good record is corruption`() {
        let bytes = Self.encoded(Self.records)
        let starts = (0..<4).map { Self.encoded(Array(Self.records[..<$0])).count }
        for bit in 0..<starts[3] * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let offset = starts.last { $0 <= bit / 8 } ?? 0
            #expect(throws: LogFrameError.corrupt(offset: offset)) {
                try LogFrame.scan(changed, instance: Self.instance, isLastSegment: true)
            }
        }
    }

    @Test func `a record of another instance is a bad one`() throws {
        let other = Digest(.instance, [2])
        let bytes = LogFrame.encode(Self.records[0], instance: other)
        let scan = try LogFrame.scan(bytes, instance: Self.instance, isLastSegment: true)
        #expect(scan.records.isEmpty)
        #expect(throws: LogFrameError.corrupt(offset: 0)) {
            try LogFrame.scan(
                bytes + Self.encoded(Self.records), instance: Self.instance, isLastSegment: true)
        }
    }

    @Test func `a gap in the numbers is refused`() {
        let bytes = Self.encoded([Self.records[0], Self.records[2]])
        let offset = Self.encoded([Self.records[0]]).count
        #expect(throws: LogFrameError.outOfOrder(offset: offset, expected: 2, found: 3)) {
            try LogFrame.scan(bytes, instance: Self.instance, isLastSegment: true)
        }
        #expect(throws: LogFrameError.outOfOrder(offset: 0, expected: 5, found: 1)) {
            try LogFrame.scan(bytes, instance: Self.instance, isLastSegment: true, first: 5)
        }
    }

    @Test func `a length beyond the bytes does not allocate`() throws {
        var writer = ByteWriter()
        writer.writeBytes([0x41, 0x4C, 1])
        writer.write(UInt64(1))
        writer.writeULEB128(.max)
        let scan = try LogFrame.scan(
            writer.bytes, instance: Self.instance, isLastSegment: true)
        #expect(scan.goodBytes == 0)
    }
}
