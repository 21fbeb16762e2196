import Chain
import Foundation
import FoundationNetworking
import GenesisTool
import KeyTool

/// Speaks to a node's API: one request, one JSON value or one error that the exit code tells.
struct Client: Sendable {
    /// `http://127.0.0.1:7070`, without a slash at the end.
    let base: String
    private let session: URLSession

    /// - Throws: `node.address` if the text is no address of an API.
    init(base: String) throws {
        let text = base.contains("://") ? base : "http://" + base
        guard let url = URL(string: text), let scheme = url.scheme, let host = url.host,
            !host.isEmpty, ["http", "https"].contains(scheme)
        else {
            throw CommandError(
                "node.address", "`\(base)` is not the address of a node's API",
                hint: "write it as http://127.0.0.1:7070", exit: .usage)
        }
        self.base = text.hasSuffix("/") ? String(text.dropLast()) : text
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 30
        session = URLSession(configuration: configuration)
    }

    func get(_ path: String, _ query: [(String, String)] = []) async throws -> JSON {
        try await call(request(path, query))
    }

    /// Sends bytes, as transactions are.
    func post(_ path: String, _ bytes: [UInt8]) async throws -> JSON {
        var request = try request(path, [])
        request.httpMethod = "POST"
        request.httpBody = Data(bytes)
        request.setValue("application/octet-stream", forHTTPHeaderField: "Content-Type")
        return try await call(request)
    }

    /// The items of all pages of a list, at most `limit`.
    func list(
        _ path: String, _ query: [(String, String)] = [], limit: Int
    ) async throws -> [JSON] {
        var items: [JSON] = []
        var cursor: String?
        repeat {
            var page = query + [("limit", String(min(100, limit - items.count)))]
            if let cursor {
                page.append(("cursor", cursor))
            }
            let answer = try await get(path, page)
            if case .array(let all) = answer {
                return Array(all.prefix(limit))
            }
            let more = answer["items"]?.items ?? []
            items += more
            cursor = more.isEmpty ? nil : answer["next"]?.text
        } while cursor != nil && items.count < limit
        return items
    }

    private func request(_ path: String, _ query: [(String, String)]) throws -> URLRequest {
        var components = URLComponents(string: base)
        components?.path += path
        if !query.isEmpty {
            components?.queryItems = query.map { URLQueryItem(name: $0.0, value: $0.1) }
        }
        guard let url = components?.url else {
            throw CommandError("node.address", "`\(base)` is not an address", exit: .usage)
        }
        var request = URLRequest(url: url)
        request.setValue("application/json", forHTTPHeaderField: "Accept")
        return request
    }

    private func call(_ request: URLRequest) async throws -> JSON {
        var attempt = 1
        var (data, response) = try await answer(to: request)
        while let seconds = Client.pause(
            status: response?.statusCode ?? 0,
            retryAfter: response?.value(forHTTPHeaderField: "Retry-After"), attempt: attempt)
        {
            try await Task.sleep(for: .seconds(seconds))
            attempt += 1
            (data, response) = try await answer(to: request)
        }
        let status = response?.statusCode ?? 0
        let body = try? JSON(parsing: Array(data))
        guard (200..<300).contains(status) else {
            throw Client.error(status: status, body: body)
        }
        guard let body else {
            throw CommandError(
                "node.answer", "the node at \(base) answers with something else than JSON",
                hint: "is this the API of an althing node?", exit: .notReached)
        }
        return body
    }

    private func answer(to request: URLRequest) async throws -> (Data, HTTPURLResponse?) {
        do {
            let (data, response) = try await session.data(for: request)
            return (data, response as? HTTPURLResponse)
        } catch {
            throw CommandError(
                "node.unreachable", "no node answers at \(base)",
                hint: "is it running? name another with --node, or start one: Tools/localnet up",
                exit: .notReached)
        }
    }

    /// For how many seconds to wait before the same request goes out again: a node that was asked
    /// too often has done nothing with it. nil: the answer stands.
    static func pause(status: Int, retryAfter: String?, attempt: Int) -> Int? {
        guard status == 429, attempt < 5 else { return nil }
        return min(5, max(1, retryAfter.flatMap { Int($0) } ?? 1))
    }

    /// The error that a problem of the API (RFC 9457) stands for.
    static func error(status: Int, body: JSON?) -> CommandError {
        let code = body?["code"]?.text ?? "http.\(status)"
        let message = body?["detail"]?.text ?? body?["title"]?.text ?? "the node answers \(status)"
        let exit: CommandError.Exit =
            switch status {
            case 404, 410: .notFound
            case 504: .timedOut
            case 502, 503: .notReached
            default: .failed
            }
        return CommandError(code, message, hint: body?["hint"]?.text, exit: exit)
    }
}
