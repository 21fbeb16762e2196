import Foundation
import NIOCore
import NIOPosix

/// What a server answered.
struct Answer {
    let status: Int
    /// Names in lower case.
    let headers: [String: String]
    let body: [UInt8]

    /// From everything that came before the connection ended; nil if it is no HTTP.
    init?(_ bytes: [UInt8]) {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            .components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { return nil }
        self.status = status
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers[line[..<colon].lowercased()] = String(value)
        }
        self.headers = headers
        body = Array(bytes[end.upperBound...])
    }

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as a JSON object; empty if it is none.
    var object: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
    }

    var keys: Set<String> { Set(object.keys) }

    /// The objects of a list.
    var items: [[String: Any]] { object["items"] as? [[String: Any]] ?? [] }

    var next: String? { object["next"] as? String }

    /// The stable code of a problem.
    var code: String? { object["code"] as? String }

    subscript(name: String) -> Any? { object[name] }

    func string(_ name: String) -> String? { object[name] as? String }
    func int(_ name: String) -> Int? { object[name] as? Int }
}

/// A client that sends exactly the bytes it is told, on a connection of its own for each request.
struct Client: Sendable {
    let port: Int

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await send("GET", path, headers: headers)
    }

    func post(
        _ path: String, _ body: [UInt8], type: String = "application/octet-stream"
    ) async throws -> Answer {
        try await send("POST", path, headers: ["Content-Type": type], body: body)
    }

    func send(
        _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil
    ) async throws -> Answer {
        var head = "\(method) \(path) HTTP/1.1\r\nConnection: close\r\n"
        if headers["Host"] == nil {
            head += "Host: 127.0.0.1:\(port)\r\n"
        }
        for (name, value) in headers {
            head += "\(name): \(value)\r\n"
        }
        if let body {
            head += "Content-Length: \(body.count)\r\n"
        }
        let bytes = try await exchange(Array((head + "\r\n").utf8) + (body ?? []))
        guard let answer = Answer(bytes) else { throw NoAnswer(bytes: bytes) }
        return answer
    }

    struct NoAnswer: Error {
        let bytes: [UInt8]
    }

    /// Sends bytes and returns everything that comes until the server ends the connection.
    func exchange(_ bytes: [UInt8]) async throws -> [UInt8] {
        try await withConnection(sending: bytes) { incoming in
            var received: [UInt8] = []
            do {
                for try await buffer in incoming {
                    received += Array(buffer: buffer)
                }
            } catch let error as IOError where !received.isEmpty {
                // A server that answers before it read everything resets the connection.
                _ = error
            }
            return received
        }
    }

    /// Opens a stream of server-sent events.
    func stream<Result: Sendable>(
        _ path: String, headers: String = "",
        _ body: (inout EventReader) async throws -> Result
    ) async throws -> Result {
        let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n"
        return try await withConnection(sending: Array(request.utf8)) { incoming in
            var reader = EventReader(incoming.makeAsyncIterator())
            return try await body(&reader)
        }
    }

    private func withConnection<Result: Sendable>(
        sending bytes: [UInt8],
        _ body: (NIOAsyncChannelInboundStream<ByteBuffer>) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.allowRemoteHalfClosure, value: false)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { incoming, outgoing in
            // A server may answer and close before it has read everything.
            try? await outgoing.write(ByteBuffer(bytes: bytes))
            return try await body(incoming)
        }
    }
}

/// One server-sent event.
struct ServerEvent: Sendable, Equatable {
    var id: String?
    var name: String?
    var data = ""

    var object: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(data.utf8))) as? [String: Any] ?? [:]
    }
}

/// Reads server-sent events as they arrive; what frames the chunks is skipped.
struct EventReader {
    private var incoming: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var text = ""
    /// The last comment.
    private var comment = ""

    init(_ incoming: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator) {
        self.incoming = incoming
    }

    /// The next event, or nil at the end of the stream.
    mutating func next() async throws -> ServerEvent? {
        while let block = try await nextBlock() {
            if let event = parse(block) { return event }
        }
        return nil
    }

    /// Reads until the server wrote a comment, and nothing but comments before it.
    mutating func waitUntilComment(_ wanted: String) async throws {
        while comment != wanted, let block = try await nextBlock() {
            _ = parse(block)
        }
    }

    /// The status of the answer.
    mutating func status() async throws -> Int {
        while text.count < 12 {
            guard try await readMore() else { return 0 }
        }
        return Int(text.dropFirst(9).prefix(3)) ?? 0
    }

    private mutating func nextBlock() async throws -> Substring? {
        while true {
            if let end = text.range(of: "\n\n") {
                let block = text[..<end.lowerBound]
                text = String(text[end.upperBound...])
                return block
            }
            guard try await readMore() else { return nil }
        }
    }

    private mutating func readMore() async throws -> Bool {
        guard let buffer = try await incoming.next(isolation: #isolation) else { return false }
        // In a string, a carriage return and a line feed are one character.
        text += String(buffer: buffer).replacingOccurrences(of: "\r\n", with: "\r")
        return true
    }

    private mutating func parse(_ block: Substring) -> ServerEvent? {
        var event = ServerEvent()
        for line in block.split(whereSeparator: { $0 == "\n" || $0 == "\r" }) {
            if line.hasPrefix(":") {
                comment = line.dropFirst().trimmingCharacters(in: .whitespaces)
            } else if line.hasPrefix("id: ") {
                event.id = String(line.dropFirst(4))
            } else if line.hasPrefix("event: ") {
                event.name = String(line.dropFirst(7))
            } else if line.hasPrefix("data: ") {
                event.data = String(line.dropFirst(6))
            }
        }
        return event.name == nil ? nil : event
    }
}
