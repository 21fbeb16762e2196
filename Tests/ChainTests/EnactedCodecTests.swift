import Chain
import Codec
import Cryptography
import Testing

/// Encodings, keys and reasons of streams, assets and upgrades.
@Suite struct EnactedCodecTests {
    private static let a = GoldenValues.address(0x11)
    private static let b = GoldenValues.address(0x22)
    private static let version = GoldenValues.digest(0x44)

    private static let plan = UpgradePlan(
        name: "two", version: version, firstEpoch: Epoch(4), lastEpoch: Epoch(8))

    private static let actions: [Action] = [
        .stream(
            StreamPlan(
                recipient: a,
                schedule: .linear(
                    amount: Amount(.max), start: Timestamp(1), cliff: Timestamp(2),
                    end: Timestamp(.max)))),
        .stream(
            StreamPlan(
                recipient: a, asset: AssetID(7),
                schedule: .tranches(
                    (1...16).map { StreamTranche(time: Timestamp($0), amount: Amount($0)) }))),
        .recallStream(StreamID(9)),
        .createAsset(
            AssetCreation(
                name: "Gold", asset: Asset(symbol: "gold", decimals: 9), mintAuthority: .none,
                allotments: (1...16).map { AssetAllotment(recipient: a, amount: Amount($0)) })),
        .mint(AssetMint(asset: AssetID(1), amount: Amount(5), recipient: b)),
        .upgrade(plan), .cancelUpgrade(plan.version),
    ]

    @Test func `what is encoded decodes to itself, in a proposal and in an event`() throws {
        for action in EnactedCodecTests.actions + [.claimStream(StreamID(3))] {
            #expect(try Action(decoding: action.encoded()) == action)
            let draft = ProposalDraft(title: "t", body: "", actions: [action], deposit: .zero)
            #expect(try ProposalDraft(decoding: draft.encoded()) == draft)
        }
        let events: [EnactedEvent] = [
            .streamCreated(
                StreamID(1), recipient: Self.a, asset: .native, amount: Amount(5)),
            .streamClaimed(
                StreamID(1), recipient: Self.a, asset: .native, amount: Amount(5)),
            .streamRecalled(
                StreamID(1), recipient: Self.a, paid: Amount(1), returned: Amount(2)),
            .assetCreated(AssetID(1), Asset(symbol: "gold", decimals: 2), supply: Amount(9)),
            .minted(AssetID(1), recipient: Self.b, amount: Amount(1)),
            .upgradeScheduled(Self.plan), .upgradeActivated(.initial),
            .upgradePostponed(firstEpoch: Epoch(1), lastEpoch: Epoch(2)),
            .upgradeDropped(version: Self.version),
            .upgradeCancelled(version: Self.version),
        ]
        for event in events {
            let event = GovernanceEvent.enacted(ProposalID(6), event)
            #expect(try GovernanceEvent(decoding: event.encoded()) == event)
            #expect(event.proposal == ProposalID(6))
        }
        #expect(GovernanceEvent.enacted(ProposalID(6), events[0]).accounts == [Self.a])
        #expect(GovernanceEvent.enacted(ProposalID(6), events[8]).accounts == [])
        let upgrade = ScheduledUpgrade(plan: Self.plan, proposal: ProposalID(1))
        #expect(try ScheduledUpgrade(decoding: upgrade.encoded()) == upgrade)
        let table = ReadinessTable(signals: [
            ReadinessSignal(seat: 9, version: Self.version),
            ReadinessSignal(seat: 2, version: Self.version),
        ])
        #expect(table.signals.map(\.seat) == [2, 9])
        #expect(try ReadinessTable(decoding: table.encoded()) == table)
    }

    @Test func `no prefix and no longer list decodes`() throws {
        for action in EnactedCodecTests.actions {
            let bytes = action.encoded()
            for length in 0..<bytes.count {
                #expect(throws: DecodeError.self) {
                    try Action(decoding: Array(bytes[..<length]))
                }
            }
        }
        // Seventeen tranches, and a name that is longer than it may be.
        let tranches = (1...17).map { StreamTranche(time: Timestamp($0), amount: Amount(1)) }
        let many = StreamPlan(recipient: Self.a, schedule: .tranches(tranches))
        #expect(throws: DecodeError.self) { try StreamPlan(decoding: many.encoded()) }
        let long = UpgradePlan(
            name: String(repeating: "x", count: UpgradePlan.nameBytesMax + 1),
            version: Self.version, firstEpoch: Epoch(1), lastEpoch: Epoch(1))
        #expect(throws: DecodeError.self) { try UpgradePlan(decoding: long.encoded()) }
    }

    @Test func `keys differ from each other and are of their kinds`() {
        let keys: [EnactedKey] = [
            .lastStream, .stream(StreamID(1)), .stream(StreamID(2)),
            .streamOfRecipient(Self.a, StreamID(1)), .streamOfRecipient(Self.b, StreamID(1)),
            .lastAsset, .asset(AssetID(1)), .assetOfSymbol("gold"), .assetOfSymbol("go"),
            .upgrade, .version, .readiness(Epoch(1)), .readiness(Epoch(2)),
        ]
        let bytes = keys.map { StateKey.enacted($0).bytes }
        #expect(Set(bytes).count == keys.count)
        for key in bytes {
            #expect(Array(key.prefix(2)) == [UInt8(StateModule.governance.rawValue), 0])
            #expect((64...95).contains(key[2]))
        }
    }

    @Test func `each reason has a code of its own, a sentence and advice`() {
        let reasons: [EnactedRejection] = [
            .trancheCount(0), .trancheOrder, .streamTimes, .streamTooLong, .streamEnded,
            .streamOverflow, .unknownStream(StreamID(1)), .duplicateRecall(StreamID(1)),
            .notStreamRecipient(StreamID(1)), .nothingDue(StreamID(1), next: Timestamp(5)),
            .assetName, .assetSymbol("x"), .assetDecimals(10), .assetExists("x"), .assetEmpty,
            .supplyOverflow(symbol: "x"), .mintNative, .mintForbidden(AssetID(1)),
            .upgradeName, .upgradeWithoutVersion,
            .upgradeWindow(firstEpoch: Epoch(1), lastEpoch: Epoch(2), current: Epoch(3)),
            .upgradeActive, .upgradeScheduled(version: Self.version),
            .upgradeNotScheduled(version: Self.version),
        ]
        let rejections = reasons.map { Rejection.governance(.enacted($0)) }
        #expect(Set(rejections.map(\.code)).count == reasons.count)
        for rejection in rejections {
            #expect(rejection.code.hasPrefix("gov."))
            #expect(rejection.code.utf8.count <= ReceiptStatus.codeBytesMax)
            #expect(rejection.message.last == ".")
            #expect(rejection.hint.last == ".")
        }
    }

    @Test func `a header's extra is empty or the hash of a version`() {
        func header(_ extra: [UInt8]) -> Header {
            var header = GoldenValues.header
            header.extra = extra
            return header
        }
        let version = [UInt8](repeating: 7, count: 32)
        #expect(header([]).hasValidExtra && header([]).readiness == nil)
        #expect(header(version).hasValidExtra)
        #expect(header(version).readiness == Digest(version))
        for extra in [
            [1], [UInt8](repeating: 7, count: 31), [UInt8](repeating: 7, count: 33),
            [UInt8](repeating: 0, count: 32), [UInt8](repeating: 7, count: 64),
        ] {
            #expect(!header(extra).hasValidExtra)
        }
    }
}
