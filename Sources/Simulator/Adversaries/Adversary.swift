import Chain
import Consensus
import Cryptography
import Ledger
import Replica

/// What a Byzantine node does. It runs the whole honest node, so that it knows what is going on,
/// and an adversary changes what leaves it; its signer signs anything.
///
/// One file for each; `AdversaryLibrary` has them by name.
public protocol Adversary {
    init()

    /// What leaves instead of a message of the honest code: nothing, the same, or other messages.
    mutating func send(_ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet)

    /// A message arrives. False: the honest code does not hear it.
    mutating func hears(_ message: PeerMessage, from sender: Int, as puppet: inout Puppet) -> Bool

    /// The honest code entered a view.
    mutating func entered(_ view: View, as puppet: inout Puppet)

    /// Called ten times a second.
    mutating func tick(as puppet: inout Puppet)
}

extension Adversary {
    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        for recipient in recipients { puppet.send(message, to: recipient) }
    }

    public mutating func hears(
        _ message: PeerMessage, from sender: Int, as puppet: inout Puppet
    ) -> Bool { true }

    public mutating func entered(_ view: View, as puppet: inout Puppet) {}

    public mutating func tick(as puppet: inout Puppet) {}
}

/// A Byzantine node as its adversary sees and uses it.
public struct Puppet {
    private let node: SimulatedNode
    /// Milliseconds of virtual time.
    public let milliseconds: UInt64
    public var random: SeededRandom
    var frames: [(frame: Frame, recipient: Int, delay: UInt64)] = []
    var signed: [(statement: Statement, view: View, instance: Digest)] = []

    init(_ node: SimulatedNode, milliseconds: UInt64, random: SeededRandom) {
        self.node = node
        self.milliseconds = milliseconds
        self.random = random
    }

    public var endpoint: Int { node.endpoint }
    public var instance: Instance { node.instance }
    /// The own seat, or nil in an epoch in which the node only follows.
    public var seat: UInt16? { node.ownIndex }
    public var view: View { node.view }
    public var genesisHash: Digest { node.genesisHash }
    /// The last committed block.
    public var head: BlockSummary { node.head }

    /// Who is connected, in order.
    public var peers: [Int] { node.connections.keys.sorted() }

    /// How long the others wait for a proposal in this view, in milliseconds.
    public var patience: UInt64 {
        let reached = Backoff.multiplier(
            current: node.view, lastFinalized: node.replica.facts.finalizedView,
            timing: node.timing)
        return node.timing.leaderTimeout * reached / 1_000
    }

    /// One way to the others, in milliseconds.
    public var latency: UInt64 { node.latency }

    /// Whether a peer is in the half that hears one story in this view.
    public func isFirstHalf(_ peer: Int, in view: View) -> Bool {
        (UInt64(peer) + view.value) % 2 == 0
    }

    // MARK: Making

    /// A vote with the own key, whatever was signed before; nil without a seat.
    public mutating func vote(_ statement: Statement, in view: View) -> Vote? {
        guard let seat = node.ownIndex, let key = node.consensusKey else { return nil }
        signed.append((statement, view, node.instance.id))
        let message = statement.signBytes(instance: node.instance.id, view: view)
        return Vote(
            epoch: node.instance.epoch, view: view, signer: seat, statement: statement,
            signature: ToySignature.sign(message, with: key))
    }

    /// A block with its body, wherever the node has it.
    public func block(_ hash: Digest) -> Block? {
        node.executor.execution(of: hash)?.block ?? node.storage.block(hash)
    }

    /// Builds and executes a block as the honest builder does; nil if its parent was not executed.
    public func build(_ job: BuildJob) -> Block? {
        node.executor.build(job, shouldStop: { false })?.block
    }

    // MARK: Sending

    /// Sends a message as it is to each of these.
    public mutating func pass(_ message: PeerMessage, to recipients: [Int]) {
        for recipient in recipients { send(message, to: recipient) }
    }

    public mutating func send(_ message: PeerMessage, to recipient: Int) {
        send(message.encoded(), on: message.channel, to: recipient)
    }

    /// Sends a message when so many milliseconds have passed.
    public mutating func send(
        _ message: PeerMessage, to recipient: Int, afterMilliseconds delay: UInt64
    ) {
        let frame = Frame(channel: message.channel, bytes: message.encoded())
        frames.append((frame, recipient, delay * WorldPlan.nanosecondsPerMillisecond))
    }

    /// Sends any bytes.
    public mutating func send(
        _ bytes: [UInt8], on channel: PeerMessage.Channel, to recipient: Int
    ) {
        frames.append((Frame(channel: channel, bytes: bytes), recipient, 0))
    }
}

/// The adversaries by name.
public enum AdversaryLibrary {
    private static let makers: [(name: String, make: @Sendable () -> any Adversary)] = [
        ("block-forger", { BlockForger() }),
        ("body-withholder", { BodyWithholder() }),
        ("certificate-forger", { CertificateForger() }),
        ("conflicter", { Conflicter() }),
        ("double-voter", { DoubleVoter() }),
        ("equivocator", { Equivocator() }),
        ("flooder", { Flooder() }),
        ("impersonator", { Impersonator() }),
        ("late-proposer", { LateProposer() }),
        ("misnamer", { Misnamer() }),
        ("nullifier", { Nullifier() }),
        ("range-liar", { RangeLiar() }),
        ("reason-withholder", { ReasonWithholder() }),
        ("reconfigurer", { Reconfigurer() }),
        ("replayer", { Replayer() }),
        ("resolver-liar", { ResolverLiar() }),
        ("selective", { Selective() }),
        ("silent", { Silent() }),
        ("skipper", { Skipper() }),
        ("time-skewer", { TimeSkewer() }),
        ("twin", { Twin() }),
        ("withholder", { Withholder() }),
        ("repeater", { Repeater() }),
        ("phantom", { Phantom() }),
    ]

    public static var names: [String] { makers.map(\.name) }

    public static func make(_ name: String) -> (any Adversary)? {
        makers.first { $0.name == name }?.make()
    }
}
