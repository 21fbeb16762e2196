import Foundation
import FoundationNetworking
import GenesisTool
import KeyTool

/// Speaks to the nodes over few kept connections.
struct HTTPClient: Sendable {
    struct Answer: Sendable {
        let status: Int
        let body: Data

        var json: JSON? { try? JSON(parsing: Array(body)) }
    }

    private let session: URLSession

    init(connectionsPerNode: Int) {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 30
        configuration.httpMaximumConnectionsPerHost = connectionsPerNode
        configuration.urlCache = nil
        configuration.httpCookieStorage = nil
        session = URLSession(configuration: configuration)
    }

    /// - Throws: if no answer comes at all.
    func get(_ base: String, _ path: String) async throws -> Answer {
        try await send(request(base, path))
    }

    func post(_ base: String, _ path: String, _ bytes: [UInt8]) async throws -> Answer {
        var request = try request(base, path)
        request.httpMethod = "POST"
        request.httpBody = Data(bytes)
        request.setValue("application/octet-stream", forHTTPHeaderField: "Content-Type")
        return try await send(request)
    }

    /// The answer's JSON.
    ///
    /// - Throws: also for an answer that is no success.
    func json(_ base: String, _ path: String) async throws -> JSON {
        let answer = try await get(base, path)
        guard answer.status == 200, let json = answer.json else {
            throw CommandError(
                "benchmark.answer", "\(base)\(path) answers \(answer.status)")
        }
        return json
    }

    private func request(_ base: String, _ path: String) throws -> URLRequest {
        guard let url = URL(string: base + path) else {
            throw CommandError("benchmark.address", "\(base)\(path) is not an address")
        }
        return URLRequest(url: url)
    }

    private func send(_ request: URLRequest) async throws -> Answer {
        let (body, response) = try await session.data(for: request)
        return Answer(status: (response as? HTTPURLResponse)?.statusCode ?? 0, body: body)
    }
}
