import Testing

@testable import Networking

@Suite struct SendSchedulerTests {
    static func message(_ count: Int, _ byte: UInt8 = 0) -> [UInt8] {
        [UInt8](repeating: byte, count: count)
    }

    @Test func `a vote waits for one fragment of a block`() throws {
        var scheduler = SendScheduler(channels: ChannelTable())
        #expect(scheduler.enqueue(Self.message(1 << 20), on: .proposals) == .queued)
        #expect(scheduler.nextChannel() == .proposals)
        #expect(scheduler.enqueue(Self.message(123), on: .votes) == .queued)
        #expect(scheduler.nextChannel() == .votes)
        #expect(scheduler.nextChannel() == .proposals)
    }

    @Test func `urgent channels go in the order of their numbers`() {
        var scheduler = SendScheduler(channels: ChannelTable())
        for channel in [Networking.Channel.transactions, .certificates, .votes, .control] {
            #expect(scheduler.enqueue([1], on: channel) == .queued)
        }
        var order: [Networking.Channel] = []
        while let fragment = scheduler.next() { order.append(fragment.header.channel) }
        #expect(order == [.control, .votes, .certificates, .transactions])
        #expect(scheduler.isEmpty)
    }

    @Test func `channels share by weight`() throws {
        var table = ChannelTable()
        table[.transactions].queueBytesMax = 64 << 20
        table[.proposals].queueMessagesMax = 64
        table[.proposals].queueBytesMax = 128 << 20
        table[.rangeSync].queueBytesMax = 64 << 20
        var scheduler = SendScheduler(channels: table)
        for _ in 0..<512 {
            #expect(scheduler.enqueue(Self.message(16 << 10), on: .transactions) == .queued)
        }
        for _ in 0..<16 {
            #expect(scheduler.enqueue(Self.message(1 << 20), on: .proposals) == .queued)
        }
        for _ in 0..<8 {
            #expect(scheduler.enqueue(Self.message(4 << 20), on: .rangeSync) == .queued)
        }
        var counts: [Networking.Channel: Int] = [:]
        for _ in 0..<170 {
            if let channel = scheduler.nextChannel() { counts[channel, default: 0] += 1 }
        }
        // Ten, four and three parts of seventeen.
        #expect(abs((counts[.proposals] ?? 0) - 100) <= 2)
        #expect(abs((counts[.transactions] ?? 0) - 40) <= 2)
        #expect(abs((counts[.rangeSync] ?? 0) - 30) <= 2)
    }

    @Test func `a channel has room while any of its messages would be queued`() {
        var table = ChannelTable()
        table[.rangeSync].queueMessagesMax = 3
        table[.rangeSync].messageBytesMax = 100
        table[.rangeSync].queueBytesMax = 300
        var scheduler = SendScheduler(channels: table)
        // By bytes: what is left must hold the largest.
        #expect(scheduler.hasRoom(on: .rangeSync))
        #expect(scheduler.enqueue(Self.message(100), on: .rangeSync) == .queued)
        #expect(scheduler.enqueue(Self.message(100), on: .rangeSync) == .queued)
        #expect(scheduler.hasRoom(on: .rangeSync))
        #expect(scheduler.enqueue(Self.message(1), on: .rangeSync) == .queued)
        #expect(!scheduler.hasRoom(on: .rangeSync))
        #expect(scheduler.hasRoom(on: .requests))
        while scheduler.next() != nil {}
        // By messages.
        for _ in 0..<3 {
            #expect(scheduler.hasRoom(on: .rangeSync))
            #expect(scheduler.enqueue(Self.message(1), on: .rangeSync) == .queued)
        }
        #expect(!scheduler.hasRoom(on: .rangeSync))
    }

    @Test func `a lane that was idle has no claim on the past`() throws {
        var scheduler = SendScheduler(channels: ChannelTable())
        #expect(scheduler.enqueue(Self.message(4 << 20), on: .rangeSync) == .queued)
        for _ in 0..<100 { _ = scheduler.next() }
        #expect(scheduler.enqueue(Self.message(512 << 10), on: .snapshots) == .queued)
        var counts: [Networking.Channel: Int] = [:]
        for _ in 0..<50 {
            if let channel = scheduler.nextChannel() { counts[channel, default: 0] += 1 }
        }
        #expect(abs((counts[.rangeSync] ?? 0) - 30) <= 2)
    }

    @Test func `a full urgent queue drops its oldest message`() throws {
        var table = ChannelTable()
        table[.votes].queueMessagesMax = 2
        var scheduler = SendScheduler(channels: table)
        #expect(scheduler.enqueue([1], on: .votes) == .queued)
        #expect(scheduler.enqueue([2], on: .votes) == .queued)
        #expect(scheduler.enqueue([3], on: .votes) == .queuedDroppingOldest)
        #expect(scheduler.messageCount == 2)
        #expect(scheduler.nextBytes() == [2])
        #expect(scheduler.nextBytes() == [3])
        #expect(scheduler.nextBytes() == nil)
    }

    @Test func `a full queue of another channel drops the newest message`() throws {
        var table = ChannelTable()
        table[.evidence].queueMessagesMax = 2
        var scheduler = SendScheduler(channels: table)
        #expect(scheduler.enqueue([1], on: .evidence) == .queued)
        #expect(scheduler.enqueue([2], on: .evidence) == .queued)
        #expect(scheduler.enqueue([3], on: .evidence) == .dropped)
        #expect(scheduler.nextBytes() == [1])
        #expect(scheduler.enqueue([4], on: .evidence) == .queued)
        #expect(scheduler.nextBytes() == [2])
        #expect(scheduler.nextBytes() == [4])
    }

    @Test func `a queue is also full by its bytes`() {
        var scheduler = SendScheduler(channels: ChannelTable())
        for _ in 0..<4 {
            #expect(scheduler.enqueue(Self.message(1 << 20), on: .proposals) == .queued)
        }
        var requests = 0
        while scheduler.enqueue(Self.message(1 << 20), on: .requests) == .queued { requests += 1 }
        #expect(requests == 8)
    }

    @Test func `messages of no allowed size are refused`() {
        var scheduler = SendScheduler(channels: ChannelTable())
        #expect(scheduler.enqueue([], on: .votes) == .invalidSize)
        #expect(scheduler.enqueue(Self.message(129), on: .votes) == .invalidSize)
        #expect(scheduler.isEmpty)
    }

    @Test func `a proposal begins beside whatever else is under way`() throws {
        var scheduler = SendScheduler(channels: ChannelTable())
        #expect(scheduler.enqueue(Self.message(4 << 20), on: .rangeSync) == .queued)
        #expect(scheduler.enqueue(Self.message(1 << 20), on: .snapshots) == .queued)
        #expect(scheduler.enqueue(Self.message(1 << 20), on: .requests) == .queued)
        for _ in 0..<20 { _ = scheduler.next() }
        #expect(scheduler.enqueue(Self.message(1_332 << 10), on: .proposals) == .queued)
        var sent: [Networking.Channel] = []
        for _ in 0..<8 {
            if let channel = scheduler.nextChannel() { sent.append(channel) }
        }
        #expect(sent.contains(.proposals))
    }
}

extension SendScheduler {
    fileprivate mutating func nextChannel() -> Networking.Channel? { next()?.header.channel }

    fileprivate mutating func nextBytes() -> [UInt8]? { next().map { Array($0.bytes) } }
}
