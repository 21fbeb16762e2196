import Hummingbird
import Synchronization

/// What the API counts about itself.
struct RequestCounts: Sendable {
    /// By the hundreds of the status: index 2 counts 200 to 299.
    var byClass: [UInt64] = [0, 0, 0, 0, 0, 0]
    var submitted: UInt64 = 0
}

/// The rules that every request passes before its route: the host it names, and how often its
/// address asks. All that goes wrong behind it becomes a problem document here.
final class Gate: RouterMiddleware {
    typealias Context = APIContext

    private let hosts: HostRule
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let limiter: Mutex<RateLimiter>
    private let counts = Mutex(RequestCounts())

    init(hosts: HostRule, limiter: RateLimiter) {
        self.hosts = hosts
        self.limiter = Mutex(limiter)
        start = clock.now
    }

    /// Milliseconds since the gate was built.
    var now: Int64 {
        let (seconds, attoseconds) = start.duration(to: clock.now).components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }

    func handle(
        _ request: Request, context: APIContext,
        next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let response: Response
        do {
            try admit(request, context)
            response = try await next(request, context)
        } catch let problem as Problem {
            response = answer(problem, context)
        } catch let error as any HTTPResponseError {
            response = answer(Gate.problem(for: error.status), context)
        }
        let statusClass = min(max(response.status.code / 100, 0), 5)
        counts.withLock { $0.byClass[statusClass] += 1 }
        return response
    }

    private func admit(_ request: Request, _ context: APIContext) throws(Problem) {
        guard hosts.allows(request.head.authority) else {
            throw Problem(
                .misdirectedRequest, "request.bad_host",
                "This node does not answer for the host that the request names.",
                hint: "Use its address, or add the name to api.allowedHosts in althing.toml.")
        }
        let address = context.remoteAddress
        guard limiter.withLock({ $0.takeRequest(from: address, at: now) }) else {
            throw Problem(
                .tooManyRequests, "request.rate_limited",
                "This address asks more often than the node allows.",
                hint: "Send many transactions in one request to /v1/txs/batch.")
        }
    }

    private func answer(_ problem: Problem, _ context: APIContext) -> Response {
        if problem.closesConnection {
            context.closeSoon()
        }
        return problem.response()
    }

    private static func problem(for status: HTTPResponse.Status) -> Problem {
        switch status {
        case .notFound: .unknownRoute
        case .contentTooLarge: .bodyTooLarge(limit: RequestLimits.bodyBytesMax)
        default:
            Problem(status, "request.refused", "The request cannot be answered.")
        }
    }

    /// Takes one of the address's places for streams.
    func openStream(_ address: String) throws(Problem) {
        guard limiter.withLock({ $0.openStream(from: address, at: now) }) else {
            throw Problem(
                .tooManyRequests, "request.too_many_streams",
                "This address has \(RateLimiter.streamsMax) open streams, the most allowed.")
        }
    }

    func closeStream(_ address: String) {
        limiter.withLock { $0.closeStream(from: address) }
    }

    func countSubmitted(_ count: Int) {
        counts.withLock { $0.submitted += UInt64(count) }
    }

    /// The API's own metrics.
    var metrics: [MetricFamily] {
        let counts = counts.withLock { $0 }
        let streams = limiter.withLock { $0.streamCount }
        let samples = (1...5).map { index in
            MetricSample(
                MetricValue(counts.byClass[index]), labels: [("status", "\(index)xx")])
        }
        return [
            MetricFamily(
                name: "api_requests_total", help: "Requests answered, by class of status.",
                content: .counter(samples)),
            .counter(
                "api_transactions_submitted_total", "Transactions handed in through the API.",
                MetricValue(counts.submitted)),
            .gauge("api_streams", "Event streams that are open.", MetricValue(streams)),
        ]
    }
}
