import Logging
import ServiceLifecycle

@testable import API

/// A logger that says nothing: what goes wrong shows in the answers.
func quietLogger() -> Logger {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
}

/// Serves a chain on a free port while `body` runs, then stops gracefully.
func withServer(
    _ chain: FakeChain, validatorCount: Int = 4,
    configuration: Server.Configuration = Server.Configuration(port: 0),
    _ body: (Client) async throws -> Void
) async throws {
    let (ports, source) = AsyncStream<Int>.makeStream()
    let server = Server(
        configuration: configuration, node: chain.access(validatorCount: validatorCount),
        feed: chain.feed, logger: quietLogger(),
        onListening: { source.yield($0) })
    let group = ServiceGroup(
        configuration: ServiceGroupConfiguration(
            services: [ServiceGroupConfiguration.ServiceConfiguration(service: server)],
            logger: quietLogger()))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            defer { source.finish() }
            try await group.run()
        }
        var listening = ports.makeAsyncIterator()
        guard let port = await listening.next() else {
            try await tasks.next()
            return
        }
        do {
            try await body(Client(port: port))
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
}
