import Chain
import Codec
import Consensus
import Cryptography
import Replica
import Storage
import Synchronization

@testable import Ledger
@testable import Networking
@testable import StateTree

/// One decoder with its property: bytes are refused, or are the one encoding of their value.
struct Decoder: Sendable {
    let name: String
    let seeds: [[UInt8]]
    let check: @Sendable ([UInt8]) throws(FuzzFailure) -> Void

    init(
        _ name: String, seeds: [[UInt8]],
        check: @escaping @Sendable ([UInt8]) throws(FuzzFailure) -> Void
    ) {
        self.name = name
        self.seeds = seeds
        self.check = check
    }

    /// - Parameter use: what a node does with the value before it trusts it.
    init<Value: CanonicalCodable & SendableMetatype>(
        _ type: Value.Type, _ seeds: [Value] = [],
        use: @escaping @Sendable (Value) throws(FuzzFailure) -> Void = { _ in }
    ) {
        name = "\(type)"
        self.seeds = seeds.isEmpty ? [[UInt8](repeating: 0, count: 96)] : seeds.map { $0.encoded() }
        check = { (bytes) throws(FuzzFailure) in
            guard let value = try? Value(decoding: bytes) else { return }
            try require(value.encoded() == bytes, "\(type) has two encodings: \(bytes.hex)")
            try use(value)
        }
    }
}

extension FuzzTarget {
    /// The first byte chooses the decoder.
    static func decoders(
        _ name: String, _ summary: String, bytesMax: Int,
        _ decoders: @escaping @Sendable () -> [Decoder]
    ) -> FuzzTarget {
        let list = Lazy(decoders)
        return FuzzTarget(
            name: name, summary: summary, bytesMax: bytesMax,
            seeds: {
                list.value.enumerated().flatMap { index, decoder in
                    decoder.seeds.map { [UInt8(index)] + $0 }
                }
            },
            run: { (bytes) throws(FuzzFailure) in
                guard let first = bytes.first, Int(first) < list.value.count else { return }
                try list.value[Int(first)].check(Array(bytes.dropFirst()))
            })
    }

    static let chain = decoders(
        "chain", "every type of Chain: one value, one encoding", bytesMax: 4_096
    ) {
        agreement + transactions + governance + genesis + rowsAndParts
    }

    private static let agreement: [Decoder] = [
        Decoder(Vote.self, Fixture.statements.map { Fixture.vote($0, signer: 1) }),
        Decoder(Certificate.self, Fixture.statements.map { Fixture.certificate($0) }) {
            (certificate) throws(FuzzFailure) in
            _ = certificate.power(in: Fixture.four.validators)
            let signers = certificate.votes.map(\.signer)
            try require(signers.count == certificate.signatures.count, "a vote for each signature")
            try require(zip(signers, signers.dropFirst()).allSatisfy { $0 < $1 }, "ascending")
        },
        Decoder(Candidate.self, [Fixture.header.candidate]),
        Decoder(Header.self, [Fixture.header]) { _ = $0.hash },
        Decoder(Block.self, [Fixture.block]) { _ = $0.hasMatchingRoots },
        Decoder(BlockBody.self, [Fixture.body]),
        Decoder(BlockSummary.self, [Fixture.header.summary]),
        Decoder(Evidence.self, [Fixture.evidence]) { (evidence) throws(FuzzFailure) in
            _ = evidence.id
            try require(Evidence.conflicts(evidence.first, evidence.second), "the votes conflict")
        },
        Decoder(
            ReportedEvidence.self,
            [ReportedEvidence(evidence: Fixture.evidence, reporter: Fixture.address(1))]),
        Decoder(
            Participation.self,
            [
                Participation(
                    notarizations: Fixture.certificate(Fixture.statements[0], isPartial: true))
            ]),
        Decoder(Validator.self, Fixture.four.validators.validators),
        Decoder(ValidatorSet.self, [Fixture.four.validators]) { (set) throws(FuzzFailure) in
            try require(set.totalPower <= Limits.totalPowerMax, "the power has its limit")
            try require(set.isQuorum(set.totalPower), "all are a quorum")
            try require(!set.isQuorum(0), "nobody is none")
        },
    ]

    private static let transactions: [Decoder] = [
        Decoder(SignedTransaction.self, Fixture.actions.map { Fixture.transaction([$0]) }) {
            (transaction) throws(FuzzFailure) in
            _ = transaction.id
            try require(
                transaction.encodedByteCount == transaction.encoded().count, "the size is known")
        },
        Decoder(Transaction.self, [Fixture.transaction(Fixture.actions).transaction]),
        Decoder(TransactionSignature.self, Fixture.transaction(Fixture.actions).signatures),
        Decoder(Action.self, Fixture.actions),
        Decoder(Receipt.self, Fixture.receipts),
        Decoder(ReceiptStatus.self, Fixture.receipts.map(\.status)),
        Decoder(Event.self, Fixture.receipts.flatMap(\.events)),
        Decoder(Account.self),
        Decoder(Authority.self),
        Decoder(WeightedKey.self),
        Decoder(Asset.self, [Fixture.genesis.nativeAsset]),
        Decoder(Presence.self),
        Decoder(ChainID.self, [Fixture.chainID]),
        Decoder(ChainFacts.self),
    ]

    private static let governance: [Decoder] = [
        Decoder(ProposalDraft.self, [Fixture.draft]),
        Decoder(BallotCast.self, [Fixture.ballot]),
        Decoder(BallotWeights.self, [Fixture.ballot.weights]),
        Decoder(Ballot.self),
        Decoder(BallotAmounts.self),
        Decoder(ParameterChange.self),
        Decoder(ParameterValue.self),
        Decoder(TreasurySpend.self),
        Decoder(Proposal.self),
        Decoder(ProposalContent.self),
        Decoder(ProposalPhase.self),
        Decoder(ProposalDeposit.self),
        Decoder(ProposalVote.self),
        Decoder(ProposalStep.self),
        Decoder(GovernanceEvent.self),
        Decoder(TrackRow.self),
        Decoder(Track.self),
        Decoder(Ratio.self) { (ratio) throws(FuzzFailure) in
            try require(ratio.denominator > 0, "a ratio has a denominator")
        },
        Decoder(Parameters.self, [Fixture.genesis.parameters]),
    ]

    private static let genesis: [Decoder] = [
        Decoder(Genesis.self, [Fixture.genesis]) {
            _ = $0.check()
            _ = $0.hash
        },
        Decoder(GenesisEntry.self, [Fixture.entry]),
        Decoder(GenesisAccount.self, Fixture.genesis.accounts),
        Decoder(GenesisDelegation.self, Fixture.genesis.delegations),
        Decoder(ValidatorRecord.self),
    ]

    static let wire = decoders(
        "wire", "the reader, messages of every channel, log records, rows of the disk",
        bytesMax: 8_192
    ) {
        channels + messages + rows + [.primitives]
    }

    /// Through the same entrance as a frame from a peer.
    private static let channels: [Decoder] = PeerMessage.Channel.allCases.map { channel in
        let seeds = WireSeeds.messages.filter { $0.channel == channel }.map { $0.encoded() }
        return Decoder("channel \(channel)", seeds: seeds) { (bytes) throws(FuzzFailure) in
            guard let message = try? PeerMessage(channel: channel, decoding: bytes) else { return }
            try require(message.channel == channel, "a message stays on its channel")
            try require(message.encoded() == bytes, "\(channel) has two encodings: \(bytes.hex)")
        }
    }

    private static let messages: [Decoder] = [
        Decoder(EpochHint.self, [WireSeeds.hint]),
        Decoder(CompactBody.self, [CompactBody(Fixture.body)]),
        Decoder("SafetyRecord", seeds: WireSeeds.records.map { [$0.type] + $0.payload }) {
            (bytes) throws(FuzzFailure) in
            guard let type = bytes.first else { return }
            let payload = Array(bytes.dropFirst())
            guard let record = try? SafetyRecord(type: type, payload: payload) else { return }
            try require(record.type == type, "a record keeps its type")
            try require(record.payload == payload, "a record has two forms: \(bytes.hex)")
            _ = record.view
        },
        Decoder(IdentityPayload.self),
        Decoder(TransportMessage.self, [.ping(1), .pong(2), .rekey, .goodbye]),
    ]

    private static let rows: [Decoder] = [
        Decoder(
            SignedVoteRow.self,
            Fixture.statements.map {
                SignedVoteRow(instance: Fixture.four.id, vote: Fixture.vote($0, signer: 0))
            }),
        Decoder(PruneMark.self, [PruneMark(instance: Fixture.four.id, view: View(7))]),
        Decoder(StateStatus.self),
        Decoder(StateProof.self),
        Decoder(TreeNode.self),
        Decoder(Lane.self),
        Decoder(LaneTable.self),
        Decoder(SealedKey.self),
    ]
}

/// A value that is made when it is first asked for.
private final class Lazy<Value: Sendable>: Sendable {
    private let make: @Sendable () -> Value
    private let stored = Mutex<Value?>(nil)

    init(_ make: @escaping @Sendable () -> Value) {
        self.make = make
    }

    var value: Value {
        stored.withLock { stored in
            if let stored { return stored }
            let made = make()
            stored = made
            return made
        }
    }
}
