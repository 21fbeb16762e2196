import Chain
import Codec
import NIOCore
import NIOPosix
import Testing

@testable import API

@Suite(.timeLimit(.minutes(10)))
struct ServerTests {
    @Test(arguments: ["/", "/v1", "/v1/nothing", "/v1/blocks/1/2", "/v1/../etc/passwd"])
    func `an unknown path is a problem with a code`(path: String) async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.get(path)
            #expect(answer.status == 404)
            #expect(answer.code == "request.unknown_route")
        }
    }

    @Test func `a method that a path does not have is a problem too`() async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.send("DELETE", "/v1/status")
            #expect(answer.status == 404)
            #expect(answer.code == "request.unknown_route")
        }
    }

    @Test func `a request for another host is refused, whatever its path`() async throws {
        try await withServer(FakeChain()) { client in
            for path in ["/v1/status", "/nothing"] {
                let answer = try await client.get(path, headers: ["Host": "evil.example:7070"])
                #expect(answer.status == 421)
                #expect(answer.code == "request.bad_host")
            }
            let local = try await client.get("/v1/status", headers: ["Host": "localhost:7070"])
            #expect(local.status == 200)
        }
    }

    @Test func `a configured host is answered`() async throws {
        let configuration = Server.Configuration(port: 0, allowedHosts: ["Node.example"])
        try await withServer(FakeChain(), configuration: configuration) { client in
            let answer = try await client.get("/v1/status", headers: ["Host": "node.EXAMPLE"])
            #expect(answer.status == 200)
        }
    }

    @Test func `an answer allows no other origin`() async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.get(
                "/v1/status", headers: ["Origin": "http://evil.example"])
            #expect(answer.headers["access-control-allow-origin"] == nil)
        }
    }

    @Test(arguments: ["\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "hello\r\n\r\n"])
    func `bytes that are no HTTP are refused and the server goes on`(text: String) async throws {
        try await withServer(FakeChain()) { client in
            let bytes = try await client.exchange(Array(text.utf8))
            #expect(Answer(bytes)?.status == 400)
            let answer = try await client.get("/v1/status")
            #expect(answer.status == 200)
        }
    }

    @Test func `too many headers are refused`() async throws {
        try await withServer(FakeChain()) { client in
            let line = "X: \(String(repeating: "x", count: 10_000))\r\n"
            let head = "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n"
            let few = try await client.exchange(
                Array((head + "Connection: close\r\n" + line + "\r\n").utf8))
            #expect(Answer(few)?.status == 200)
            let many = try await client.exchange(
                Array((head + String(repeating: line, count: 10) + "\r\n").utf8))
            #expect(Answer(many)?.status == 400)
        }
    }

    @Test func `a length that is no number is refused`() async throws {
        try await withServer(FakeChain()) { client in
            let text = "POST /v1/txs HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n"
            let bytes = try await client.exchange(Array(text.utf8))
            #expect(Answer(bytes)?.status == 400)
        }
    }

    @Test func `a body in chunks above the limit is refused without its length`() async throws {
        try await withServer(FakeChain()) { client in
            var text = "POST /v1/txs HTTP/1.1\r\nHost: localhost\r\n"
            text += "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            let chunk = "4000\r\n" + String(repeating: "x", count: 0x4000) + "\r\n"
            text += String(repeating: chunk, count: 5) + "0\r\n\r\n"
            let answer = Answer(try await client.exchange(Array(text.utf8)))
            #expect(answer?.status == 413)
        }
    }

    @Test func `an address that asks too often is told so`() async throws {
        var configuration = Server.Configuration(port: 0)
        configuration.loopbackBurst = 3
        configuration.loopbackPerSecond = 0
        try await withServer(FakeChain(), configuration: configuration) { client in
            for _ in 0..<3 {
                let answer = try await client.get("/livez")
                #expect(answer.status == 200)
            }
            let answer = try await client.get("/livez")
            #expect(answer.status == 429)
            #expect(answer.code == "request.rate_limited")
            #expect(answer.headers["retry-after"] == "1")
        }
    }

    @Test func `a head is answered without a body`() async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.send("HEAD", "/v1/status")
            #expect(answer.status == 200)
            #expect(answer.body.isEmpty)
        }
    }

    @Test func `a port in use is named`() async throws {
        try await withServer(FakeChain()) { client in
            let chain = FakeChain()
            let second = Server(
                configuration: Server.Configuration(port: client.port), node: chain.access(),
                feed: chain.feed, logger: quietLogger())
            await #expect(throws: ServerError.portInUse(host: "127.0.0.1", port: client.port)) {
                try await second.run()
            }
        }
    }

    @Test func `a half-sent body does not keep the server from stopping`() async throws {
        var configuration = Server.Configuration(port: 0)
        configuration.stopTime = .milliseconds(50)
        // The body's own time does not end what this test waits for.
        configuration.bodyTime = .hours(1)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            try await withServer(FakeChain(), configuration: configuration) { client in
                let channel = try await ClientBootstrap(
                    group: .singletonMultiThreadedEventLoopGroup
                ).connect(host: "127.0.0.1", port: client.port).get()
                let head = "POST /v1/txs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n"
                try await channel.writeAndFlush(ByteBuffer(string: head + "abc"))
                tasks.addTask { try await channel.closeFuture.get() }
                let alive = try await client.get("/livez")
                #expect(alive.status == 200)
            }
            try await tasks.waitForAll()
        }
    }
}
