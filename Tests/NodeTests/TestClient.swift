import Chain
import Codec
import Cryptography
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A small HTTP client for tests.
struct TestClient: Sendable {
    let port: Int

    struct Status: Decodable {
        let height: UInt64
        let hash: String
        let view: UInt64
        let peers: Int
    }

    struct Refused: Error {
        let path: String
        let code: Int
        let text: String
    }

    func get<Value: Decodable>(_ path: String, as type: Value.Type) async throws -> Value {
        guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else {
            throw URLError(.badURL)
        }
        let (data, response) = try await URLSession.shared.data(from: url)
        let code = (response as? HTTPURLResponse)?.statusCode ?? 0
        guard code == 200 else {
            throw Refused(path: path, code: code, text: String(decoding: data, as: UTF8.self))
        }
        return try JSONDecoder().decode(Value.self, from: data)
    }

    func text(_ path: String) async throws -> String {
        guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else {
            throw URLError(.badURL)
        }
        let (data, _) = try await URLSession.shared.data(from: url)
        return String(decoding: data, as: UTF8.self)
    }

    func status() async throws -> Status {
        try await get("/v1/status", as: Status.self)
    }

    /// Posts bytes; the answer's status code and text.
    func post(_ path: String, _ bytes: [UInt8]) async throws -> (code: Int, text: String) {
        guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else {
            throw URLError(.badURL)
        }
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.httpBody = Data(bytes)
        request.setValue("application/octet-stream", forHTTPHeaderField: "Content-Type")
        let (data, response) = try await URLSession.shared.data(for: request)
        let code = (response as? HTTPURLResponse)?.statusCode ?? 0
        return (code, String(decoding: data, as: UTF8.self))
    }

    /// Asks again until `height` is final; what ends it otherwise is the test's time limit.
    func waitForHeight(_ height: UInt64) async throws -> Status {
        while true {
            let status = try await status()
            if status.height >= height { return status }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
