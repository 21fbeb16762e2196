import NIOCore
import Testing

@testable import Networking

private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

@Suite struct HandshakesTests {
    private static func host(_ subnet: Int, _ last: UInt8 = 1) -> HostKey {
        let bytes = [10, UInt8(subnet / 256), UInt8(subnet % 256)]
        return HostKey(host: bytes + [last], subnet: bytes)
    }

    private static func begin(
        _ handshakes: inout Handshakes, _ id: ConnectionID, _ host: HostKey?,
        known: Set<[UInt8]> = [], limits: NetworkLimits = NetworkLimits(),
        at now: NIODeadline = start
    ) -> PeerTable.Admission {
        handshakes.begin(id, from: host, known: known, limits: limits, at: now)
    }

    @Test func `a host has so many under way and begins one in two seconds`() {
        var handshakes = Handshakes()
        let host = Self.host(1)
        func begin(_ id: ConnectionID, milliseconds: Int64) -> PeerTable.Admission {
            Self.begin(&handshakes, id, host, at: start + .milliseconds(milliseconds))
        }
        #expect(begin(1, milliseconds: 0) == .admitted(closing: nil))
        #expect(begin(2, milliseconds: 1_999) == .refused)
        #expect(begin(3, milliseconds: 2_000) == .admitted(closing: nil))
        #expect(begin(4, milliseconds: 4_000) == .admitted(closing: nil))
        // The oldest of its own goes for the fourth.
        #expect(handshakes.contains(1))
        #expect(begin(5, milliseconds: 6_000) == .admitted(closing: 1))
        #expect(!handshakes.contains(1))
        for id in [3, 4, 5] as [ConnectionID] { handshakes.end(id) }
        #expect(handshakes.count == 0)
    }

    @Test func `the machine's own addresses have no bound but the whole`() {
        var handshakes = Handshakes()
        for id in 1...128 as ClosedRange<ConnectionID> {
            #expect(Self.begin(&handshakes, id, nil) == .admitted(closing: nil))
        }
        #expect(Self.begin(&handshakes, 129, nil) == .admitted(closing: 1))
        #expect(handshakes.count == 128)
        handshakes.end(129)
        // It was pushed out before.
        handshakes.end(1)
        #expect(handshakes.count == 127)
        #expect(Self.begin(&handshakes, 130, nil) == .admitted(closing: nil))
    }

    /// Forty-three addresses with three handshakes each used to hold all places.
    @Test func `whoever holds all places loses one to everybody who comes`() {
        var handshakes = Handshakes()
        var id: ConnectionID = 0
        for round in 0..<3 as Range<Int64> {
            for last in 0..<43 as Range<UInt8> where id < 128 {
                id += 1
                #expect(
                    Self.begin(
                        &handshakes, id, Self.host(last < 20 ? 1 : 2, last),
                        at: start + .seconds(2 * round)) == .admitted(closing: nil))
            }
        }
        let now = start + .seconds(5)
        // Of subnet 2 there are more: 68 against 60.
        #expect(Self.begin(&handshakes, 200, Self.host(3), at: now) == .admitted(closing: 21))
        #expect(Self.begin(&handshakes, 201, Self.host(4), at: now) == .admitted(closing: 22))
        #expect(handshakes.count == 128)
    }

    @Test func `of many networks with one each the oldest goes`() {
        var handshakes = Handshakes()
        for id in 1...128 as ClosedRange<ConnectionID> {
            _ = Self.begin(&handshakes, id, Self.host(Int(id)))
        }
        #expect(Self.begin(&handshakes, 129, Self.host(129)) == .admitted(closing: 1))
        #expect(Self.begin(&handshakes, 130, Self.host(130)) == .admitted(closing: 2))
        #expect(Self.begin(&handshakes, 131, Self.host(130, 2)) == .admitted(closing: 130))
    }

    @Test func `a known host is pushed out by known ones only`() {
        var limits = NetworkLimits()
        limits.pendingHandshakesMax = 2
        var handshakes = Handshakes()
        let known: Set<[UInt8]> = [
            Self.host(1).host, Self.host(2).host, Self.host(3).host,
        ]
        func begin(_ id: ConnectionID, _ subnet: Int) -> PeerTable.Admission {
            Self.begin(&handshakes, id, Self.host(subnet), known: known, limits: limits)
        }
        #expect(begin(1, 1) == .admitted(closing: nil))
        #expect(begin(2, 9) == .admitted(closing: nil))
        #expect(begin(3, 2) == .admitted(closing: 2))
        #expect(begin(4, 8) == .refused)
        #expect(begin(5, 3) == .admitted(closing: 1))
    }

    /// One IPv6 /48 has sixteen times as many /64 as are remembered.
    @Test func `however many hosts come, the next one is heard`() {
        var handshakes = Handshakes()
        for index in 0..<20_000 {
            let bytes = [0x20, 1, 0x0D, 0xB8, 0, 1].map { UInt8($0) }
            let host = HostKey(
                host: bytes + [UInt8(index / 256), UInt8(index % 256)], subnet: bytes)
            let id = ConnectionID(index)
            #expect(Self.begin(&handshakes, id, host) == .admitted(closing: nil))
            handshakes.end(id)
        }
        #expect(handshakes.rememberedHosts == Handshakes.rememberedMax)
        #expect(Self.begin(&handshakes, 20_001, Self.host(1)) == .admitted(closing: nil))
        #expect(Self.begin(&handshakes, 20_002, Self.host(1)) == .refused)
        #expect(
            Self.begin(&handshakes, 20_003, Self.host(2), at: start + .seconds(2))
                == .admitted(closing: nil))
        #expect(handshakes.rememberedHosts == 1)
    }

    @Test func `a host that was forgiven and came again is held to its new time`() {
        var handshakes = Handshakes()
        let host = Self.host(1)
        _ = Self.begin(&handshakes, 1, host)
        handshakes.forgive(host)
        let later = start + .seconds(1)
        #expect(Self.begin(&handshakes, 2, host, at: later) == .admitted(closing: nil))
        #expect(Self.begin(&handshakes, 3, host, at: start + .seconds(2)) == .refused)
        #expect(
            Self.begin(&handshakes, 4, host, at: start + .seconds(3)) == .admitted(closing: nil))
    }
}
