import Chain
import Codec
import Cryptography
import Testing

@Suite struct StakingCodecTests {
    private static let a = GoldenValues.address(0x11)
    private static let b = GoldenValues.address(0x22)
    private static let key = PublicKey([UInt8](repeating: 0x33, count: 32))
    private static let proof = ProvenKey(
        key: key, proof: Signature([UInt8](repeating: 0x44, count: 64)))
    private static let profile = ValidatorProfile(
        networkKey: key, endpoint: "127.0.0.1:1", moniker: "m", website: "w", contact: "c")

    private static let actions: [StakingAction] = [
        .createValidator(
            ValidatorDraft(
                consensusKey: proof, profile: profile, commission: 500, selfBond: Amount(9))),
        .editValidator(ValidatorEdit(profile: profile, commission: 7)),
        .editValidator(ValidatorEdit()), .unjail, .leave, .rotateKey(proof),
        .delegate(validator: a, amount: Amount(5)),
        .undelegate(from: .pool(a), amount: .all),
        .undelegate(from: .lot(StakeSamples.lot(a, b)), amount: .tokens(Amount(3))),
        .cancel(StakeSamples.bucket(a, 7), amount: .all),
        .cancel(StakeSamples.bucket(a, 7, from: b), amount: .tokens(Amount(1))),
        .redelegate(from: .pool(a), to: b, amount: .all), .setMode(validator: a, .paying), .claim,
        .claimReturn(EscrowID(3)),
    ]

    private static let events: [StakingEvent] = [
        .validatorCreated(validator: a, consensusKey: key), .validatorEdited(validator: a),
        .commissionAnnounced(validator: a, rate: 5, notBefore: Timestamp(9)),
        .commissionChanged(validator: a, rate: 5), .keyRotated(validator: a, consensusKey: key),
        .jailed(validator: a, .equivocation, until: Timestamp(9)), .unjailed(validator: a),
        .leaving(validator: a), .removed(validator: a),
        .delegated(account: b, validator: a, amount: Amount(1)),
        .undelegated(account: b, validator: a, amount: Amount(1), exit: Epoch(3)),
        .cancelled(account: b, validator: a, amount: Amount(1)),
        .redelegated(account: b, from: a, to: b, amount: Amount(1), exit: Epoch(3)),
        .modeChanged(account: b, validator: a, .paying),
        .rewardsClaimed(account: b, validator: a, amount: Amount(1)),
        .unbonded(account: b, validator: a, amount: Amount(1)),
        .merged(account: b, validator: a, amount: Amount(1)),
        .slashed(validator: a, epoch: Epoch(3), amount: Amount(1)),
        .escrowReleased(validator: a, treasury: Amount(1), reporter: b, reward: Amount(2)),
        .escrowReleased(validator: a, treasury: Amount(1), reporter: nil, reward: .zero),
        .rewarded(validator: a, epoch: Epoch(3), amount: Amount(5), commission: Amount(1)),
        .rewardsPaid(
            epoch: Epoch(3), amount: Amount(5), minted: Amount(4), treasury: Amount(1)),
        .inflated(
            epoch: Epoch(3), rate: 130_000_000_000, mintable: Amount(9), fees: Amount(2),
            treasury: Amount(1)),
        .returnClaimed(account: b, validator: a, escrow: EscrowID(3), amount: Amount(1)),
        .releaseFailed(validator: a, escrow: EscrowID(3), code: "bank.insufficient_funds"),
    ]

    @Test(arguments: actions)
    func `an action decodes to itself`(_ action: StakingAction) throws {
        #expect(try Action(decoding: Action.staking(action).encoded()) == .staking(action))
    }

    @Test(arguments: events)
    func `an event decodes to itself`(_ event: StakingEvent) throws {
        #expect(try Event(decoding: Event.staking(event).encoded()) == .staking(event))
        #expect(Set(event.accounts).count == event.accounts.count)
    }

    @Test(
        arguments: [
            .held(until: Timestamp(9)), .returned(by: ProposalID(2), until: Timestamp(9)),
            .released(at: Timestamp(9)),
        ] as [EscrowPhase])
    func `an escrow and its parts decode to themselves`(_ phase: EscrowPhase) throws {
        var escrow = StakeEscrow(
            validator: Self.a, epoch: Epoch(3), height: Height(8), holders: Height(7),
            firstBound: Epoch(1), amount: Amount(5), reporter: Self.b,
            nameableUntil: Timestamp(90))
        escrow.phase = phase
        escrow.left = Amount(4)
        #expect(try StakeEscrow(decoding: escrow.encoded()) == escrow)
        #expect(phase.due == Timestamp(9))
        let part = EscrowPart(generation: 4, tokens: 5, shares: 1 << 90)
        #expect(try EscrowPart(decoding: part.encoded()) == part)
        let action = Action.returnStake(EscrowID(3))
        #expect(try ProposalDraft(decoding: Self.draft(action).encoded()).actions == [action])
        let event = Event.governance(
            .stakeReturned(
                ProposalID(2), escrow: EscrowID(3), amount: Amount(1), until: Timestamp(9)))
        #expect(try Event(decoding: event.encoded()) == event)
    }

    private static func draft(_ action: Action) -> ProposalDraft {
        ProposalDraft(title: "t", body: "", actions: [action], deposit: Amount(1))
    }

    @Test func `names of actions and events are different`() {
        #expect(Set(Self.events.map(\.name)).count == Self.events.count - 1)
        #expect(Set(Self.actions.map(\.name)).count == Self.actions.count - 3)
    }

    @Test func `a key of stake says what it names`() {
        for holding in StakeSamples.holdings(Self.a, Self.b) {
            let key = StateKey.staking(.position(Self.b, holding)).bytes
            #expect(StakeHolding(positionKey: key) == holding)
            let part = StateKey.staking(.escrowPart(EscrowID(5), holding)).bytes
            #expect(StakeHolding(escrowPartKey: part) == holding)
            switch holding {
            case .bucket(let id):
                let trace = StateKey.staking(.bucketTrace(Self.a, id, Height(7))).bytes
                #expect(BucketID(bucketTraceKey: trace) == id)
                #expect(StakingKey.traceHeight(trace) == Height(7))
                #expect(BucketID(bucketKey: StateKey.staking(.bucket(id)).bytes) == id)
            case .place(let place):
                let trace = StateKey.staking(.positionTrace(Self.b, place, Height(77))).bytes
                #expect(StakePlace(positionTraceKey: trace) == place)
                #expect(StakingKey.traceHeight(trace) == Height(77))
                if case .lot(let id) = place {
                    #expect(LotID(lotKey: StateKey.staking(.lot(id)).bytes) == id)
                }
            }
        }
        #expect(StakeHolding(positionKey: []) == nil)
        #expect(BucketID(bucketKey: [1, 2, 3]) == nil)
        #expect(LotID(lotKey: [UInt8](repeating: 0, count: 74)) == nil)
    }

    @Test func `positions are in the order of their exits`() {
        let early = StateKey.staking(.position(Self.a, .bucket(StakeSamples.bucket(Self.b, 7))))
        let late = StateKey.staking(.position(Self.a, .bucket(StakeSamples.bucket(Self.a, 256))))
        #expect(early.bytes.lexicographicallyPrecedes(late.bytes))
    }
}
