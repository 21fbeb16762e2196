import Chain
import Consensus
import Cryptography
import Replica
import Testing

@testable import Node

@Suite struct PeerNamesTests {
    private static func key(_ index: UInt8) -> PublicKey {
        PublicKey([UInt8](repeating: index, count: 32))
    }

    private static func peer(_ index: UInt8) -> Peer { Peer(key: key(index)) }

    /// What the replica hears, in words, and over which connection.
    private static func text(_ input: ReplicaInput) -> String {
        switch input {
        case .connected(let peer): "connected \(peer.key.bytes[0])"
        case .disconnected(let peer): "disconnected \(peer.key.bytes[0])"
        case .renamed(let old, let new, let remains):
            "\(old.key.bytes[0]) is \(new.key.bytes[0])" + (remains ? ", and another one not" : "")
        case .received(_, let peer): "received \(peer.key.bytes[0])"
        case .verified(_, _, let peer): "verified \(peer.key.bytes[0])"
        case .verificationFailed(_, _, let peer): "failed \(peer.key.bytes[0])"
        case .forgedTransaction(let peer): "forged \(peer.key.bytes[0])"
        case .start, .epochBegan, .transaction, .built, .buildFailed, .stored, .executed, .durable,
            .signed, .refused, .committed, .replayed, .replayFailed, .timer:
            "other"
        }
    }

    private static func hear(_ names: inout PeerNames, _ input: ReplicaInput) -> String? {
        names.named(input).map { heard in
            text(heard.input) + (heard.sender.map { " over \($0.bytes[0])" } ?? "")
        }
    }

    private static let question = PeerMessage.blockRequest(
        BlockRequest(hash: Digest(.block, [1])))

    @Test func `without new keys everybody goes by its own`() {
        var names = PeerNames()
        #expect(Self.hear(&names, .connected(Self.peer(1))) == "connected 1 over 1")
        #expect(
            Self.hear(&names, .received(Self.question, from: Self.peer(1))) == "received 1 over 1")
        #expect(names.connections(to: Self.key(1), of: nil) == [Self.key(1)])
        #expect(names.connections(to: Self.key(2), of: Self.key(1)) == [Self.key(2)])
        #expect(names.connection(to: Self.key(1), of: Self.key(1)) == Self.key(1))
        #expect(names.connection(to: Self.key(2), of: nil) == Self.key(2))
        #expect(Self.hear(&names, .disconnected(Self.peer(1))) == "disconnected 1")
        #expect(Self.hear(&names, .committed(Height(1))) == "other")
    }

    @Test func `a connection with a new key goes by the name of its seat`() {
        var names = PeerNames()
        #expect(names.take([Self.key(9): Self.key(1)]).isEmpty)
        #expect(Self.hear(&names, .connected(Self.peer(9))) == "connected 1 over 9")
        let instance = Digest(.block, [2])
        let inputs: [(ReplicaInput, String)] = [
            (.received(Self.question, from: Self.peer(9)), "received 1 over 9"),
            (
                .verified(
                    .certificates([], header: nil), instance: instance, from: Self.peer(9)),
                "verified 1 over 9"
            ),
            (.forgedTransaction(from: Self.peer(9)), "forged 1 over 9"),
            (.received(Self.question, from: Self.peer(2)), "received 2 over 2"),
        ]
        for (input, expected) in inputs { #expect(Self.hear(&names, input) == expected) }
        // What is for the seat goes to whichever is there, an answer to who asked.
        #expect(names.connections(to: Self.key(1), of: nil) == [Self.key(1), Self.key(9)])
        #expect(names.connections(to: Self.key(1), of: Self.key(9)) == [Self.key(9)])
        #expect(names.connection(to: Self.key(1), of: nil) == Self.key(9))
        #expect(Self.hear(&names, .disconnected(Self.peer(9))) == "disconnected 1")
        #expect(names.connection(to: Self.key(1), of: nil) == Self.key(1))
    }

    @Test func `a seat with both keys is gone when the last of them is`() {
        var names = PeerNames()
        _ = names.take([Self.key(9): Self.key(1)])
        #expect(Self.hear(&names, .connected(Self.peer(1))) == "connected 1 over 1")
        #expect(Self.hear(&names, .connected(Self.peer(9))) == "connected 1 over 9")
        #expect(names.connection(to: Self.key(1), of: Self.key(1)) == Self.key(1))
        #expect(Self.hear(&names, .disconnected(Self.peer(1))) == nil)
        #expect(Self.hear(&names, .disconnected(Self.peer(9))) == "disconnected 1")
    }

    @Test func `whoever is there gets its other name at once, and its own at the epoch's end`() {
        var names = PeerNames()
        _ = names.named(.connected(Self.peer(9)))
        _ = names.named(.connected(Self.peer(2)))
        #expect(
            names.take([Self.key(9): Self.key(1)]).map(Self.text)
                == ["9 is 1"])
        #expect(names.take([Self.key(9): Self.key(1)]).isEmpty)
        _ = names.named(.connected(Self.peer(1)))
        // Both are there: the old one stays what it is.
        #expect(names.take([:]).map(Self.text) == ["1 is 9, and another one not"])
        #expect(Self.hear(&names, .disconnected(Self.peer(9))) == "disconnected 9")
        #expect(Self.hear(&names, .disconnected(Self.peer(1))) == "disconnected 1")
    }

    @Test func `a question whose answer is large goes over one connection`() throws {
        var names = PeerNames()
        _ = names.take([Self.key(9): Self.key(1)])
        _ = names.named(.connected(Self.peer(1)))
        _ = names.named(.connected(Self.peer(9)))
        let range = PeerMessage.rangeRequest(
            try #require(RangeRequest(first: Height(1), last: Height(2))))
        let keys = [Self.key(9)]
        #expect(names.connections(for: Self.question, to: Self.key(1), of: nil) == keys)
        #expect(names.connections(for: range, to: Self.key(1), of: nil) == keys)
        #expect(
            names.connections(for: .transactions([]), to: Self.key(1), of: nil)
                == [Self.key(1), Self.key(9)])
    }

    @Test func `a second new key takes the place of the first`() {
        var names = PeerNames()
        _ = names.take([Self.key(9): Self.key(1)])
        _ = names.named(.connected(Self.peer(9)))
        #expect(
            names.take([Self.key(8): Self.key(1)]).map(Self.text)
                == ["1 is 9"])
        #expect(Self.hear(&names, .connected(Self.peer(8))) == "connected 1 over 8")
    }
}
