import Chain
import Codec
import Cryptography

/// One value of every type that is hashed, signed, stored or sent, for `GoldenTests`.
enum GoldenValues {
    static func digest(_ byte: UInt8) -> Digest { Digest([UInt8](repeating: byte, count: 32)) }
    static func address(_ byte: UInt8) -> Address { Address([UInt8](repeating: byte, count: 32)) }
    static func secret(_ byte: UInt8) -> SigningKey {
        SigningKey(seed: [UInt8](repeating: byte, count: 32))
    }
    static let chainID: ChainID = {
        guard let id = ChainID("golden-1") else { preconditionFailure("a valid name") }
        return id
    }()

    // Transactions.

    static let transfer = Action.transfer(
        to: address(0x22), asset: .native, amount: Amount(1_000_000))
    static let change = ParameterChange(
        name: "fees.priceFloor", value: .ratio(numerator: 1, denominator: 500),
        expected: .ratio(numerator: 1, denominator: 1_000))
    static let spend = TreasurySpend(payments: [
        TreasuryPayment(recipient: address(0x33), asset: .native, amount: Amount(77))
    ])
    static let draft = ProposalDraft(
        title: "Lower the floor", body: "# Why\nBecause.",
        actions: [.setParameter(change), .spend(spend)], deposit: Amount(30_000_000))
    static let ballot = BallotCast(
        proposal: ProposalID(7), contentHash: digest(0x44),
        weights: BallotWeights(yes: 6_000, no: 4_000), reason: "fair")

    static let representation = RepresentationAction(
        group: .treasury,
        representatives: [
            Representative(account: address(0x22), weight: 6_000),
            Representative(account: address(0x33), weight: 4_000),
        ])

    static let stakingActions: [StakingAction] = {
        let a = address(0x33)
        let b = address(0x44)
        let lot = LotID(validator: a, origin: StakeOrigin(validator: b, exit: Epoch(9)))
        let bucket = BucketID(
            validator: a, exit: Epoch(7), origin: StakeOrigin(validator: b, exit: Epoch(5)))
        return [
            .delegate(validator: a, amount: Amount(1_000_000)),
            .undelegate(from: .lot(lot), amount: .tokens(Amount(77))),
            .cancel(bucket, amount: .all), .redelegate(from: .pool(a), to: b, amount: .all),
            .setMode(validator: a, .paying), .claim,
        ]
    }()

    static let transaction = Transaction(
        chainID: chainID, sender: address(0x11), sequence: 5, lane: 2, validUntil: Height(1_000),
        maxFee: Amount(2_000), gasLimit: 100_000, feePayer: address(0x55), actions: [transfer],
        memo: [0x68, 0x69])
    static let signedTransaction: SignedTransaction = {
        let key = secret(1)
        let message = transaction.signBytes(genesisHash: digest(0x99))
        return SignedTransaction(
            transaction: transaction,
            signatures: [TransactionSignature(key: key.publicKey, signature: key.sign(message))])
    }()
    static let receipt = Receipt(
        transactionID: digest(0x66), status: .ok, gasUsed: 21_300, fee: Amount(22),
        events: [
            .transferred(
                from: address(0x11), to: address(0x22), asset: .native, amount: Amount(1_000_000))
        ])
    static let failedReceipt = Receipt(
        transactionID: digest(0x66), status: .failed(.amountZero), gasUsed: 1, fee: Amount(1),
        events: [])

    // Agreement: four validators of power 1.

    static let seeds: [UInt8] = [101, 102, 103, 104]
    static let validators: ValidatorSet = {
        do {
            return try ValidatorSet(
                seeds.map { Validator(key: secret($0).publicKey, power: 1) })
        } catch {
            preconditionFailure("four keys are a set: \(error)")
        }
    }()
    static let instance = Instance(
        chainID: chainID, epoch: .zero,
        base: BlockSummary(
            hash: digest(0x99), height: .genesis, view: .zero,
            timestamp: Timestamp(1_700_000_000_000)),
        validators: validators, boundary: Height(.max), previousSeed: nil)
    static let header = Header(
        genesisHash: digest(0x99), epoch: .zero, height: Height(1), view: View(3),
        parentView: .zero, parentHash: digest(0x99), timestamp: Timestamp(1_700_000_000_500),
        proposer: 2, transactionsRoot: digest(0xA1), stateRoot: digest(0xA2),
        receiptsRoot: digest(0xA3), setHash: validators.hash, nextSetHash: validators.hash,
        evidenceRoot: .zero, participationRoot: .zero, gasUsed: 21_300, gasLimit: 60_000_000,
        extra: [1, 2])
    static let block = Block(
        header: header, body: BlockBody(transactions: [signedTransaction]))

    static func vote(_ statement: Statement, signer: UInt16) -> Vote {
        guard let validator = validators.validator(at: signer),
            let seed = seeds.first(where: { secret($0).publicKey == validator.key })
        else {
            preconditionFailure("the signer is one of the four")
        }
        let message = statement.signBytes(instance: instance.id, view: View(3))
        return Vote(
            epoch: .zero, view: View(3), signer: signer, statement: statement,
            signature: secret(seed).sign(message))
    }

    static func certificate(_ statement: Statement) -> Certificate {
        let votes: [UInt16] = [0, 1, 3]
        var bitmap = SignerBitmap(count: 4)
        for signer in votes {
            bitmap.insert(signer)
        }
        return Certificate(
            epoch: .zero, view: View(3), statement: statement, isPartial: false, bitmap: bitmap,
            signatures: votes.map { vote(statement, signer: $0).signature })
    }

    static let notarize = Statement.notarize(header.candidate)
    static let finalize = Statement.finalize(header.candidate)
    static let evidence: Evidence = {
        let pair = Evidence(vote(.nullify, signer: 1), vote(finalize, signer: 1))
        guard let pair else { preconditionFailure("nullify and finalize conflict") }
        return pair
    }()

    // Epochs.

    static let epochRecord = EpochRecord(
        first: Height(1), last: Height(240), start: EpochRecord.Start(instance),
        endTime: Timestamp(1_700_000_240_000))
    static let offence = OffenceRecord(
        operatorAddress: address(0x11), evidence: evidence, height: Height(9),
        time: Timestamp(1_700_000_004_500), reporter: address(0x22))
    static let blockReceipt = Receipt.ofBlock(events: [
        .validators(.elected(Epoch(2), setHash: validators.hash, isFallback: true)),
        .validators(
            .offended(
                operatorAddress: address(0x11), key: PublicKey(words: digest(8).words),
                epoch: .zero, view: View(3), reporter: address(0x22))),
    ])

    // Participation.

    static let participation: Participation = {
        let votes = certificate(notarize)
        return Participation(
            notarizations: Certificate(
                epoch: votes.epoch, view: votes.view, statement: votes.statement,
                isPartial: true, bitmap: votes.bitmap, signatures: votes.signatures))
    }()
    static let recentBlock = RecentBlock(
        epoch: Epoch(1), height: Height(258), view: View(3), parentView: View(2),
        hash: digest(0x55), named: certificate(notarize).bitmap)
    static let participationCounts = ParticipationCounts(
        blocks: 258,
        seats: [SeatCounts(named: 257, led: 2, slots: 3), SeatCounts(named: 1, led: 0, slots: 1)])

    static let rewardPot = RewardPot(
        fees: Amount(258), mintable: Amount(1_000), down: certificate(notarize).bitmap)
    static let downtimes = DowntimeHistory(times: [Timestamp(258), Timestamp(259)])

    // Genesis.

    static let entry = GenesisEntry(
        chainID: chainID, operatorKey: secret(10), consensusKey: secret(11),
        networkKey: secret(12).publicKey, endpoint: "127.0.0.1:26656", moniker: "first",
        website: "https://example.org", contact: "ops@example.org", commission: 500,
        selfBond: Amount(1_000_000_000))
    static let genesis = Genesis(
        chainID: chainID, time: Timestamp(1_700_000_000_000), prefix: "alth",
        nativeAsset: Asset(symbol: "alt", decimals: 6), parameters: .development,
        accounts: [
            GenesisAccount(
                address: address(0x11),
                balances: [AssetBalance(amount: Amount(1_000_000_000_000))], name: "alice"),
            GenesisAccount(
                address: address(0x22),
                balances: [AssetBalance(amount: Amount(1_000_000_000_000))]),
        ],
        treasury: [AssetBalance(amount: Amount(5_000_000_000))], validators: [entry],
        delegations: [
            GenesisDelegation(
                delegator: address(0x22), validator: entry.operatorAddress,
                amount: Amount(5_000_000))
        ])

    /// Name, time, prefix and asset come before the parameters, whose defaults are no format.
    static let parametersStart = 9 + 8 + 5 + 5

    /// Every encoding and hash under its name.
    static let all: [(name: String, bytes: [UInt8])] =
        others + enacted + GoldenActions.all
        + stakingActions.map { (name: "action." + $0.name, bytes: Action.staking($0).encoded()) }

    /// Streams, assets and upgrades.
    private static let enacted: [(name: String, bytes: [UInt8])] = {
        let start = Timestamp(1_700_000_000_000)
        let cliff = Timestamp(1_700_000_001_000)
        let linear = StreamSchedule.linear(
            amount: Amount(1_000), start: start, cliff: cliff, end: Timestamp(1_700_000_009_000))
        let tranches = StreamSchedule.tranches([
            StreamTranche(time: start, amount: Amount(5)),
            StreamTranche(time: cliff, amount: Amount(6)),
        ])
        let a = address(0x33)
        let b = address(0x22)
        let actions: [(String, Action)] = [
            ("claimStream", .claimStream(StreamID(7))),
            ("stream", .stream(StreamPlan(recipient: a, schedule: linear))),
            (
                "streamTranches",
                .stream(StreamPlan(recipient: a, asset: AssetID(3), schedule: tranches))
            ),
            ("recallStream", .recallStream(StreamID(7))),
            (
                "createAsset",
                .createAsset(
                    AssetCreation(
                        name: "Gold", asset: Asset(symbol: "gold", decimals: 2),
                        mintAuthority: .governance,
                        allotments: [AssetAllotment(recipient: b, amount: Amount(40))]))
            ),
            ("mint", .mint(AssetMint(asset: AssetID(3), amount: Amount(9), recipient: b))),
            (
                "upgrade",
                .upgrade(
                    UpgradePlan(
                        name: "two", version: digest(0x44), firstEpoch: Epoch(40),
                        lastEpoch: Epoch(80)))
            ),
        ]
        return actions.map { ("action." + $0, $1.encoded()) }
    }()

    private static let others: [(name: String, bytes: [UInt8])] = [
        ("action.transfer", transfer.encoded()),
        ("action.submitProposal", Action.submitProposal(draft).encoded()),
        (
            "action.addDeposit",
            Action.addDeposit(proposal: ProposalID(7), amount: Amount(9)).encoded()
        ),
        ("action.castBallot", Action.castBallot(ballot).encoded()),
        ("action.cancelProposal", Action.cancelProposal(ProposalID(7)).encoded()),
        ("action.claimDeposit", Action.claimDeposit(ProposalID(7)).encoded()),
        ("action.representation", Action.representation(representation).encoded()),
        ("action.setParameter", Action.setParameter(change).encoded()),
        ("action.spend", Action.spend(spend).encoded()),
        ("transaction", transaction.encoded()),
        ("transaction.signBytes", transaction.signBytes(genesisHash: digest(0x99))),
        ("signedTransaction", signedTransaction.encoded()),
        ("signedTransaction.id", signedTransaction.id.bytes),
        ("receipt", receipt.encoded()),
        ("receipt.failed", failedReceipt.encoded()),
        ("receipts.root", Receipt.root(of: [receipt, failedReceipt], blockEvents: []).bytes),
        (
            "account",
            Account(
                sequence: 3,
                authority: .threshold(
                    keys: [WeightedKey(key: PublicKey(words: digest(8).words), weight: 2)],
                    threshold: 2)
            ).encoded()
        ),
        ("validatorSet", validators.encoded()),
        ("validatorSet.hash", validators.hash.bytes),
        ("instance.id", instance.id.bytes),
        ("instance.seed", instance.seed.bytes),
        ("header", header.encoded()),
        ("header.hash", header.hash.bytes),
        ("block.transactionsRoot", block.body.transactionsRoot.bytes),
        ("signBytes.notarize", notarize.signBytes(instance: instance.id, view: View(3))),
        ("signBytes.nullify", Statement.nullify.signBytes(instance: instance.id, view: View(3))),
        ("signBytes.finalize", finalize.signBytes(instance: instance.id, view: View(3))),
        ("vote.notarize", vote(notarize, signer: 0).encoded()),
        ("vote.nullify", vote(.nullify, signer: 1).encoded()),
        ("vote.finalize", vote(finalize, signer: 3).encoded()),
        ("certificate.notarization", certificate(notarize).encoded()),
        ("certificate.nullification", certificate(.nullify).encoded()),
        ("certificate.finalization", certificate(finalize).encoded()),
        ("evidence.id", evidence.id.bytes),
        ("genesisEntry", entry.encoded()),
        ("genesis.beforeParameters", Array(genesis.encoded()[..<parametersStart])),
        (
            "genesis.afterParameters",
            Array(genesis.encoded()[(parametersStart + genesis.parameters.encoded().count)...])
        ),
        ("module.treasury", ModuleID.treasury.address.bytes),
        ("key.balance", StateKey.balance(address(0x11), AssetID(258)).bytes),
        ("key.validatorSet", StateKey.validatorSet(Epoch(258)).bytes),
        ("epochRecord", epochRecord.encoded()),
        ("epochRecord.next", EpochRecord(after: Height(240), length: 240).encoded()),
        ("offenceRecord", offence.encoded()),
        ("receipt.ofBlock", blockReceipt.encoded()),
        ("participation", participation.encoded()),
        ("recentBlock", recentBlock.encoded()),
        ("participationCounts", participationCounts.encoded()),
        ("rewardPot", rewardPot.encoded()),
        ("downtimeHistory", downtimes.encoded()),
        ("key.inflationRate", StateKey.staking(.inflationRate).bytes),
        ("key.rewardPot", StateKey.staking(.rewardPot(Epoch(258))).bytes),
        ("key.downtimes", StateKey.staking(.downtimes(address(0x11))).bytes),
        ("key.recentBlock", StateKey.staking(.recentBlock(7)).bytes),
        ("key.participation", StateKey.staking(.participation(Epoch(258))).bytes),
        ("key.currentEpoch", StateKey.currentEpoch.bytes),
        ("key.epoch", StateKey.epoch(Epoch(258)).bytes),
        ("key.offence", StateKey.offence(PublicKey(words: digest(8).words)).bytes),
    ]
}
