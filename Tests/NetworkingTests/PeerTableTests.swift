import Cryptography
import NIOCore
import Testing

@testable import Networking

private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

@Suite struct PeerTableTests {
    /// Two keys, the smaller first.
    private static var pair: (small: PeerID, large: PeerID) {
        let ids = [makeID(1), makeID(2)].sorted()
        return (ids[0], ids[1])
    }

    private static func table(
        _ own: PeerID, reserved: Set<PeerID> = [], limits: NetworkLimits = NetworkLimits()
    ) -> PeerTable {
        PeerTable(ownID: own, reserved: reserved, limits: limits)
    }

    @Test func `both sides keep the connection that the smaller key began, in any order`() {
        let (small, large) = Self.pair
        for smallHearsOwnFirst in [true, false] {
            for largeHearsOwnFirst in [true, false] {
                // Connection 1 was begun by the smaller key, connection 2 by the larger.
                var a = Self.table(small)
                var b = Self.table(large)
                var kept: [ConnectionID] = []
                for (isSmall, ownFirst) in [
                    (true, smallHearsOwnFirst), (false, largeHearsOwnFirst),
                ] {
                    let own: ConnectionID = isSmall ? 1 : 2
                    let theirs: ConnectionID = isSmall ? 2 : 1
                    let order = ownFirst ? [own, theirs] : [theirs, own]
                    var current: ConnectionID?
                    for id in order {
                        let verdict =
                            isSmall
                            ? a.claim(large, connection: id, isOutbound: id == own, at: start)
                            : b.claim(small, connection: id, isOutbound: id == own, at: start)
                        switch verdict {
                        case .admitted: current = id
                        case .waits(let closing):
                            #expect(closing == current)
                            current = id
                        case .refused(let fault): #expect(fault == .duplicate)
                        }
                    }
                    if let current { kept.append(current) }
                }
                #expect(kept == [1, 1])
            }
        }
    }

    @Test func `a successor has its turn when the first has ended`() {
        let (small, large) = Self.pair
        var table = Self.table(small)
        #expect(table.claim(large, connection: 2, isOutbound: false, at: start) == .admitted)
        #expect(
            table.claim(large, connection: 1, isOutbound: true, at: start) == .waits(closing: 2))
        #expect(table.connection(of: large) == 2)
        #expect(table.release(large, connection: 2) == 1)
        #expect(table.connection(of: large) == 1)
        #expect(table.release(large, connection: 1) == nil)
        #expect(table.isEmpty)
    }

    @Test func `a successor that ends first leaves the slot as it was`() {
        let (small, large) = Self.pair
        var table = Self.table(small)
        _ = table.claim(large, connection: 2, isOutbound: false, at: start)
        _ = table.claim(large, connection: 1, isOutbound: true, at: start)
        #expect(table.release(large, connection: 1) == nil)
        #expect(table.connection(of: large) == 2)
        #expect(table.release(large, connection: 2) == nil)
        #expect(table.isEmpty)
    }

    @Test func `a second connection that the same peer began replaces the first`() {
        let (small, large) = Self.pair
        var table = Self.table(large)
        _ = table.claim(small, connection: 1, isOutbound: false, at: start)
        #expect(
            table.claim(small, connection: 2, isOutbound: false, at: start) == .waits(closing: 1))
        #expect(
            table.claim(small, connection: 3, isOutbound: false, at: start) == .waits(closing: 2))
        #expect(table.release(small, connection: 2) == nil)
        #expect(table.release(small, connection: 1) == 3)
    }

    @Test func `this node refuses its own second connection`() {
        let (small, large) = Self.pair
        var table = Self.table(small)
        _ = table.claim(large, connection: 1, isOutbound: true, at: start)
        #expect(
            table.claim(large, connection: 2, isOutbound: true, at: start) == .refused(.duplicate))
        #expect(table.release(large, connection: 2) == nil)
        #expect(table.connection(of: large) == 1)
    }

    @Test func `it refuses itself and those it sent away`() {
        let (small, large) = Self.pair
        var table = Self.table(small)
        #expect(
            table.claim(small, connection: 1, isOutbound: true, at: start) == .refused(.ownKey))
        table.ban(large, for: .seconds(10), at: start)
        #expect(
            table.claim(large, connection: 1, isOutbound: true, at: start + .seconds(9))
                == .refused(.banned))
        #expect(
            table.claim(large, connection: 1, isOutbound: true, at: start + .seconds(10))
                == .admitted)
    }

    @Test func `slots run out for strangers and not for reserved peers`() {
        var limits = NetworkLimits()
        limits.inboundPeersMax = 2
        limits.outboundPeersMax = 1
        var table = Self.table(makeID(1), reserved: [makeID(9)], limits: limits)
        #expect(table.claim(makeID(2), connection: 2, isOutbound: false, at: start) == .admitted)
        #expect(table.claim(makeID(3), connection: 3, isOutbound: false, at: start) == .admitted)
        #expect(
            table.claim(makeID(4), connection: 4, isOutbound: false, at: start)
                == .refused(.noFreeSlot))
        #expect(table.claim(makeID(5), connection: 5, isOutbound: true, at: start) == .admitted)
        #expect(
            table.claim(makeID(6), connection: 6, isOutbound: true, at: start)
                == .refused(.noFreeSlot))
        #expect(table.claim(makeID(9), connection: 9, isOutbound: false, at: start) == .admitted)
        #expect(table.release(makeID(2), connection: 2) == nil)
        #expect(table.claim(makeID(4), connection: 4, isOutbound: false, at: start) == .admitted)
    }

    private static func host(_ bytes: UInt8...) -> HostKey {
        HostKey(host: bytes, subnet: Array(bytes.prefix(3)))
    }

    @Test func `strangers of one host have so many slots, and reserved peers there any`() {
        let reserved: Set<PeerID> = [makeID(8), makeID(9)]
        var table = Self.table(makeID(1), reserved: reserved)
        let host = Self.host(10, 0, 0, 1)
        func claim(_ number: UInt8, isOutbound: Bool = false) -> PeerTable.Verdict {
            table.claim(
                makeID(number), connection: UInt64(number), isOutbound: isOutbound, from: host,
                at: start)
        }
        #expect(claim(8) == .admitted)
        for number in 2...4 as ClosedRange<UInt8> { #expect(claim(number) == .admitted) }
        #expect(claim(5) == .refused(.noFreeSlot))
        #expect(claim(9) == .admitted)
        // Whom this node calls is its own choice.
        #expect(claim(6, isOutbound: true) == .admitted)
        // It takes the place of its own first connection, and nobody else's.
        #expect(
            table.claim(makeID(4), connection: 40, isOutbound: false, from: host, at: start)
                == .waits(closing: 4))
        #expect(
            table.claim(
                makeID(5), connection: 5, isOutbound: false, from: Self.host(10, 0, 0, 2),
                at: start) == .admitted)
        #expect(table.release(makeID(2), connection: 2) == nil)
        #expect(claim(7) == .admitted)
    }

    @Test func `strangers of one subnet have so many slots, and reserved peers there any`() {
        var table = Self.table(makeID(1), reserved: [makeID(99)])
        func claim(_ number: UInt8, _ host: HostKey) -> PeerTable.Verdict {
            table.claim(
                makeID(number), connection: UInt64(number), isOutbound: false, from: host,
                at: start)
        }
        for last in 2..<18 as Range<UInt8> {
            #expect(claim(last, Self.host(10, 0, 0, last)) == .admitted)
        }
        #expect(claim(18, Self.host(10, 0, 0, 18)) == .refused(.noFreeSlot))
        #expect(claim(99, Self.host(10, 0, 0, 99)) == .admitted)
        #expect(claim(18, Self.host(10, 0, 1, 18)) == .admitted)
        // A stranger that gets a seat leaves its place to another one.
        table.setReserved([makeID(2), makeID(99)])
        #expect(claim(19, Self.host(10, 0, 0, 19)) == .admitted)
        #expect(claim(20, Self.host(10, 0, 0, 20)) == .refused(.noFreeSlot))
    }

    @Test func `a host may begin again at once after a reserved peer there has shown itself`() {
        var table = Self.table(makeID(1), reserved: [makeID(9)])
        let host = Self.host(10, 0, 0, 1)
        #expect(table.admit(1, from: host, at: start) == .admitted(closing: nil))
        #expect(table.admit(2, from: host, at: start) == .refused)
        #expect(
            table.claim(makeID(9), connection: 1, isOutbound: false, from: host, at: start)
                == .admitted)
        table.finishHandshake(1)
        #expect(table.admit(3, from: host, at: start) == .admitted(closing: nil))
        #expect(
            table.claim(makeID(5), connection: 3, isOutbound: false, from: host, at: start)
                == .admitted)
        table.finishHandshake(3)
        #expect(table.admit(4, from: host, at: start) == .refused)
    }

    @Test func `strangers do not push out a host from which a reserved peer has come`() {
        var limits = NetworkLimits()
        limits.pendingHandshakesMax = 2
        var table = Self.table(makeID(1), reserved: [makeID(9)], limits: limits)
        let home = Self.host(10, 0, 0, 1)
        _ = table.claim(makeID(9), connection: 1, isOutbound: false, from: home, at: start)
        #expect(table.release(makeID(9), connection: 1) == nil)
        #expect(table.admit(2, from: home, at: start) == .admitted(closing: nil))
        for id in 3...9 as ClosedRange<UInt64> {
            #expect(
                table.admit(id, from: Self.host(10, 0, UInt8(id), 1), at: start)
                    == .admitted(closing: id == 3 ? nil : id - 1))
        }
        // One that has no seat any more has no claim on it.
        table.setReserved([])
        #expect(
            table.admit(10, from: Self.host(10, 0, 10, 1), at: start) == .admitted(closing: 2))
    }

    @Test func `conduct bans a stranger and holds a reserved peer off for a short time`() {
        let reserved = makeID(2)
        let stranger = makeID(3)
        var table = Self.table(makeID(1), reserved: [reserved])
        #expect(table.note(.malformed, by: stranger, at: start) == true)
        #expect(table.note(.malformed, by: reserved, at: start) == true)
        #expect(table.note(.timeout, by: makeID(4), at: start) == false)
        #expect(table.isBanned(reserved, at: start + .seconds(29)))
        #expect(!table.isBanned(reserved, at: start + .seconds(31)))
        #expect(table.isBanned(stranger, at: start + .minutes(59)))
        #expect(!table.isBanned(stranger, at: start + .minutes(61)))
    }

    @Test func `a peer that becomes reserved is let in, and one that is stays away`() {
        let peer = makeID(2)
        let other = makeID(3)
        var table = Self.table(makeID(1))
        table.ban(peer, for: .hours(24), at: start)
        table.ban(other, for: .hours(24), at: start)
        table.setReserved([peer])
        #expect(!table.isBanned(peer, at: start))
        #expect(table.claim(peer, connection: 1, isOutbound: false, at: start) == .admitted)
        #expect(table.isBanned(other, at: start))
        #expect(table.note(.forged, by: peer, at: start) == true)
        #expect(table.isBanned(peer, at: start + .minutes(59)))
        // The next epoch names it once more.
        table.setReserved([peer, other])
        #expect(table.isBanned(peer, at: start + .minutes(59)))
        #expect(!table.isBanned(other, at: start))
    }

    @Test func `what is remembered of peers is bounded`() {
        var table = Self.table(makeID(1))
        for number in 0..<5_000 as Range<UInt64> {
            let peer = PeerID(words: Words32(number, 1, 2, 3))
            #expect(table.note(.forged, by: peer, at: start) == true)
            #expect(table.isBanned(peer, at: start))
        }
        #expect(table.rememberedPeers <= 2 * PeerTable.rememberedMax)
        table.prune(at: start + .hours(48))
        #expect(table.rememberedPeers <= PeerTable.rememberedMax)
    }
}

@Suite struct HostKeyTests {
    private static func key(_ ip: String) throws -> HostKey? {
        HostKey(try SocketAddress(ipAddress: ip, port: 1))
    }

    @Test func `this machine is exempt`() throws {
        #expect(try Self.key("127.0.0.1") == nil)
        #expect(try Self.key("127.9.9.9") == nil)
        #expect(try Self.key("::1") == nil)
        #expect(try Self.key("::ffff:127.0.0.1") == nil)
    }

    @Test func `addresses have their subnets`() throws {
        let v4 = HostKey(host: [192, 0, 2, 7], subnet: [192, 0, 2])
        #expect(try Self.key("192.0.2.7") == v4)
        #expect(try Self.key("::ffff:192.0.2.7") == v4)
        let v6 = HostKey(
            host: [0x20, 1, 0x0d, 0xb8, 0, 1, 0, 2], subnet: [0x20, 1, 0x0d, 0xb8, 0, 1])
        #expect(try Self.key("2001:db8:1:2::9") == v6)
    }
}

@Suite struct DialPlanTests {
    private static let address = PeerAddress(id: makeID(2), host: "h", port: 1)

    private static func plan(_ addresses: [PeerAddress] = [address]) -> DialPlan {
        DialPlan(addresses: addresses, limits: NetworkLimits(), at: start)
    }

    private func due(_ plan: inout DialPlan, at now: NIODeadline) -> DialPlan.Attempt? {
        plan.due(at: now) { _ in false }.first?.0
    }

    @Test func `the delays double from one second to the limit`() {
        let plan = Self.plan()
        let delays = (1...9).map { plan.delayMilliseconds(failures: $0, isReserved: true) }
        #expect(delays == [200, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
        #expect(plan.delayMilliseconds(failures: 60, isReserved: false) == 600_000)
        #expect(plan.delayMilliseconds(failures: .max, isReserved: true) == 30_000)
    }

    @Test func `a target is called at once, and again after its delay`() throws {
        var plan = Self.plan()
        let found = due(&plan, at: start)
        let first = try #require(found)
        #expect(due(&plan, at: start + .hours(1)) == nil)
        plan.ended(first, .failed, isReserved: true, jitter: 0, at: start)
        #expect(due(&plan, at: start + .milliseconds(199)) == nil)
        #expect(due(&plan, at: start + .milliseconds(200)) != nil)
    }

    @Test func `jitter moves the delay by a fifth`() throws {
        for (jitter, delay) in [(-200, 160), (200, 240)] as [(Int64, Int64)] {
            var plan = Self.plan()
            let found = due(&plan, at: start)
            plan.ended(
                try #require(found), .failed, isReserved: true, jitter: jitter, at: start)
            #expect(due(&plan, at: start + .milliseconds(delay - 1)) == nil)
            #expect(due(&plan, at: start + .milliseconds(delay)) != nil)
        }
    }

    @Test func `the end of an attempt counts once`() throws {
        var plan = Self.plan()
        let found = due(&plan, at: start)
        let attempt = try #require(found)
        plan.ended(attempt, .failed, isReserved: true, jitter: 0, at: start)
        plan.ended(attempt, .failed, isReserved: true, jitter: 0, at: start + .seconds(60))
        #expect(due(&plan, at: start + .milliseconds(200)) != nil)
    }

    @Test func `a connection that lasted is replaced quickly`() throws {
        var plan = Self.plan()
        var now = start
        for _ in 0..<5 {
            let found = due(&plan, at: now)
            plan.ended(try #require(found), .failed, isReserved: true, jitter: 0, at: now)
            now = now + .seconds(60)
        }
        let found = due(&plan, at: now)
        plan.ended(
            try #require(found), .established(lasted: .seconds(10)), isReserved: true, jitter: 0,
            at: now)
        #expect(due(&plan, at: now + .milliseconds(200)) != nil)
    }

    @Test func `connections that break at once are called ever more seldom`() throws {
        var plan = Self.plan()
        let found = due(&plan, at: start)
        plan.ended(
            try #require(found), .established(lasted: .seconds(1)), isReserved: true, jitter: 0,
            at: start)
        let again = due(&plan, at: start + .milliseconds(200))
        plan.ended(
            try #require(again), .established(lasted: .seconds(1)), isReserved: true, jitter: 0,
            at: start)
        #expect(due(&plan, at: start + .milliseconds(999)) == nil)
        #expect(due(&plan, at: start + .milliseconds(1_000)) != nil)
    }

    @Test func `whoever is connected is not called, once we know who answers`() throws {
        var plan = Self.plan([PeerAddress(host: "h", port: 1)])
        let found = due(&plan, at: start)
        let attempt = try #require(found)
        plan.identified(attempt, as: makeID(3))
        plan.ended(attempt, .duplicate, isReserved: true, jitter: 0, at: start)
        let later = start + .seconds(10)
        #expect(plan.due(at: later) { $0 == makeID(3) }.isEmpty)
        #expect(due(&plan, at: later) != nil)
    }

    @Test func `the node's own address is called once`() throws {
        var plan = Self.plan()
        let found = due(&plan, at: start)
        plan.ended(try #require(found), .ownAddress, isReserved: true, jitter: 0, at: start)
        #expect(due(&plan, at: start + .hours(24)) == nil)
    }

    @Test func `a lost peer is called soon`() throws {
        var plan = Self.plan()
        for step in 0..<6 as Range<Int64> {
            let found = due(&plan, at: start + .seconds(60 * step))
            plan.ended(
                try #require(found), .failed, isReserved: true, jitter: 0,
                at: start + .seconds(60 * step))
        }
        let now = start + .seconds(301)
        #expect(due(&plan, at: now + .milliseconds(200)) == nil)
        plan.hurry(makeID(2), at: now)
        #expect(due(&plan, at: now + .milliseconds(200)) != nil)
    }

    @Test func `the same trouble is news once`() throws {
        var plan = Self.plan()
        let found = due(&plan, at: start)
        let attempt = try #require(found)
        let news = ["a", "a", "b", nil, "b"].map { plan.isNews($0, about: attempt) }
        #expect(news == [true, false, true, true, true])
    }

    @Test func `an address is kept once`() {
        var plan = Self.plan()
        plan.add(Self.address, at: start)
        #expect(plan.due(at: start) { _ in false }.count == 1)
    }
}
