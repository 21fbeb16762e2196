import NIOCore
import Testing

@testable import Networking

@Suite struct ReassemblerTests {
    static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    static func first(
        _ channel: Networking.Channel, _ total: Int, id: UInt32 = 0, isLast: Bool = false
    ) -> FragmentHeader {
        FragmentHeader(
            channel: channel, isFirst: true, isLast: isLast, messageID: id,
            messageBytes: UInt32(total))
    }

    static func next(
        _ channel: Networking.Channel, id: UInt32 = 0, isLast: Bool
    ) -> FragmentHeader {
        FragmentHeader(
            channel: channel, isFirst: false, isLast: isLast, messageID: id, messageBytes: 0)
    }

    static let full = [UInt8](repeating: 1, count: Fragment.bytesMax)

    private func accept(
        _ reassembler: inout Reassembler, _ header: FragmentHeader, _ bytes: [UInt8],
        at now: NIODeadline = start, isWanted: Bool = true
    ) throws(PeerFault) -> [UInt8]? {
        try reassembler.accept(header, bytes[...], at: now) { _, _ in isWanted }
    }

    /// What goes in comes out, whatever the sizes and the order of the channels.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `SEC-36 what the scheduler cuts the reassembler puts together`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var scheduler = SendScheduler(channels: ChannelTable())
        var reassembler = Reassembler(channels: ChannelTable())
        var sent: [Networking.Channel: [[UInt8]]] = [:]
        var received: [Networking.Channel: [[UInt8]]] = [:]
        var steps = 0
        while steps < 60 || !scheduler.isEmpty {
            steps += 1
            if steps < 60,
                let channel = Networking.Channel.allCases.randomElement(using: &generator)
            {
                let most = min(ChannelTable()[channel].messageBytesMax, 200_000)
                // The borders of fragments are where mistakes are.
                let borders = [1, 16_383, 16_384, 16_385, 32_768, most].filter { $0 <= most }
                let size =
                    generator.next() % 2 == 0
                    ? borders[Int(generator.next() % UInt64(borders.count))]
                    : Int.random(in: 1...most, using: &generator)
                let message = generator.bytes(size)
                if scheduler.enqueue(message, on: channel) == .queued {
                    sent[channel, default: []].append(message)
                }
            }
            for _ in 0..<Int.random(in: 0...8, using: &generator) {
                guard let fragment = scheduler.next() else { break }
                let message = try reassembler.accept(
                    fragment.header, fragment.bytes, at: Self.start
                ) { _, _ in true }
                if let message { received[fragment.header.channel, default: []].append(message) }
                #expect(reassembler.reservedBytes <= Reassembler.bytesMax)
            }
        }
        #expect(received == sent)
        #expect(reassembler.reservedBytes == 0)
    }

    /// Any sequence of fragments ends in a message, in silence or in a fault.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `SEC-26 SEC-36 no sequence of fragments breaks the bounds`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var reassembler = Reassembler(channels: ChannelTable())
        for _ in 0..<2_000 {
            let totals: [UInt32] = [0, 1, 5, 16_384, 16_385, 20_000, 1 << 20, 4 << 20, .max]
            let sizes = [0, 1, 5, 16_383, 16_384, 16_384, 16_384, 3_616]
            let header = FragmentHeader(
                channel: Networking.Channel(rawValue: UInt8(generator.next() % 10)) ?? .control,
                isFirst: generator.next() % 4 == 0, isLast: generator.next() % 8 == 0,
                messageID: UInt32(generator.next() % 2),
                messageBytes: totals[Int(generator.next() % UInt64(totals.count))])
            let bytes = [UInt8](
                repeating: 0, count: sizes[Int(generator.next() % UInt64(sizes.count))])
            let isWanted = generator.next() % 8 != 0
            let message = try? accept(&reassembler, header, bytes, isWanted: isWanted)
            if let message = message ?? nil {
                #expect(message.count <= ChannelTable()[header.channel].messageBytesMax)
            }
            #expect(reassembler.reservedBytes >= 0)
            #expect(reassembler.reservedBytes <= Reassembler.bytesMax)
        }
    }

    @Test func `P33 SEC-20 a message above its channel's limit is refused before it is kept`() {
        var reassembler = Reassembler(channels: ChannelTable())
        #expect(throws: PeerFault.messageOversized(channel: .votes, bytes: 129)) {
            try accept(
                &reassembler, Self.first(.votes, 129, isLast: true),
                [UInt8](repeating: 0, count: 129))
        }
        let most = ChannelTable()[.rangeSync].messageBytesMax
        #expect(throws: PeerFault.messageOversized(channel: .rangeSync, bytes: most + 1)) {
            try accept(&reassembler, Self.first(.rangeSync, most + 1), Self.full)
        }
        #expect(reassembler.reservedBytes == 0)
    }

    @Test func `a message of exactly the limit is taken`() throws {
        var reassembler = Reassembler(channels: ChannelTable())
        let vote = [UInt8](repeating: 9, count: 128)
        #expect(try accept(&reassembler, Self.first(.votes, 128, isLast: true), vote) == vote)
    }

    @Test func `SEC-04 SEC-26 fragments that do not follow their first are refused`() throws {
        var reassembler = Reassembler(channels: ChannelTable())
        #expect(throws: PeerFault.self) {
            try accept(&reassembler, Self.next(.requests, isLast: true), [1])
        }
        #expect(try accept(&reassembler, Self.first(.requests, 16_385), Self.full) == nil)
        #expect(throws: PeerFault.self) {
            try accept(&reassembler, Self.next(.requests, id: 1, isLast: true), [1])
        }
        #expect(throws: PeerFault.self) {
            try accept(&reassembler, Self.next(.proposals, isLast: true), [1])
        }
        #expect(throws: PeerFault.self) {
            try accept(&reassembler, Self.next(.requests, isLast: true), [1, 2])
        }
        #expect(throws: PeerFault.self) {
            try accept(&reassembler, Self.next(.requests, isLast: false), [1])
        }
        #expect(throws: PeerFault.self) {
            try accept(&reassembler, Self.first(.requests, 16_385), Self.full)
        }
        #expect(
            try accept(&reassembler, Self.next(.requests, isLast: true), [2]) == Self.full + [2])
    }

    @Test func `small fragments and messages without bytes are refused`() {
        var reassembler = Reassembler(channels: ChannelTable())
        #expect(throws: PeerFault.self) {
            try accept(&reassembler, Self.first(.requests, 100), [1])
        }
        #expect(throws: PeerFault.self) {
            try accept(&reassembler, Self.first(.requests, 1, isLast: false), [1])
        }
        #expect(throws: PeerFault.self) {
            try accept(&reassembler, Self.first(.requests, 0, isLast: true), [])
        }
    }

    @Test func `what is under way has a bound for the whole connection`() throws {
        var reassembler = Reassembler(channels: ChannelTable())
        _ = try accept(&reassembler, Self.first(.rangeSync, 4 << 20), Self.full)
        _ = try accept(&reassembler, Self.first(.snapshots, 1 << 20), Self.full)
        #expect(throws: PeerFault.reassemblyFull) {
            try accept(&reassembler, Self.first(.proposals, 1_332 << 10), Self.full)
        }
    }

    @Test func `a message that is not wanted is followed and not kept`() throws {
        var reassembler = Reassembler(channels: ChannelTable())
        #expect(
            try accept(&reassembler, Self.first(.requests, 16_385), Self.full, isWanted: false)
                == nil)
        #expect(reassembler.reservedBytes == 0)
        #expect(try accept(&reassembler, Self.next(.requests, isLast: true), [1]) == nil)
        #expect(
            try accept(&reassembler, Self.first(.requests, 1, id: 1, isLast: true), [7]) == [7])
    }

    @Test func `a message stalls when no fragment comes`() throws {
        var reassembler = Reassembler(channels: ChannelTable())
        #expect(!reassembler.isStalled(since: Self.start))
        _ = try accept(&reassembler, Self.first(.requests, 16_385), Self.full)
        #expect(!reassembler.isStalled(since: Self.start))
        #expect(reassembler.isStalled(since: Self.start + .nanoseconds(1)))
        _ = try accept(&reassembler, Self.next(.requests, isLast: true), [1])
        #expect(!reassembler.isStalled(since: Self.start + .seconds(100)))
    }
}
