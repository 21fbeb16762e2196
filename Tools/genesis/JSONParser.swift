/// Why a text is not JSON (RFC 8259), and where.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    public let line: Int
    public let column: Int
    public let message: String

    public var description: String { "line \(line), column \(column): \(message)" }
}

extension JSON {
    /// More nesting than this is refused, so that no text can use up the stack.
    public static let depthMax = 32

    /// The value that the whole of `text` is.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    public init(parsing bytes: [UInt8]) throws(JSONError) {
        var parser = JSONParser(bytes: bytes)
        parser.skipSpace()
        self = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.isAtEnd else { throw parser.error("text after the value") }
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    var index = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { index == bytes.count }

    private var next: UInt8? { isAtEnd ? nil : bytes[index] }

    func error(_ message: String) -> JSONError {
        let before = bytes[..<index]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return JSONError(line: line, column: index - start + 1, message: message)
    }

    mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) {
            index += 1
        }
    }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    mutating func value(depth: Int) throws(JSONError) -> JSON {
        guard depth < JSON.depthMax else {
            throw error("more than \(JSON.depthMax) levels of nesting")
        }
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return try number()
        case nil: throw error("the text ends where a value should be")
        default: throw error("a value should begin here")
        }
    }

    private mutating func word(_ text: String, _ value: JSON) throws(JSONError) -> JSON {
        let end = index + text.utf8.count
        guard end <= bytes.count, Array(bytes[index..<end]) == Array(text.utf8) else {
            throw error("a value should begin here")
        }
        index = end
        return value
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSON {
        var members: [JSON.Member] = []
        index += 1
        skipSpace()
        guard !accept("}") else { return .object([]) }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw error("a name in quotes should be here") }
            let name = try string()
            skipSpace()
            guard accept(":") else { throw error("`:` should be here") }
            skipSpace()
            members.append(JSON.Member(name, try value(depth: depth + 1)))
            skipSpace()
        } while accept(",")
        guard accept("}") else { throw error("`,` or `}` should be here") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSON {
        var items: [JSON] = []
        index += 1
        skipSpace()
        guard !accept("]") else { return .array([]) }
        repeat {
            skipSpace()
            items.append(try value(depth: depth + 1))
            skipSpace()
        } while accept(",")
        guard accept("]") else { throw error("`,` or `]` should be here") }
        return .array(items)
    }

    private mutating func digits() throws(JSONError) {
        guard let byte = next, (0x30...0x39).contains(byte) else {
            throw error("a digit should be here")
        }
        while let byte = next, (0x30...0x39).contains(byte) {
            index += 1
        }
    }

    private mutating func number() throws(JSONError) -> JSON {
        let start = index
        _ = accept("-")
        if accept("0") {
            if let byte = next, (0x30...0x39).contains(byte) {
                throw error("a number does not begin with 0")
            }
        } else {
            try digits()
        }
        if accept(".") {
            try digits()
        }
        if accept("e") || accept("E") {
            _ = accept("+") || accept("-")
            try digits()
        }
        return .number(String(decoding: bytes[start..<index], as: UTF8.self))
    }

    private mutating func string() throws(JSONError) -> String {
        let start = index
        index += 1
        var utf8: [UInt8] = []
        while let byte = next {
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: utf8, as: UTF8.self) else {
                    index = start
                    throw error("the string is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"):
                try escape(into: &utf8)
            case 0..<0x20:
                index -= 1
                throw error("a control character in a string")
            default:
                utf8.append(byte)
            }
        }
        index = start
        throw error("the string has no end")
    }

    private mutating func escape(into utf8: inout [UInt8]) throws(JSONError) {
        let plain: [UInt8: UInt8] = [
            UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F,
            UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A,
            UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
        ]
        guard let byte = next else { throw error("the string has no end") }
        index += 1
        if let character = plain[byte] {
            utf8.append(character)
            return
        }
        guard byte == UInt8(ascii: "u") else {
            index -= 1
            throw error("an unknown escape")
        }
        var code = try fourDigits()
        if (0xD800..<0xDC00).contains(code), accept("\\") {
            guard accept("u") else { throw error("the second half of a surrogate pair is missing") }
            let low = try fourDigits()
            guard (0xDC00..<0xE000).contains(low) else {
                throw error("the second half of a surrogate pair is missing")
            }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw error("half of a surrogate pair")
        }
        utf8.append(contentsOf: String(Character(scalar)).utf8)
    }

    private mutating func fourDigits() throws(JSONError) -> UInt32 {
        guard index + 4 <= bytes.count,
            bytes[index..<index + 4].allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
            let code = UInt32(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
        else { throw error("four hexadecimal digits should be here") }
        index += 4
        return code
    }
}
