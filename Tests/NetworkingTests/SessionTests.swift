import NIOCore
import Testing

@testable import Networking

private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

@Suite struct SessionTests {
    /// Two sessions that face each other.
    private struct Pair {
        var a: Session
        var b: Session

        init(limits: NetworkLimits = NetworkLimits()) {
            let keys = [[UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32)]
            a = Session(
                send: CipherState(key: keys[0]), receive: CipherState(key: keys[1]),
                limits: limits, at: start)
            b = Session(
                send: CipherState(key: keys[1]), receive: CipherState(key: keys[0]),
                limits: limits, at: start)
        }
    }

    private static func fragments(
        _ message: [UInt8], on channel: Networking.Channel
    ) -> [Fragment] {
        var scheduler = SendScheduler(channels: ChannelTable())
        _ = scheduler.enqueue(message, on: channel)
        var fragments: [Fragment] = []
        while let fragment = scheduler.next() { fragments.append(fragment) }
        return fragments
    }

    private static func seal(
        _ session: inout Session, _ fragments: [Fragment], at now: NIODeadline = start
    ) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try session.seal(fragments, into: &buffer, at: now)
        return buffer
    }

    private static func open(
        _ session: inout Session, _ bytes: ByteBuffer, at now: NIODeadline = start
    ) throws -> [Session.Arrival] {
        var bytes = bytes
        var arrivals: [Session.Arrival] = []
        while let frame = try Frame.next(in: &bytes) {
            if let arrival = try session.open(frame, at: now) { arrivals.append(arrival) }
        }
        #expect(bytes.readableBytes == 0)
        return arrivals
    }

    @Test(arguments: [1, 2, 127, 128])
    func `a message arrives as it was`(count: Int) throws {
        var pair = Pair()
        let message = [UInt8](repeating: 5, count: count)
        let bytes = try Self.seal(&pair.a, Self.fragments(message, on: .votes))
        #expect(try Self.open(&pair.b, bytes) == [.message(.votes, message)])
    }

    @Test func `a frame has its golden form`() throws {
        var session = Pair().a
        let bytes = try Self.seal(&session, Self.fragments([0xAA, 0xBB], on: .votes))
        // Length 28; then ChaCha20-Poly1305 of 01 03 00000000 02000000 aabb.
        var expected = CipherState(key: [UInt8](repeating: 1, count: 32))
        let sealed = try expected.seal([1, 3, 0, 0, 0, 0, 2, 0, 0, 0, 0xAA, 0xBB])
        #expect(Array(bytes.readableBytesView) == [28, 0] + sealed)
    }

    @Test func `a changed frame ends the connection and changes nothing else`() throws {
        var pair = Pair()
        let bytes = try Self.seal(&pair.a, Self.fragments([1, 2, 3], on: .votes))
        for index in 2..<bytes.readableBytes {
            var forged = bytes
            let byte = try #require(forged.getInteger(at: index, as: UInt8.self))
            forged.setInteger(byte ^ 1, at: index)
            #expect(throws: PeerFault.frameForged) { try Self.open(&pair.b, forged) }
        }
        #expect(try Self.open(&pair.b, bytes) == [.message(.votes, [1, 2, 3])])
        // The same frame again is a replay: its number is used.
        #expect(throws: PeerFault.frameForged) { try Self.open(&pair.b, bytes) }
    }

    @Test func `frames may come in any pieces`() throws {
        var pair = Pair()
        let bytes = try Self.seal(&pair.a, Self.fragments([9, 9], on: .certificates))
        for count in 0..<bytes.readableBytes {
            var part = try #require(bytes.getSlice(at: 0, length: count))
            #expect(try Frame.next(in: &part) == nil)
            #expect(part.readableBytes == count)
        }
        #expect(try Self.open(&pair.b, bytes) == [.message(.certificates, [9, 9])])
    }

    @Test(arguments: [0, 1, 22, 16_411, 65_535] as [UInt16])
    func `frames of impossible lengths are refused at their first bytes`(length: UInt16) {
        var bytes = ByteBuffer()
        bytes.writeInteger(length, endianness: .little)
        #expect(throws: PeerFault.frameLength(Int(length))) { try Frame.next(in: &bytes) }
    }

    @Test(arguments: [23, 16_410] as [UInt16])
    func `frames of the least and the greatest length are awaited`(length: UInt16) throws {
        var bytes = ByteBuffer()
        bytes.writeInteger(length, endianness: .little)
        #expect(try Frame.next(in: &bytes) == nil)
    }

    /// SEC-36: whatever the holder of the key seals, it ends in an arrival or a fault.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `SEC-31 sealed garbage never traps`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var faults = 0
        for _ in 0..<500 {
            var pair = Pair()
            var cipher = CipherState(key: [UInt8](repeating: 1, count: 32))
            for _ in 0..<4 {
                var plaintext = generator.bytes(7 + Int(generator.next() % 40))
                // Often a known channel and known flags, so that more than the first check is met.
                if generator.next() % 4 != 0 { plaintext[0] %= 10 }
                if generator.next() % 4 != 0 { plaintext[1] %= 8 }
                if generator.next() % 2 == 0, plaintext.count >= 10 {
                    plaintext.replaceSubrange(6..<10, with: [UInt8(plaintext.count - 10), 0, 0, 0])
                }
                let sealed = try cipher.seal(plaintext)
                do {
                    _ = try pair.b.open(ByteBuffer(bytes: sealed), at: start)
                } catch {
                    faults += 1
                    break
                }
            }
        }
        #expect(faults > 100)
    }

    @Test func `keys change by frames, in the middle of a message too`() throws {
        var limits = NetworkLimits()
        limits.rekeyAfterFrames = 3
        var pair = Pair(limits: limits)
        let message = [UInt8](repeating: 7, count: 10 * Fragment.bytesMax)
        let bytes = try Self.seal(&pair.a, Self.fragments(message, on: .requests))
        #expect(try Self.open(&pair.b, bytes) == [.message(.requests, message)])
        // What the first key sealed would have numbers from 0 to 12; the old key is of no use.
        var old = CipherState(key: [UInt8](repeating: 1, count: 32), nonce: 13)
        let next = try Self.seal(&pair.a, Self.fragments([1], on: .votes))
        let sealed = try #require(next.getBytes(at: 2, length: next.readableBytes - 2))
        #expect(throws: NoiseError.forged) { try old.open(sealed) }
        #expect(try Self.open(&pair.b, next) == [.message(.votes, [1])])
    }

    @Test func `keys change by time`() throws {
        var pair = Pair()
        let later = start + .hours(1)
        let bytes = try Self.seal(&pair.a, Self.fragments([1], on: .votes), at: later)
        #expect(bytes.readableBytes == 2 * (2 + 10 + 1 + 16))
        #expect(try Self.open(&pair.b, bytes, at: later) == [.message(.votes, [1])])
        let second = try Self.seal(&pair.a, Self.fragments([2], on: .votes), at: later)
        #expect(second.readableBytes == 2 + 10 + 1 + 16)
        #expect(try Self.open(&pair.b, second, at: later) == [.message(.votes, [2])])
    }

    @Test func `a peer that changes keys without end is at fault`() throws {
        var limits = NetworkLimits()
        limits.rekeyAfterFrames = 1
        var pair = Pair(limits: limits)
        let bytes = try Self.seal(
            &pair.a,
            Self.fragments([UInt8](repeating: 7, count: 1 << 20), on: .requests)
                + Self.fragments([UInt8](repeating: 7, count: 1 << 20), on: .requests))
        #expect(throws: PeerFault.rekeyTooOften) { try Self.open(&pair.b, bytes) }
    }

    /// A hundred thousand pings leave one answer and nothing else.
    @Test func `SEC-29 a flood of pings is answered once and dropped above its rate`() throws {
        var pair = Pair()
        for token in 0..<1_000 as Range<UInt64> {
            var buffer = ByteBuffer()
            try pair.a.seal([TransportMessage.ping(token).fragment], into: &buffer, at: start)
            #expect(try Self.open(&pair.b, buffer) == [])
        }
        #expect(pair.b.droppedMessages == 1_000 - 64)
        let answer = try Self.seal(&pair.b, [])
        #expect(answer.readableBytes == 2 + 10 + 9 + 16)
        #expect(pair.b.hasInternalFrames == false)
        #expect(try Self.open(&pair.a, answer) == [])
    }

    @Test func `messages above twice the rate are dropped, on every channel`() throws {
        for channel in Networking.Channel.allCases {
            var limits = NetworkLimits()
            limits.channels[channel].messageRate = Rate(perSecond: 1, burst: 5)
            var pair = Pair(limits: limits)
            var arrived = 0
            for _ in 0..<30 {
                let bytes = try Self.seal(&pair.a, Self.fragments([1], on: channel))
                arrived += try Self.open(&pair.b, bytes).count
            }
            #expect(arrived == 10, "\(channel)")
            #expect(pair.b.droppedMessages == 20, "\(channel)")
        }
    }

    @Test func `a silent peer is asked, and given up`() throws {
        var pair = Pair()
        try pair.a.tick(at: start + .seconds(5))
        #expect(pair.a.hasInternalFrames)
        let ping = try Self.seal(&pair.a, [])
        #expect(try Self.open(&pair.b, ping) == [])
        let pong = try Self.seal(&pair.b, [])
        #expect(try Self.open(&pair.a, pong, at: start + .seconds(6)) == [])
        try pair.a.tick(at: start + .seconds(20))
        #expect(throws: PeerFault.silent) { try pair.a.tick(at: start + .seconds(21)) }
    }

    @Test func `a message that does not go on ends the connection`() throws {
        var pair = Pair()
        let message = [UInt8](repeating: 7, count: 2 * Fragment.bytesMax)
        let first = try Self.seal(
            &pair.a, Array(Self.fragments(message, on: .requests).prefix(1)))
        #expect(try Self.open(&pair.b, first) == [])
        try pair.b.tick(at: start + .seconds(10))
        #expect(throws: PeerFault.reassemblyTimeout) {
            try pair.b.tick(at: start + .milliseconds(10_001))
        }
    }

    @Test func `a used up key ends the connection`() throws {
        let limits = NetworkLimits()
        let key = CipherState(key: [UInt8](repeating: 1, count: 32), nonce: .max)
        var session = Session(send: key, receive: key, limits: limits, at: start)
        #expect(throws: PeerFault.nonceExhausted) {
            try Self.seal(&session, Self.fragments([1], on: .votes))
        }
        #expect(throws: PeerFault.nonceExhausted) {
            _ = try session.open(ByteBuffer(repeating: 0, count: 40), at: start)
        }
    }

    @Test func `goodbye is heard`() throws {
        var pair = Pair()
        var buffer = ByteBuffer()
        try pair.a.sealGoodbye(into: &buffer)
        #expect(try Self.open(&pair.b, buffer) == [.goodbye])
    }
}

@Suite struct InboxTests {
    private static func inbox(_ bytesMax: Int) -> Inbox {
        Inbox(
            channels: ChannelTable(),
            total: InboxTotal(bytesMax: bytesMax, transactionBytesMax: bytesMax))
    }

    /// Many peers together, each within its own limits.
    @Test func `transactions keep nothing out that was asked for`() {
        let total = InboxTotal(bytesMax: 8 << 20, transactionBytesMax: 4 << 20)
        let strangers = (0..<8).map { _ in Inbox(channels: ChannelTable(), total: total) }
        var credits = strangers.compactMap { $0.take(.transactions, bytes: 1 << 20) }
        #expect(credits.count == 4)
        let validator = Inbox(channels: ChannelTable(), total: total)
        credits += (0..<8).compactMap { _ in validator.take(.requests, bytes: 1 << 20) }
        #expect(credits.count == 12)
        #expect(total.bytes == 12 << 20)
        credits = []
        #expect(total.bytes == 0)
    }

    @Test func `credits come back when messages go`() throws {
        let total = InboxTotal(bytesMax: 1 << 30, transactionBytesMax: 1 << 30)
        let inbox = Inbox(channels: ChannelTable(), total: total)
        let limits = ChannelTable()[.requests]
        var credits: [InboxCredit] = []
        while let credit = inbox.take(.requests, bytes: 1 << 20) { credits.append(credit) }
        #expect(credits.count == limits.inboxBytesMax >> 20)
        #expect(total.bytes == credits.count << 20)
        credits.removeLast()
        #expect(inbox.take(.requests, bytes: 1 << 20) != nil)
        credits = []
        #expect(total.bytes == 0)
    }

    @Test func `a full channel leaves the others room`() {
        let inbox = Self.inbox(1 << 20)
        let credit = inbox.take(.requests, bytes: 1 << 20)
        #expect(credit != nil)
        #expect(inbox.take(.rangeSync, bytes: 1) == nil)
        #expect(inbox.take(.votes, bytes: 128) != nil)
        #expect(inbox.take(.proposals, bytes: 1 << 20) != nil)
        withExtendedLifetime(credit) {}
    }

    @Test func `a channel is full by its messages too`() {
        let inbox = Self.inbox(1 << 30)
        var credits: [InboxCredit] = []
        while let credit = inbox.take(.votes, bytes: 1) { credits.append(credit) }
        #expect(credits.count == ChannelTable()[.votes].inboxMessagesMax)
    }
}
