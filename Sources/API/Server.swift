import Chain
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// The node's HTTP interface: resources under `/v1`, `/livez`, `/readyz`, `/metrics`.
///
/// It reads immutable snapshots through `NodeAccess` and changes nothing but by `submit`. It knows
/// nothing of consensus, peers or keys, has no verb for administrators, sends no CORS header, and
/// answers only for hosts it was told of. Everything that a client sends has a bound before it is
/// read. What finalized blocks say arrives through `FinalityFeed`.
///
/// An open stream, a slow reader or a half-sent body never keeps the process from stopping: at
/// graceful shutdown streams and waits end at once, and what is left ends with
/// `Configuration.stopTime`.
public struct Server: Service {
    public struct Configuration: Sendable {
        /// A name or an address to listen on.
        public var host: String
        /// 0 takes a free port.
        public var port: Int
        /// More names that requests may carry as their `Host`.
        public var allowedHosts: [String]
        /// The prefix of every metric.
        public var metricsNamespace: String
        /// What an address may ask after a pause, and a second: on this machine, from others.
        public var loopbackBurst = 10_000
        public var loopbackPerSecond = 10_000
        public var burst = 200
        public var perSecond = 50
        public var connectionsMax = 1_024
        /// How long a client may take to send a body.
        public var bodyTime = TimeAmount.seconds(15)
        /// How long a connection may say nothing.
        public var idleSeconds = 60
        /// How long requests may go on after the order to stop.
        public var stopTime = Duration.seconds(5)
        /// How often a stream without news shows that it lives.
        public var keepAliveTime = Duration.seconds(15)

        public init(
            host: String = "127.0.0.1", port: Int = 7_070, allowedHosts: [String] = [],
            metricsNamespace: String = "althing"
        ) {
            self.host = host
            self.port = port
            self.allowedHosts = allowedHosts
            self.metricsNamespace = metricsNamespace
        }
    }

    private let configuration: Configuration
    private let api: API
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameter onListening: is told the port once the server listens.
    public init(
        configuration: Configuration, node: NodeAccess, feed: FinalityFeed, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.onListening = onListening
        let limiter = RateLimiter(
            loopback: RateLimiter.Limits(
                burst: Int64(configuration.loopbackBurst),
                perSecond: Int64(configuration.loopbackPerSecond)),
            others: RateLimiter.Limits(
                burst: Int64(configuration.burst), perSecond: Int64(configuration.perSecond)))
        api = API(
            node: node, feed: feed,
            gate: Gate(
                hosts: HostRule(names: configuration.allowedHosts + [configuration.host]),
                limiter: limiter),
            metricsNamespace: configuration.metricsNamespace, bodyTime: configuration.bodyTime)
    }

    /// Serves until the service group stops gracefully or the task is cancelled.
    ///
    /// - Throws: `ServerError` if it cannot listen.
    public func run() async throws {
        let application = makeApplication()
        let feed = api.feed
        let keepAliveTime = configuration.keepAliveTime
        let stopTime = configuration.stopTime
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await application.run() }
                group.addTask {
                    while true {
                        try await Task.sleep(for: keepAliveTime)
                        feed.wakeReaders()
                    }
                }
                group.addTask {
                    try await gracefulShutdown()
                    feed.finish()
                    try await Task.sleep(for: stopTime)
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw ServerError.portInUse(host: configuration.host, port: configuration.port)
        } catch let error as IOError {
            throw cannotListen(error)
        } catch let error as SocketAddressError {
            throw cannotListen(error)
        } catch is SocketAddressError.UnknownHost {
            throw ServerError.cannotListen(
                host: configuration.host, port: configuration.port,
                reason: "no such host is known")
        }
    }

    private func cannotListen(_ error: any Error) -> ServerError {
        .cannotListen(
            host: configuration.host, port: configuration.port, reason: String(describing: error))
    }

    private func makeApplication() -> some ApplicationProtocol {
        var logger = logger
        // What the framework tells about itself is of no use to whoever runs a node.
        logger.logLevel = .critical
        let onListening = onListening
        return Application(
            router: api.makeRouter(),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    idleTimeout: .seconds(Int64(configuration.idleSeconds)),
                    httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                        maxHeaderFieldSize: 16 * 1_024, maxHeaderListSize: 32 * 1_024,
                        maxHeaderFieldCount: 100))),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                availableConnectionsDelegate: MaximumAvailableConnections(
                    configuration.connectionsMax, logger: logger)),
            onServerRunning: { channel in
                await onListening(channel.localAddress?.port ?? 0)
            },
            logger: logger)
    }
}

/// The routes with what they share.
struct API: Sendable {
    let node: NodeAccess
    let feed: FinalityFeed
    let gate: Gate
    let metricsNamespace: String
    let bodyTime: TimeAmount
    let validatorIndex = ValidatorIndexCache()
    let start = ContinuousClock.now

    func makeRouter() -> Router<APIContext> {
        let router = Router(context: APIContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(middleware: gate)
        addStatusRoutes(to: router)
        addTransactionRoutes(to: router)
        addBlockRoutes(to: router)
        addAccountRoutes(to: router)
        addValidatorRoutes(to: router)
        addStakeRoutes(to: router)
        addGovernanceRoutes(to: router)
        addHoldingRoutes(to: router)
        addRepresentationRoutes(to: router)
        addStreamRoute(to: router)
        return router
    }
}
