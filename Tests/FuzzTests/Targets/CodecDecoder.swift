import Codec

extension Decoder {
    /// The reader's primitives in any order, and the same values written back. The first bytes, up
    /// to a zero, choose what is read from the rest.
    static let primitives = Decoder(
        "primitives",
        seeds: [
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] + [UInt8](repeating: 1, count: 64),
            [7, 7, 8, 0, 0x80, 0x01, 0x05, 3, 0x61, 0x62, 0x63],
        ],
        check: { (bytes) throws(FuzzFailure) in
            let choices = Array(bytes.prefix { $0 != 0 })
            let content = Array(bytes.dropFirst(choices.count + 1))
            var writer = ByteWriter()
            let count = readBack(content, choices, into: &writer)
            try require(
                Array(content.prefix(count)) == writer.bytes,
                "what was read is written otherwise: \(content) as \(choices)")
        })

    /// Reads until something is refused; how many bytes were accepted.
    private static func readBack(
        _ content: [UInt8], _ choices: [UInt8], into writer: inout ByteWriter
    ) -> Int {
        var reader = ByteReader(content.span.bytes)
        for choice in choices {
            let start = reader.offset
            do throws(DecodeError) {
                try read(choice, from: &reader, into: &writer)
            } catch {
                return start
            }
        }
        return reader.offset
    }

    private static func read(
        _ choice: UInt8, from reader: inout ByteReader, into writer: inout ByteWriter
    ) throws(DecodeError) {
        switch choice % 11 {
        case 0: writer.write(try reader.readUInt8())
        case 1: writer.write(try reader.readUInt16())
        case 2: writer.write(try reader.readUInt32())
        case 3: writer.write(try reader.readUInt64())
        case 4: writer.write(try reader.readUInt128())
        case 5: writer.write(try reader.readBool())
        case 6: writer.writeULEB128(try reader.readULEB128())
        case 7: writer.writeByteVector(try reader.readByteVector(limit: Int(choice)))
        case 8: writer.writeString(try reader.readString(limit: Int(choice)))
        case 9: writer.writeList(try reader.readList(of: UInt16.self, limit: Int(choice)))
        default: writer.writeOptional(try reader.readOptional(of: UInt64.self))
        }
    }
}
