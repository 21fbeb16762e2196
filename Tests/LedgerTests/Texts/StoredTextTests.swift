import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// Receipts, the steps of proposals and dry runs hold texts for people, and these are hashed like
/// all that a block contains: a node that words one of them otherwise has another root.
@Suite struct StoredTextTests {
    private static let advice: Comment = """
        This text is in receipts or in the state, so that the roots of blocks follow from it. A \
        release that words it otherwise under the same version of the rules leaves the chain, and \
        cannot check the blocks of the past. Keep the text; or let it change with an upgrade, for \
        the blocks of the new version alone.
        """

    @Test func `no text that blocks commit to is worded anew without an upgrade`() throws {
        let found = try texts()
        // Only the first: one that is added or gone moves all that follow.
        if let (line, wanted) = zip(found, StoredTexts.golden).first(where: { $0 != $1 }) {
            Issue.record("\(wanted)\nis now\n\(line)\n\n\(Self.advice)")
        }
        #expect(found.count == StoredTexts.golden.count, Self.advice)
    }

    @Test func `each reason has a code of its own`() {
        let codes = StoredRejections.all.map(\.code)
        // A vote that is over and one that has not begun are two texts of one code.
        #expect(Set(codes).count == codes.count - 1)
    }

    private func texts() throws -> [String] {
        StoredRejections.all.map { Self.text($0.code, $0.message) } + profileTexts()
            + parameterTexts() + (try draftTexts()) + StepReason.allCases.map(\.text)
            + [StepReason.byProposal(ProposalID(7))] + names()
    }

    /// As the golden list has it: the code, and the message in short lines.
    private static func text(_ code: String, _ message: String) -> String {
        var lines = [code]
        var line = "   "
        for word in message.split(separator: " ", omittingEmptySubsequences: false) {
            if line.count + 1 + word.count > 88 {
                lines.append(line)
                line = "   "
            }
            line += " " + word
        }
        return (lines + [line]).joined(separator: "\n")
    }

    private static func text(_ rejection: Rejection) -> String {
        text(rejection.code, rejection.message)
    }

    // MARK: Words within reasons

    /// All zeros: of small order.
    private static let noKey = PublicKey([UInt8](repeating: 0, count: 32))

    private func profileTexts() -> [String] {
        let key = Person(1).key
        let broken = String(repeating: "a", count: 200)
        let profiles = [
            ValidatorProfile(
                networkKey: Self.noKey, endpoint: "a:1", moniker: "a"),
            ValidatorProfile(networkKey: key, endpoint: "a", moniker: "a"),
            ValidatorProfile(networkKey: key, endpoint: "a:1", moniker: ""),
            ValidatorProfile(networkKey: key, endpoint: "a:1", moniker: "a", website: broken),
            ValidatorProfile(networkKey: key, endpoint: "a:1", moniker: "a", contact: broken),
        ]
        return profiles.compactMap(\.problem).map {
            Self.text(.staking(.invalidField($0.field, problem: $0.message)))
        }
    }

    private func parameterTexts() -> [String] {
        var problems: [ParameterProblem] = []
        func set(
            _ parameters: inout Parameters, _ name: String, _ value: ParameterValue
        ) {
            do throws(ParameterProblem) {
                try parameters.set(name, to: value)
            } catch {
                problems.append(error)
            }
        }
        var first = Parameters.standard
        set(&first, "gov.depositBase", .ratio(numerator: 1, denominator: 2))
        set(&first, "fees.priceFloor", .integer(1))
        set(&first, "fees.priceFloor", .ratio(numerator: 1, denominator: 2))
        set(&first, "consensus.blockInterval", .integer(60_001))
        set(&first, "consensus.idleInterval", .integer(60_000))
        set(&first, "consensus.epochLength", .integer(100_000))
        set(&first, "staking.minValidators", .integer(22))
        set(&first, "staking.inflationMin", .ratio(numerator: 1, denominator: 2))
        set(&first, "staking.warmUp", .integer(11 * Milliseconds.day))
        set(&first, "staking.unbonding", .integer(9 * Milliseconds.day))
        set(&first, "gov.textConfirm", .integer(3 * Milliseconds.day))
        problems += first.validate(supply: Amount(10_000_000))
        return problems.map {
            Self.text(.governance(.parameterInvalid($0.parameter, problem: $0.description)))
        }
    }

    /// What a draft's actions and conditions are refused for in words of their own.
    private func draftTexts() throws -> [String] {
        let world = GovernanceWorld()
        let pause = Action.pause(ModulePause(module: .transfers, duration: 1))
        let version = Digest(.dryRun, [])
        let contradictions: [[Action]] = [
            [pause, pause], [pause, .resume(.transfers)],
            [.cancelQueued(ProposalID(7)), .cancelQueued(ProposalID(7))],
            [.cancelUpgrade(version), .cancelUpgrade(version)],
        ]
        var reasons: [Rejection?] = contradictions.map { actions in
            refusal { () throws(Rejection) in try Enactment.checkTogether(actions) }
        }
        let conditions: [ProposalCondition] = [
            .treasuryAtLeast(asset: .native, amount: Amount(.max)), .heightAtMost(.genesis),
            .executed(ProposalID(7)),
        ]
        reasons += conditions.map { condition in
            let content = ProposalContent(
                id: ProposalID(1), proposer: world.outsider, title: "", body: "", actions: [],
                conditions: [condition])
            return Guards.firstFalse(of: content, at: world.block, in: world.state)
        }
        let account = world.outsider
        let place = StakePlace.pool(account)
        let bucket = BucketID(validator: account, exit: .zero)
        let cast = BallotCast(proposal: ProposalID(1), contentHash: version, weights: .allYes)
        let key = ProvenKey(
            key: Person(1).key, proof: Signature([UInt8](repeating: 0, count: 64)))
        let profile = ValidatorProfile(networkKey: Person(1).key, endpoint: "", moniker: "")
        let draft = ValidatorDraft(
            consensusKey: key, profile: profile, commission: 0, selfBond: .zero)
        let staking: [StakingAction] = [
            .createValidator(draft), .editValidator(ValidatorEdit()), .unjail, .leave,
            .rotateKey(key), .delegate(validator: account, amount: .zero),
            .undelegate(from: place, amount: .all), .cancel(bucket, amount: .all),
            .redelegate(from: place, to: account, amount: .all),
            .setMode(validator: account, .paying), .claim, .claimReturn(EscrowID(1)),
        ]
        let actions: [Action] =
            [
                .transfer(to: account, asset: .native, amount: .zero),
                .submitProposal(ProposalDraft(title: "", body: "", actions: [], deposit: .zero)),
                .addDeposit(proposal: ProposalID(1), amount: .zero), .castBallot(cast),
                .cancelProposal(ProposalID(1)), .claimDeposit(ProposalID(1)),
                .claimStream(StreamID(1)), .executeProposal(ProposalID(1)),
                .signPetition(PetitionSignature(proposal: ProposalID(1), kind: .cancel)),
                .representation(RepresentationAction(group: .general, representatives: [])),
            ] + staking.map { .staking($0) }
        reasons += actions.map { action in
            refusal { () throws(Rejection) in
                _ = try Tracks.classify([action], parameters: .standard, in: world.state)
            }
        }
        return try reasons.map { Self.text(try #require($0)) }
    }

    private func refusal(_ body: () throws(Rejection) -> Void) -> Rejection? {
        do throws(Rejection) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    /// Words that stand in reasons or, those of the parts of the state, in dry runs.
    private func names() -> [String] {
        let statuses: [ProposalStatus] = [
            .deposit, .voting, .queued, .executed, .expired, .rejected, .vetoed, .failed,
            .cancelled,
        ]
        return [
            statuses.map(\.name), PausableModule.allCases.map(\.name),
            PetitionKind.allCases.map(\.name), [StakeMode.compounding, .paying].map(\.name),
            StateModule.allCases.map(\.name),
        ].map { $0.joined(separator: " ") } + [
            Self.text("parameters", Parameters.standard.all.map(\.id.name).joined(separator: " "))
        ]
    }
}
