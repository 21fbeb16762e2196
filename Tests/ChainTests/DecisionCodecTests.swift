import Chain
import Codec
import Cryptography
import Testing

@Suite struct DecisionCodecTests {
    static let account = Address([UInt8](repeating: 7, count: 32))
    static let reason = StoredReason(code: "gov.paused", message: "It is paused.")

    private func check<Value: CanonicalCodable & Equatable>(_ value: Value) throws {
        let bytes = value.encoded()
        #expect(try Value(decoding: bytes) == value)
        for count in 0..<bytes.count {
            #expect(throws: DecodeError.self) { try Value(decoding: Array(bytes[..<count])) }
        }
    }

    static let changes: [DryRunChange] = [
        .parameter(
            name: "gov.textPeriod", from: .integer(1), to: .ratio(numerator: 1, denominator: 2)),
        .balance(account, asset: AssetID(3), from: Amount(1), to: Amount(2)),
        .supply(asset: .native, from: Amount(3), to: Amount(4)),
        .pause(.assets, from: nil, to: Timestamp(9)), .pause(.staking, from: Timestamp(8), to: nil),
        .proposal(ProposalID(5), from: .queued, to: .cancelled),
        .other(part: "governance", records: 7),
        .upgrade(
            from: nil,
            to: UpgradePlan(
                name: "two", version: Digest(.version, [1]), firstEpoch: Epoch(1),
                lastEpoch: Epoch(.max))),
    ]

    @Test func `a dry run decodes to what was encoded`() throws {
        let run = DryRun(
            height: Height(1), timestamp: Timestamp(2), gas: 3, failure: Self.reason,
            falseGuard: nil, unknownRecipients: [Self.account], digest: Digest(.dryRun, [1]),
            changes: Self.changes)
        try check(run)
        #expect(run.flags == [.failing, .unknownRecipient])
        #expect(run.flags.names == ["failing", "unknownRecipient"])
        for change in Self.changes { try check(change) }
    }

    @Test func `actions decode to what was encoded`() throws {
        let actions: [(Action, UInt8)] = [
            (.executeProposal(ProposalID(3)), 8),
            (.signPetition(PetitionSignature(proposal: ProposalID(3), kind: .cancel)), 9),
            (.pause(ModulePause(module: .staking, duration: 5)), 40),
            (.resume(.assets), 41), (.cancelQueued(ProposalID(4)), 42),
            (.cancelUpgrade(Digest(.version, [1])), 44),
        ]
        for (action, tag) in actions {
            try check(action)
            #expect(action.encoded().first == tag)
        }
    }

    @Test func `conditions decode to what was encoded`() throws {
        try check(ProposalCondition.treasuryAtLeast(asset: AssetID(2), amount: Amount(9)))
        try check(ProposalCondition.heightAtMost(Height(8)))
        try check(ProposalCondition.executed(ProposalID(7)))
        #expect(throws: DecodeError.self) {
            try ProposalCondition(decoding: [3, 0, 0, 0, 0, 0, 0, 0, 0])
        }
    }

    @Test func `records decode to what was encoded`() throws {
        var tally = PetitionTally()
        tally[.reopen] = 5
        tally[.cancel] = 6
        tally.reopenedFrom = Timestamp(7)
        try check(tally)
        #expect(tally.reopen == 5)
        #expect(tally.cancel == 6)
        try check(
            ExecutionFailure(
                attempts: 2, reason: Self.reason, height: Height(3), until: Timestamp(4)))
        try check(
            DecisionRound(
                epoch: Epoch(1), height: Height(2), startedAt: Timestamp(3),
                dryRunsAfter: DecisionRound.Place(snapshot: Height(4), id: ProposalID(5)),
                retriesAfter: ProposalID(6)))
        try check(TreasuryIntegral(sum: 1 << 100, at: Timestamp(3)))
        var table = PauseTable.none
        for module in [PausableModule.assets, .transfers, .staking] {
            table.set(
                PauseTable.Entry(module: module, until: Timestamp(1), proposal: ProposalID(2)))
        }
        try check(table)
        #expect(table.entries.map(\.module) == [.transfers, .staking, .assets])
        table.set(PauseTable.Entry(module: .staking, until: Timestamp(9), proposal: ProposalID(3)))
        #expect(table.entries.count == 3)
        #expect(table[.staking]?.until == Timestamp(9))
        table.remove(.staking)
        #expect(table[.staking] == nil)
    }

    @Test func `events decode to what was encoded`() throws {
        let events: [DecisionEvent] = [
            .flagsChanged([.failing, .falseGuard]), .executionFailed(code: "gov.paused"),
            .petitionSigned(.cancel, signer: Self.account, power: 9),
            .reopened(end: Timestamp(3)), .paused(.staking, until: Timestamp(4)),
            .resumed(.assets), .pauseEnded(.transfers),
        ]
        for (index, event) in events.enumerated() {
            let whole = GovernanceEvent.decision(ProposalID(2), event)
            try check(whole)
            #expect(whole.proposal == ProposalID(2))
            #expect(whole.encoded().first == UInt8(16 + index))
        }
        #expect(
            GovernanceEvent.decision(ProposalID(2), events[2]).accounts == [Self.account])
        #expect(throws: DecodeError.self) {
            try GovernanceEvent(decoding: [31] + [UInt8](repeating: 0, count: 40))
        }
    }

    @Test func `a long message is cut`() {
        let long = StoredReason(code: "gov.x", message: String(repeating: "ß", count: 2_000))
        #expect(long.message == String(repeating: "ß", count: 256))
    }

    @Test func `the keys of decisions differ and are within their kinds`() {
        let keys: [DecisionKey] = [
            .dryRun(ProposalID(1)), .snapshot(Height(1), ProposalID(1)),
            .dryRunDue(ProposalID(1)), .retry(ProposalID(1)),
            .surrender(Timestamp(1), ProposalID(1)),
            .petition(ProposalID(1), .reopen, Self.account),
            .petition(ProposalID(1), .cancel, Self.account), .round, .pauses,
            .outflow(.native, day: 1), .treasuryIntegral(.native),
            .treasurySample(.native, day: 1),
        ]
        let bytes = keys.map { StateKey.decision($0).bytes }
        #expect(Set(bytes).count == keys.count)
        for key in bytes {
            #expect((32...63).contains(key[2]))
            #expect(key.count <= Limits.stateKeyBytesMax)
        }
        let petitions = StateKeyRange.petitions(of: ProposalID(1))
        for key in bytes {
            let isInside =
                !key.lexicographicallyPrecedes(petitions.lower)
                && key.lexicographicallyPrecedes(petitions.upper)
            #expect(isInside == (key[2] == 37))
        }
    }

    @Test func `codes of decisions are unique and have advice`() {
        let reasons: [DecisionRejection] = [
            .tooManyConditions(count: 9), .contradictory("x"), .pauseDuration(0),
            .notQueued(ProposalID(1), .voting), .notExecutable(ProposalID(1)),
            .notPaused(.staking), .conditionFalse("x"),
            .outflowLimit(asset: .native, outflow: 2, limit: 1), .supplyBroken(.native),
            .petitionClosed(ProposalID(1)), .alreadySigned(ProposalID(1), .cancel),
            .paused(.staking, until: Timestamp(1)),
        ]
        #expect(Set(reasons.map(\.code)).count == reasons.count)
        for reason in reasons {
            let whole = Rejection.governance(.decision(reason))
            #expect(whole.code.hasPrefix("gov."))
            #expect(whole.message.hasSuffix("."))
            #expect(whole.hint.hasSuffix("."))
            #expect(whole.code.utf8.count <= StoredReason.codeBytesMax)
        }
    }

    @Test func `modules have names that are read back`() {
        for module in PausableModule.allCases {
            #expect(PausableModule(name: module.name) == module)
        }
        #expect(PausableModule(name: "governance") == nil)
        #expect(throws: DecodeError.self) { try PausableModule(decoding: [4]) }
        #expect(throws: DecodeError.self) { try PetitionKind(decoding: [2]) }
    }
}
