import Chain
import Codec
import Cryptography
import Hummingbird
import NIOCore

/// Bounds of what a request may hold.
enum RequestLimits {
    static let bodyBytesMax = 1 << 20
    static let pageItemsMax = 100
    static let pageItemsStandard = 20
    /// How long `wait=final` may wait.
    static let waitMillisecondsMax: UInt64 = 60_000
    static let waitMillisecondsStandard: UInt64 = 10_000
}

extension Problem {
    static func bodyTooLarge(limit: Int) -> Problem {
        Problem(
            .contentTooLarge, "request.too_large",
            "The body is larger than \(limit) bytes.", details: ["limit": String(limit)],
            closesConnection: true)
    }
}

extension Request {
    /// The whole body, at most `limit` bytes, in the time that is allowed for it.
    func collectBody(
        limit: Int, within time: TimeAmount, _ context: APIContext
    ) async throws -> ByteBuffer {
        if let length = headers[.contentLength] {
            guard let length = Int(length), length <= limit else {
                throw Problem.bodyTooLarge(limit: limit)
            }
        }
        // A client that sends a byte a minute loses its connection.
        let deadline = context.channel.eventLoop.scheduleTask(in: time) {
            [channel = context.channel] in
            channel.close(promise: nil)
        }
        defer { deadline.cancel() }
        do {
            return try await body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw Problem.bodyTooLarge(limit: limit)
        }
    }

    var query: Query { Query(uri.queryParameters.map { (String($0.key), String($0.value)) }) }
}

/// The parameters after the question mark.
struct Query {
    private let values: [(name: String, value: String)]

    init(_ values: [(String, String)]) {
        self.values = values.map { (name: $0.0, value: $0.1) }
    }

    func text(_ name: String) -> String? {
        values.first { $0.name == name }?.value
    }

    /// A number within a range, or what holds without one.
    func number(
        _ name: String, in range: ClosedRange<UInt64>, standard: UInt64
    ) throws(Problem) -> UInt64 {
        guard let text = text(name) else { return standard }
        guard let value = UInt64(decimal: text), range.contains(value) else {
            throw .badParameter(
                name,
                "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    /// How many items a page of a list has.
    func pageSize() throws(Problem) -> Int {
        Int(
            try number(
                "limit", in: 1...UInt64(RequestLimits.pageItemsMax),
                standard: UInt64(RequestLimits.pageItemsStandard)))
    }

    /// A cursor that is a number; nil for the first page.
    func numberCursor() throws(Problem) -> UInt64? {
        guard let text = text("cursor") else { return nil }
        guard let value = UInt64(decimal: text) else {
            throw .badParameter("cursor", "The cursor is not one that this list gave.")
        }
        return value
    }
}

extension UInt64 {
    /// Digits only: no sign, no space, not empty, not above 2^64 − 1.
    init?(decimal text: String) {
        let digits = text.utf8
        guard (1...20).contains(digits.count),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= $0 }),
            let value = UInt64(text)
        else { return nil }
        self = value
    }
}

extension APIContext {
    func digest(_ name: String) throws(Problem) -> Digest {
        guard let digest = Digest(hex: parameters.get(name) ?? "") else {
            throw .badParameter(name, "A hash is 64 lower-case hexadecimal digits.")
        }
        return digest
    }

    func number(_ name: String) throws(Problem) -> UInt64 {
        guard let value = UInt64(decimal: parameters.get(name) ?? "") else {
            throw .badParameter(name, "\(name) is a whole number.")
        }
        return value
    }
}

extension Problem {
    /// Bytes that are no transaction, with the place where that shows.
    init(malformed what: String, code: String, _ error: DecodeError) {
        self.init(
            .badRequest, code, "The body is not \(what): \(Problem.text(of: error)).",
            hint: "Send the canonical encoding (BCS) of signed transactions.")
    }

    private static func text(of error: DecodeError) -> String {
        switch error {
        case .truncated: "it ends before the value does"
        case .trailingBytes(let count): "\(count) bytes follow the value"
        case .nonCanonicalLength: "a length is not in its shortest form"
        case .lengthOutOfBounds(let length, let limit):
            "a length of \(length) is above the limit of \(limit)"
        case .unknownTag(let type, let tag): "\(type) has no case \(tag)"
        case .invalidValue(let type): "a value of \(type) is not valid"
        }
    }
}
