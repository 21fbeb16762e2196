import Chain
import Codec
import Cryptography
import Testing

@Suite struct GovernanceCodecTests {
    static let account = Address([UInt8](repeating: 7, count: 32))

    static var proposal: Proposal {
        var proposal = Proposal(
            id: ProposalID(3), proposer: account, contentHash: Digest(.proposal, [1]),
            group: .treasury, track: .spendLarge,
            deposit: ProposalDeposit(
                required: Amount(10), sum: Amount(9), escrowed: Amount(8), depositors: 2,
                refund: .fourFifths),
            phase: .queued(eta: Timestamp(99)))
        var vote = ProposalVote(
            openedHeight: Height(5), openedAt: Timestamp(50), snapshot: Height(4),
            totalPower: 1_000, row: Track.spendLarge.standardRow)
        vote.tally = BallotAmounts(yes: 1, no: 2, abstain: 3, veto: 4)
        vote.ballots = 4
        vote.isPassing = true
        proposal.vote = vote
        proposal.append(
            ProposalStep(
                status: .voting, height: Height(5), timestamp: Timestamp(50), reason: "because"))
        return proposal
    }

    @Test func `a proposal decodes to what was encoded, and nothing shorter does`() throws {
        let bytes = Self.proposal.encoded()
        #expect(try Proposal(decoding: bytes) == Self.proposal)
        for count in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: DecodeError.self) { try Proposal(decoding: Array(bytes[..<count])) }
        }
    }

    @Test(arguments: [
        ProposalPhase.collecting(until: Timestamp(1)), .waiting(until: Timestamp(2)), .voting,
        .queued(eta: Timestamp(3)), .ended(.vetoed),
    ])
    func `phases decode to what was encoded`(phase: ProposalPhase) throws {
        #expect(try ProposalPhase(decoding: phase.encoded()) == phase)
    }

    @Test(arguments: [
        GovernanceEvent.submitted(ProposalID(1), proposer: account),
        .deposited(ProposalID(1), account: account, amount: Amount(2)),
        .statusChanged(ProposalID(1), .queued),
        .ballotCast(ProposalID(1), voter: account, amounts: BallotAmounts(yes: 1, veto: 2)),
        .extended(ProposalID(1), end: Timestamp(9)),
        .depositClaimed(ProposalID(1), account: account, amount: Amount(3)),
        .depositForfeited(ProposalID(1), amount: Amount(4)),
        .depositDestroyed(ProposalID(1), amount: Amount(5)),
        .parameterChanged(
            ProposalID(1), name: "gov.textPeriod", from: .integer(1),
            to: .ratio(numerator: 1, denominator: 2)),
        .takenBack(
            ProposalID(1), representative: account, by: account, power: 7,
            amounts: BallotAmounts(no: 3)),
    ])
    func `events decode to what was encoded`(event: GovernanceEvent) throws {
        #expect(try GovernanceEvent(decoding: event.encoded()) == event)
        let whole = Event.governance(event)
        #expect(try Event(decoding: whole.encoded()) == whole)
        #expect(event.proposal == ProposalID(1))
    }

    @Test func `representatives decode to what was encoded`() throws {
        let list = RepresentativeList([
            Representative(account: Self.account, weight: 6_000),
            Representative(account: Address([UInt8](repeating: 8, count: 32)), weight: 4_000),
        ])
        var table = RepresentativeTable()
        table[.people] = list
        #expect(try RepresentativeTable(decoding: table.encoded()) == table)
        #expect(!table.isEmpty)
        #expect(list.sum == 10_000)
        let event = GovernanceEvent.representativesSet(
            account: Self.account, group: .people, list)
        #expect(try GovernanceEvent(decoding: event.encoded()) == event)
        #expect(event.proposal == nil)
        #expect(event.accounts == [Self.account] + list.entries.map(\.account))

        // Five decode, so that they are refused with a reason; very many do not.
        let five = RepresentationAction(
            group: .people,
            representatives: [Representative](repeating: list.entries[0], count: 5))
        let action = Action.representation(five)
        #expect(try Action(decoding: action.encoded()) == action)
        let many = RepresentationAction(
            group: .people,
            representatives: [Representative](repeating: list.entries[0], count: 65))
        #expect(throws: DecodeError.self) {
            try Action(decoding: Action.representation(many).encoded())
        }
    }

    @Test func `what representatives were lent decodes to what was encoded`() throws {
        let key = ShareKey(place: .pool(Self.account), generation: 5)
        for received in [ReceivedShares(shares: 1 << 90, slot: 511), ReceivedShares(shares: 1)] {
            #expect(try ReceivedShares(decoding: received.encoded()) == received)
        }
        let trace = ReceivedTrace(key: key, shares: 9)
        #expect(try ReceivedTrace(decoding: trace.encoded()) == trace)
        var slots = ReceivedSlots()
        #expect(slots.take(for: .pool(Self.account)) == 256)
        #expect(slots.take(for: .pool(Self.account)) == 257)
        slots.refuse(at: Height(7))
        #expect(try ReceivedSlots(decoding: slots.encoded()) == slots)
    }

    @Test func `slots are taken from the lowest, and refusals are forgotten in time`() {
        let lot = StakePlace.lot(
            LotID(
                validator: Self.account,
                origin: StakeOrigin(validator: Self.account, exit: Epoch(1))))
        var slots = ReceivedSlots()
        for number in 0..<UInt16(ReceivedSlots.countOfEach) {
            #expect(slots.take(for: lot) == number)
        }
        #expect(slots.take(for: lot) == nil)
        #expect(slots.take(for: .pool(Self.account)) == 256)
        slots.free(77)
        #expect(slots.take(for: lot) == 77)
        slots.refuse(at: Height(5))
        slots.refuse(at: Height(6))
        slots.endRefusal(at: Height(8))
        slots.forget(before: Height(9))
        #expect(slots.refusedFrom == Height(5))
        slots.endRefusal(at: Height(9))
        slots.forget(before: Height(8))
        #expect(slots.refusedFrom == Height(5))
        slots.forget(before: Height(9))
        #expect(slots.refusedFrom == nil)
    }

    @Test func `a receipt keeps how it ended, and is small`() throws {
        var proposal = Self.proposal
        proposal.phase = .ended(.rejected)
        proposal.shrink()
        #expect(proposal.isReceipt)
        #expect(proposal.vote == nil)
        #expect(proposal.outcome?.tally == BallotAmounts(yes: 1, no: 2, abstain: 3, veto: 4))
        #expect(proposal.outcome?.totalPower == 1_000)
        #expect(proposal.steps.last?.timestamp == Timestamp(50))
        #expect(proposal.steps.last?.reason == "")
        #expect(try Proposal(decoding: proposal.encoded()) == proposal)
        #expect(proposal.encoded().count <= 200)
    }

    @Test func `unknown tags are refused`() {
        #expect(throws: DecodeError.self) { try ProposalPhase(decoding: [5]) }
        #expect(throws: DecodeError.self) { try ProposalStatus(decoding: [9]) }
        #expect(throws: DecodeError.self) { try Track(decoding: [9]) }
        #expect(throws: DecodeError.self) { try DepositRefund(decoding: [4]) }
        #expect(throws: DecodeError.self) { try ChainKind(decoding: [0]) }
        #expect(throws: DecodeError.self) { try Ratio(decoding: [1, 0, 0, 0, 0, 0, 0, 0]) }
        #expect(throws: DecodeError.self) {
            try GovernanceEvent(decoding: [15] + [UInt8](repeating: 0, count: 40))
        }
    }

    @Test func `a long reason is cut and a full history keeps its beginning and its end`() {
        let long = ProposalStep(
            status: .failed, height: Height(1), timestamp: Timestamp(1),
            reason: String(repeating: "ß", count: 2_000))
        #expect(long.reason == String(repeating: "ß", count: 256))
        var proposal = Self.proposal
        for height in 1...20 {
            proposal.append(
                ProposalStep(
                    status: .deposit, height: Height(UInt64(height)), timestamp: Timestamp(1)))
        }
        #expect(proposal.steps.count == Proposal.stepsMax)
        #expect(proposal.steps.first?.reason == "because")
        #expect(proposal.steps.last?.height == Height(20))
    }

    @Test func `the hard end never overflows`() {
        var row = Track.text.standardRow
        row.period = .max
        row.confirm = .max
        let vote = ProposalVote(
            openedHeight: Height(1), openedAt: Timestamp(.max), snapshot: .genesis, totalPower: 1,
            row: row)
        #expect(vote.end == Timestamp(.max))
        #expect(vote.hardEnd == Timestamp(.max))
    }

    @Test func `the order of keys is the order of what is due`() {
        let id = ProposalID(2)
        #expect(
            StateKey.closing(Timestamp(255), ProposalID(9)).bytes.lexicographicallyPrecedes(
                StateKey.closing(Timestamp(256), ProposalID(1)).bytes))
        #expect(
            StateKey.closing(Timestamp(5), ProposalID(1)).bytes.lexicographicallyPrecedes(
                StateKey.closing(Timestamp(5), id).bytes))
        #expect(
            StateKey.waiting(.text, deposit: Amount(300), id).bytes.lexicographicallyPrecedes(
                StateKey.waiting(.text, deposit: Amount(299), ProposalID(1)).bytes))
        #expect(
            StateKey.proposalOfStatus(.voting, ProposalID(3)).bytes.lexicographicallyPrecedes(
                StateKey.proposalOfStatus(.voting, id).bytes))
    }

    @Test func `codes of governance are unique and begin with gov`() {
        let reasons: [GovernanceRejection] = [
            .titleEmpty, .titleTooLong(characters: 1), .actionNotAllowed(""), .mixedTopics,
            .unknownParameter(""), .duplicateParameter(""), .parameterInvalid("", problem: ""),
            .expectedDiffers(""), .paymentCount(0), .paymentZero, .paymentToModule(Self.account),
            .treasuryTooSmall(asset: .native, balance: .zero, needed: 1),
            .depositTooLow(deposit: .zero, minimum: .zero),
            .depositTooHigh(deposit: .zero, missing: .zero), .depositComplete(ProposalID(1)),
            .tooManyDepositors(limit: 1), .nothingToClaim(ProposalID(1)),
            .unknownProposal(ProposalID(1)), .notInDeposit(ProposalID(1), .voting),
            .notVoting(ProposalID(1), .deposit), .notProposer(ProposalID(1)),
            .tooLateToCancel(ProposalID(1), .queued), .contentDiffers(ProposalID(1)),
            .weightsIncomplete(sum: 1), .reasonTooLong(characters: 1),
            .noPower(voter: Self.account, snapshot: .genesis),
            .escrowShort(balance: .zero, needed: .zero), .supplyChanged,
            .duplicateEscrow(EscrowID(1)), .escrowNotHeld(EscrowID(1)),
        ]
        #expect(Set(reasons.map(\.code)).count == reasons.count)
        for reason in reasons {
            #expect(reason.code.hasPrefix("gov."))
            #expect(reason.message.hasSuffix("."))
            #expect(!reason.hint.isEmpty)
            #expect(Rejection.governance(reason).code == reason.code)
        }
    }
}
