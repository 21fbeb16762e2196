extension ByteReader {
    /// At most `limit` values, each of at least `minimumElementSize` bytes.
    public mutating func readList<Element: CanonicalCodable>(
        of type: Element.Type = Element.self, limit: Int, minimumElementSize: Int = 1
    ) throws(DecodeError) -> [Element] {
        let count = try readLength(limit: limit, minimumElementSize: minimumElementSize)
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count {
            elements.append(try Element(from: &self))
        }
        return elements
    }

    public mutating func readOptional<Value: CanonicalCodable>(
        of type: Value.Type = Value.self
    ) throws(DecodeError) -> Value? {
        guard try readBool() else { return nil }
        return try Value(from: &self)
    }
}

extension ByteWriter {
    public mutating func write<Value: CanonicalCodable>(_ value: Value) {
        value.encode(into: &self)
    }

    public mutating func writeList<Element: CanonicalCodable>(_ elements: [Element]) {
        writeLength(elements.count)
        for element in elements {
            element.encode(into: &self)
        }
    }

    public mutating func writeOptional<Value: CanonicalCodable>(_ value: Value?) {
        write(value != nil)
        if let value {
            value.encode(into: &self)
        }
    }
}

extension UInt64: CanonicalCodable {
    public init(from reader: inout ByteReader) throws(DecodeError) {
        self = try reader.readUInt64()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(self)
    }
}

extension UInt16: CanonicalCodable {
    public init(from reader: inout ByteReader) throws(DecodeError) {
        self = try reader.readUInt16()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(self)
    }
}
