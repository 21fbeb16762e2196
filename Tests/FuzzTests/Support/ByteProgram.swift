/// Reads an input as a list of choices. Behind the end every choice is zero.
struct ByteProgram {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { index >= bytes.count }

    mutating func byte() -> UInt8 {
        guard index < bytes.count else { return 0 }
        defer { index += 1 }
        return bytes[index]
    }

    mutating func flag() -> Bool { byte() & 1 == 1 }

    mutating func uint64() -> UInt64 {
        var value: UInt64 = 0
        for _ in 0..<8 { value = value << 8 | UInt64(byte()) }
        return value
    }

    mutating func uint16() -> UInt16 { UInt16(byte()) << 8 | UInt16(byte()) }

    /// One of `count` choices; zero if there is none.
    mutating func choice(of count: Int) -> Int {
        count > 0 ? Int(byte()) % count : 0
    }

    mutating func element<Element>(of list: [Element]) -> Element? {
        list.isEmpty ? nil : list[choice(of: list.count)]
    }

    /// A number near `value`, or now and then any number at all.
    mutating func near(_ value: UInt64) -> UInt64 {
        let byte = byte()
        if byte == 0xFF { return uint64() }
        return byte < 0x80
            ? value.saturatingAdd(UInt64(byte % 16)) : value.saturatingSubtract(UInt64(byte % 16))
    }

    mutating func take(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, index + count)
        defer { index = end }
        return index < end ? Array(bytes[index..<end]) : []
    }

    /// Everything that is left.
    mutating func rest() -> [UInt8] { take(bytes.count) }
}

extension UInt64 {
    func saturatingAdd(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    func saturatingSubtract(_ other: UInt64) -> UInt64 {
        self > other ? self - other : 0
    }
}
