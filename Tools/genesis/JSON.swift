/// A JSON value as it is written: objects keep the order of their members and repeated names, and
/// numbers keep their digits, so that a strict reader can judge them.
public enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    /// The digits as they are written; only whole numbers ever mean something here.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    public struct Member: Equatable, Sendable {
        public let name: String
        public let value: JSON

        public init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    public static func number(_ value: some FixedWidthInteger) -> JSON { .number(String(value)) }

    /// What a reader calls the value in a message.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    // Access for readers that are content with what is there; nil for anything else.

    public subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    public var text: String? {
        switch self {
        case .string(let text): text
        case .null, .bool, .number, .array, .object: nil
        }
    }

    /// A whole number, written as a number or as a decimal string.
    public var integer: UInt64? {
        switch self {
        case .number(let digits), .string(let digits): UInt64(digits)
        case .null, .bool, .array, .object: nil
        }
    }

    public var boolean: Bool? {
        switch self {
        case .bool(let value): value
        case .null, .number, .string, .array, .object: nil
        }
    }

    public var items: [JSON]? {
        switch self {
        case .array(let items): items
        case .null, .bool, .number, .string, .object: nil
        }
    }

    public var isNull: Bool { self == .null }
}

extension JSON {
    /// One line without spaces, as scripts read it.
    public var compact: String {
        var text = ""
        write(into: &text, indentation: nil)
        return text
    }

    /// Lines of two spaces for each level, as people read and compare it; ends without a break.
    public var pretty: String {
        var text = ""
        write(into: &text, indentation: 0)
        return text
    }

    private func write(into text: inout String, indentation: Int?) {
        switch self {
        case .null:
            text += "null"
        case .bool(let value):
            text += value ? "true" : "false"
        case .number(let digits):
            text += digits
        case .string(let value):
            JSON.write(value, into: &text)
        case .array(let items):
            JSON.write(items, between: ("[", "]"), into: &text, indentation: indentation) {
                item, text, inner in
                item.write(into: &text, indentation: inner)
            }
        case .object(let members):
            JSON.write(members, between: ("{", "}"), into: &text, indentation: indentation) {
                member, text, inner in
                JSON.write(member.name, into: &text)
                text += inner == nil ? ":" : ": "
                member.value.write(into: &text, indentation: inner)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], between marks: (String, String), into text: inout String,
        indentation: Int?, element write: (Element, inout String, Int?) -> Void
    ) {
        text += marks.0
        let inner = indentation.map { $0 + 2 }
        for (index, element) in elements.enumerated() {
            text += index == 0 ? "" : ","
            if let inner {
                text += "\n" + String(repeating: " ", count: inner)
            }
            write(element, &text, inner)
        }
        if let indentation, !elements.isEmpty {
            text += "\n" + String(repeating: " ", count: indentation)
        }
        text += marks.1
    }

    private static func write(_ string: String, into text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
