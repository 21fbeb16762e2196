import Foundation
import Hummingbird

/// A field that is always there: `null` says that there is no value.
struct Nullable<Value: Encodable>: Encodable {
    let value: Value?

    init(_ value: Value?) {
        self.value = value
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value {
            try container.encode(value)
        } else {
            try container.encodeNil()
        }
    }
}

extension Nullable: Sendable where Value: Sendable {}

/// A page of a list.
struct Page<Item: Encodable>: Encodable {
    let items: [Item]
    /// What to pass as `cursor` for the next page; absent on the last one.
    let next: String?
}

/// The value as JSON with its fields in alphabetical order.
func jsonBytes(_ value: some Encodable) -> ByteBuffer {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
        return ByteBuffer(bytes: try encoder.encode(value))
    } catch {
        preconditionFailure("views have nothing that JSON cannot say: \(error)")
    }
}

func jsonResponse(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
    Response(
        status: status, headers: [.contentType: "application/json; charset=utf-8"],
        body: ResponseBody(byteBuffer: jsonBytes(value)))
}
