import Chain
import Hummingbird
import NIOCore

/// Why the server could not start.
public enum ServerError: Error, Equatable, Sendable, CustomStringConvertible {
    case portInUse(host: String, port: Int)
    case cannotListen(host: String, port: Int, reason: String)

    public var description: String {
        switch self {
        case .portInUse(let host, let port):
            "The port \(port) of \(host) is in use by another program."
        case .cannotListen(let host, let port, let reason):
            "Cannot listen on port \(port) of \(host): \(reason)"
        }
    }
}

/// An answer that is no success, in the form of RFC 9457.
struct Problem: Error, Equatable {
    let status: HTTPResponse.Status
    /// Stable: programs compare it.
    let code: String
    let detail: String
    var hint: String?
    var details: [String: String] = [:]
    /// Whether the connection is of no more use: the rest of a request is still on its way.
    var closesConnection = false

    init(
        _ status: HTTPResponse.Status, _ code: String, _ detail: String, hint: String? = nil,
        details: [String: String] = [:], closesConnection: Bool = false
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.hint = hint
        self.details = details
        self.closesConnection = closesConnection
    }

    /// A transaction that is not taken.
    init(_ refusal: Refusal, in style: FactStyle = .plain) {
        // The node has no room for it now; nothing is wrong with the transaction.
        let isBusy = ["pool.busy", "pool.full", "node.stopping"].contains(refusal.code)
        self.init(
            isBusy ? .serviceUnavailable : .unprocessableContent, refusal.code,
            PlainFacts.readable(refusal.message, in: style),
            hint: refusal.hint,
            details: ["mayBeCuredByWaiting": refusal.mayBeCuredByWaiting ? "true" : "false"])
    }

    static func badParameter(_ name: String, _ detail: String) -> Problem {
        Problem(.badRequest, "request.bad_parameter", detail, details: ["parameter": name])
    }

    static func notFound(_ code: String, _ detail: String, hint: String? = nil) -> Problem {
        Problem(.notFound, code, detail, hint: hint)
    }

    static let unknownRoute = Problem(
        .notFound, "request.unknown_route", "There is nothing at this path for this method.",
        hint: "The resources are under /v1: status, chain, blocks, txs, accounts, validators, gov.")

    /// What is sent.
    private struct Document: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String
        let code: String
        let hint: Nullable<String>
        let details: [String: String]
    }

    func response() -> Response {
        let document = Document(
            type: "urn:althing:error:\(code)", title: status.reasonPhrase, status: status.code,
            detail: detail, code: code, hint: Nullable(hint), details: details)
        var response = jsonResponse(document, status: status)
        response.headers[.contentType] = "application/problem+json"
        if status == .tooManyRequests || status == .serviceUnavailable {
            response.headers[.retryAfter] = "1"
        }
        if closesConnection {
            response.headers[.connection] = "close"
        }
        return response
    }
}
