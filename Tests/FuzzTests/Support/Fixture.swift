import Chain
import Codec
import Consensus
import Cryptography

/// Fixed valid values, from which inputs begin.
enum Fixture {
    static func digest(_ byte: UInt8) -> Digest { Digest([UInt8](repeating: byte, count: 32)) }
    static func address(_ byte: UInt8) -> Address { Address([UInt8](repeating: byte, count: 32)) }
    static func key(_ byte: UInt8) -> SigningKey {
        SigningKey(seed: [UInt8](repeating: byte, count: 32))
    }

    static let chainID: ChainID = {
        guard let id = ChainID("fuzz-1") else { preconditionFailure("a valid name") }
        return id
    }()

    // Transactions.

    static let draft = ProposalDraft(
        title: "Lower the floor", body: "Because.",
        actions: [
            .setParameter(
                ParameterChange(
                    name: "fees.priceFloor", value: .ratio(numerator: 1, denominator: 500),
                    expected: .ratio(numerator: 1, denominator: 1_000))),
            .spend(
                TreasurySpend(payments: [
                    TreasuryPayment(recipient: address(3), asset: .native, amount: Amount(7))
                ])),
        ], deposit: Amount(30_000_000))

    static let ballot = BallotCast(
        proposal: ProposalID(7), contentHash: digest(4),
        weights: BallotWeights(yes: 6_000, no: 4_000), reason: "fair")

    static let actions: [Action] =
        [
            .transfer(to: address(2), asset: .native, amount: Amount(1_000_000)),
            .submitProposal(draft), .castBallot(ballot),
            .addDeposit(proposal: ProposalID(7), amount: Amount(9)),
            .cancelProposal(ProposalID(7)), .claimDeposit(ProposalID(7)),
            .representation(
                RepresentationAction(
                    group: .treasury,
                    representatives: [Representative(account: address(3), weight: 10_000)])),
        ] + stakingActions + decisions

    /// Every action of stake.
    static let stakingActions: [Action] = {
        let lot = LotID(
            validator: address(2), origin: StakeOrigin(validator: address(3), exit: Epoch(9)))
        let bucket = BucketID(
            validator: address(2), exit: Epoch(7),
            origin: StakeOrigin(validator: address(3), exit: Epoch(5)))
        let proven = ProvenKey(key(11), chainID: chainID, operatorAddress: address(2))
        let profile = ValidatorProfile(
            networkKey: key(12).publicKey, endpoint: "127.0.0.1:26656", moniker: "first",
            website: "https://example.org", contact: "ops@example.org")
        let all: [StakingAction] = [
            .createValidator(
                ValidatorDraft(
                    consensusKey: proven, profile: profile, commission: 500,
                    selfBond: Amount(1_000_000))),
            .editValidator(ValidatorEdit(profile: profile, commission: 700)), .unjail, .leave,
            .rotateKey(proven), .delegate(validator: address(2), amount: Amount(9)),
            .undelegate(from: .lot(lot), amount: .tokens(Amount(7))),
            .cancel(bucket, amount: .all),
            .redelegate(from: .pool(address(2)), to: address(3), amount: .all),
            .setMode(validator: address(2), .paying), .claim, .claimReturn(EscrowID(7)),
        ]
        return all.map { .staking($0) }
    }()

    /// What proposals do, and what accounts do about decisions.
    static let decisions: [Action] = {
        let start = Timestamp(1_700_000_000_000)
        let linear = StreamSchedule.linear(
            amount: Amount(1_000), start: start, cliff: start, end: start.advanced(by: 9_000))
        let tranches = StreamSchedule.tranches([
            StreamTranche(time: start, amount: Amount(5)),
            StreamTranche(time: start.advanced(by: 1), amount: Amount(6)),
        ])
        return [
            .stream(StreamPlan(recipient: address(3), schedule: linear)),
            .stream(StreamPlan(recipient: address(3), asset: AssetID(3), schedule: tranches)),
            .recallStream(StreamID(7)), .claimStream(StreamID(7)),
            .createAsset(
                AssetCreation(
                    name: "Gold", asset: Asset(symbol: "gold", decimals: 2),
                    mintAuthority: .governance,
                    allotments: [AssetAllotment(recipient: address(2), amount: Amount(40))])),
            .mint(AssetMint(asset: AssetID(3), amount: Amount(9), recipient: address(2))),
            .upgrade(
                UpgradePlan(
                    name: "two", version: digest(0x44), firstEpoch: Epoch(40),
                    lastEpoch: Epoch(80))),
            .pause(ModulePause(module: .staking, duration: 60_000)), .resume(.streams),
            .cancelQueued(ProposalID(7)), .cancelUpgrade(digest(0x44)),
            .returnStake(EscrowID(7)), .executeProposal(ProposalID(7)),
            .signPetition(PetitionSignature(proposal: ProposalID(7), kind: .cancel)),
            .submitProposal(
                ProposalDraft(
                    title: "With conditions", body: "", actions: [.returnStake(EscrowID(7))],
                    conditions: [
                        .treasuryAtLeast(asset: .native, amount: Amount(5)),
                        .heightAtMost(Height(258)), .executed(ProposalID(3)),
                    ], deposit: Amount(30_000_000))),
        ]
    }()

    static func transaction(_ actions: [Action]) -> SignedTransaction {
        let transaction = Transaction(
            chainID: chainID, sender: address(1), sequence: 5, lane: 2, validUntil: Height(1_000),
            maxFee: Amount(2_000), gasLimit: 100_000, feePayer: address(5), actions: actions,
            memo: [0x68, 0x69])
        let signer = key(1)
        let message = transaction.signBytes(genesisHash: digest(9))
        return SignedTransaction(
            transaction: transaction,
            signatures: [
                TransactionSignature(key: signer.publicKey, signature: signer.sign(message))
            ])
    }

    static let receipts: [Receipt] = [
        Receipt(
            transactionID: digest(6), status: .ok, gasUsed: 21_300, fee: Amount(22),
            events: [
                .transferred(
                    from: address(1), to: address(2), asset: .native, amount: Amount(1_000_000))
            ]),
        Receipt(
            transactionID: digest(6), status: .failed(.amountZero), gasUsed: 1, fee: Amount(1),
            events: []),
    ]

    // Agreement.

    static func instance(_ powers: [UInt64], boundary: UInt64 = .max) -> Instance {
        let validators = powers.enumerated().map {
            Validator(key: key(UInt8(101 + $0.offset)).publicKey, power: $0.element)
        }
        guard let set = try? ValidatorSet(validators) else {
            preconditionFailure("the fixed set is valid: \(powers)")
        }
        return Instance(
            chainID: chainID, epoch: .zero,
            base: BlockSummary(
                hash: digest(9), height: .genesis, view: .zero,
                timestamp: Timestamp(1_700_000_000_000)),
            validators: set, boundary: Height(boundary), previousSeed: nil)
    }

    static let four = instance([1, 1, 1, 1])

    static let body = BlockBody(transactions: [transaction([actions[0]])])
    static let header = Header(
        genesisHash: digest(9), epoch: .zero, height: Height(1), view: View(1),
        parentView: .zero, parentHash: digest(9), timestamp: Timestamp(1_700_000_000_500),
        proposer: 2, transactionsRoot: body.transactionsRoot, stateRoot: digest(0xA2),
        receiptsRoot: digest(0xA3), setHash: four.validators.hash,
        nextSetHash: four.validators.hash, evidenceRoot: .zero, participationRoot: .zero,
        gasUsed: 21_300, gasLimit: 60_000_000, extra: [1, 2])
    static let block = Block(header: header, body: body)
    static let statements: [Statement] = [
        .notarize(header.candidate), .nullify, .finalize(header.candidate),
    ]

    /// A really signed vote of the validator at an index of `four`.
    static func vote(_ statement: Statement, view: UInt64 = 1, signer: UInt16) -> Vote {
        let message = statement.signBytes(instance: four.id, view: View(view))
        let public_ = four.validators.validator(at: signer)?.key
        let number = (101...104 as ClosedRange<UInt8>).first { key($0).publicKey == public_ }
        return Vote(
            epoch: .zero, view: View(view), signer: signer, statement: statement,
            signature: key(number ?? 101).sign(message))
    }

    static func certificate(
        _ statement: Statement, view: UInt64 = 1, signers: [UInt16] = [0, 1, 3],
        isPartial: Bool = false
    ) -> Certificate {
        Verified<Certificate>(
            assembling: signers.map { .restored(vote(statement, view: view, signer: $0)) },
            validatorCount: 4, isPartial: isPartial
        ).value
    }

    static let evidence: Evidence = {
        let pair = Evidence(vote(.nullify, signer: 1), vote(statements[2], signer: 1))
        guard let pair else { preconditionFailure("nullify and finalize conflict") }
        return pair
    }()

    // Genesis.

    static let entry = GenesisEntry(
        chainID: chainID, operatorKey: key(10), consensusKey: key(11),
        networkKey: key(12).publicKey, endpoint: "127.0.0.1:26656", moniker: "first",
        commission: 500, selfBond: Amount(1_000_000_000))
    static let genesis = Genesis(
        chainID: chainID, time: Timestamp(1_700_000_000_000), prefix: "alth",
        nativeAsset: Asset(symbol: "alt", decimals: 6), parameters: .development,
        accounts: [
            GenesisAccount(
                address: address(1),
                balances: [AssetBalance(amount: Amount(1_000_000_000_000))], name: "alice")
        ],
        treasury: [AssetBalance(amount: Amount(5_000_000_000))], validators: [entry],
        delegations: [
            GenesisDelegation(
                delegator: address(1), validator: entry.operatorAddress,
                amount: Amount(5_000_000))
        ])
}
