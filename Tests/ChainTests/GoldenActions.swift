import Chain
import Codec
import Cryptography

/// Actions of validators, decisions and petitions, for `GoldenTests`.
enum GoldenActions {
    private static let proven = ProvenKey(
        key: PublicKey(words: GoldenValues.digest(8).words),
        proof: Signature([UInt8](repeating: 9, count: 64)))
    private static let profile = ValidatorProfile(
        networkKey: PublicKey(words: GoldenValues.digest(12).words), endpoint: "127.0.0.1:26656",
        moniker: "first", website: "https://example.org", contact: "ops@example.org")

    static let values: [(name: String, action: Action)] = [
        (
            "createValidator",
            .staking(
                .createValidator(
                    ValidatorDraft(
                        consensusKey: proven, profile: profile, commission: 500,
                        selfBond: Amount(1_000_000_000))))
        ),
        (
            "editValidator",
            .staking(.editValidator(ValidatorEdit(profile: profile, commission: 700)))
        ),
        ("editNothing", .staking(.editValidator(ValidatorEdit()))),
        ("unjail", .staking(.unjail)),
        ("leaveValidator", .staking(.leave)),
        ("rotateKey", .staking(.rotateKey(proven))),
        ("claimReturn", .staking(.claimReturn(EscrowID(7)))),
        ("executeProposal", .executeProposal(ProposalID(7))),
        ("signPetition", .signPetition(PetitionSignature(proposal: ProposalID(7), kind: .cancel))),
        ("returnStake", .returnStake(EscrowID(7))),
        ("pause", .pause(ModulePause(module: .staking, duration: 60_000))),
        ("resume", .resume(.streams)),
        ("cancelQueued", .cancelQueued(ProposalID(7))),
        ("cancelUpgrade", .cancelUpgrade(GoldenValues.digest(0x44))),
    ]

    static let all: [(name: String, bytes: [UInt8])] = values.map {
        ("action." + $0.name, $0.action.encoded())
    }
}
