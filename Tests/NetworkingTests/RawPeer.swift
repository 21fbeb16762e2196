import Codec
import Cryptography
import NIOCore
import NIOPosix
import Testing

@testable import Networking

/// A peer on a plain socket that does what the test says, good or bad.
final class RawPeer {
    struct Closed: Error {}

    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var received: [UInt8] = []

    private init(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    /// Connects, runs the body and closes.
    static func connect<Result>(
        to address: PeerAddress, _ body: (RawPeer) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(RawPeer(inbound, outbound))
        }
    }

    func write(_ bytes: [UInt8]) async throws {
        try await outbound.write(ByteBuffer(bytes: bytes))
    }

    func read(_ count: Int) async throws -> [UInt8] {
        while received.count < count {
            guard let next = try await inbound.next(isolation: #isolation) else { throw Closed() }
            received += Array(next.readableBytesView)
        }
        defer { received.removeFirst(count) }
        return Array(received.prefix(count))
    }

    /// Returns when the other side has closed.
    func waitForClose() async throws {
        do {
            while try await inbound.next(isolation: #isolation) != nil {}
        } catch is IOError {
            // A reset is a close too.
        }
    }

    /// The whole handshake with the key of the number; the ciphers that follow.
    func shakeHands(
        as number: UInt8, networkID: Digest = testNetwork
    ) async throws -> (send: CipherState, receive: CipherState) {
        var handshake = SecureHandshakeTests.handshake(
            .initiator, SecureHandshakeTests.identity(number, networkID: networkID))
        try await write(try handshake.begin())
        let answer = try await read(handshake.expectedBytes)
        _ = try handshake.receive(answer)
        let (message, send, receive) = try handshake.complete()
        try await write(try #require(message))
        return (send, receive)
    }
}
