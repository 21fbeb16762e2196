import Codec
import Cryptography

/// Everything that can happen, as a closed list of plain values. What holders decide in a proposal
/// is hashed, shown, voted on and executed as the same bytes.
public enum Action: CanonicalCodable, Hashable, Sendable {
    // For accounts.
    case transfer(to: Address, asset: AssetID, amount: Amount)
    case submitProposal(ProposalDraft)
    case addDeposit(proposal: ProposalID, amount: Amount)
    case castBallot(BallotCast)
    case cancelProposal(ProposalID)
    case claimDeposit(ProposalID)
    case staking(StakingAction)
    /// Takes what is due of a stream.
    case claimStream(StreamID)
    case representation(RepresentationAction)
    /// Tries once more to execute a decision whose execution failed.
    case executeProposal(ProposalID)
    case signPetition(PetitionSignature)

    // For governance: refused in a transaction, allowed in a proposal.
    case setParameter(ParameterChange)
    case spend(TreasurySpend)
    case stream(StreamPlan)
    case recallStream(StreamID)
    case createAsset(AssetCreation)
    case mint(AssetMint)
    case upgrade(UpgradePlan)
    case pause(ModulePause)
    case resume(PausableModule)
    /// Drops another proposal that is queued.
    case cancelQueued(ProposalID)
    /// Lets whoever held what a slash cut claim it.
    case returnStake(EscrowID)
    /// Drops the scheduled upgrade to a version before it is active.
    case cancelUpgrade(Digest)

    public init(from reader: inout ByteReader) throws(DecodeError) {
        self = try Action.decode(from: &reader, insideProposal: false)
    }

    /// Proposals do not nest: inside one, `submitProposal` is unknown, so that the depth of what a
    /// stranger sends is bounded by the format itself.
    static func decode(
        from reader: inout ByteReader, insideProposal: Bool
    ) throws(DecodeError) -> Action {
        switch try reader.readULEB128() {
        case 0:
            return .transfer(
                to: try Address(from: &reader), asset: try AssetID(from: &reader),
                amount: try Amount(from: &reader))
        case 1 where !insideProposal:
            return .submitProposal(try ProposalDraft(from: &reader))
        case 2:
            return .addDeposit(
                proposal: try ProposalID(from: &reader), amount: try Amount(from: &reader))
        case 3:
            return .castBallot(try BallotCast(from: &reader))
        case 4:
            return .cancelProposal(try ProposalID(from: &reader))
        case 5:
            return .claimDeposit(try ProposalID(from: &reader))
        case 6:
            return .staking(try StakingAction(from: &reader))
        case 10:
            return .claimStream(try StreamID(from: &reader))
        case 7:
            return .representation(try RepresentationAction(from: &reader))
        case 8:
            return .executeProposal(try ProposalID(from: &reader))
        case 9:
            return .signPetition(try PetitionSignature(from: &reader))
        case 32:
            return .setParameter(try ParameterChange(from: &reader))
        case 33:
            return .spend(try TreasurySpend(from: &reader))
        case 34:
            return .stream(try StreamPlan(from: &reader))
        case 35:
            return .recallStream(try StreamID(from: &reader))
        case 36:
            return .createAsset(try AssetCreation(from: &reader))
        case 37:
            return .mint(try AssetMint(from: &reader))
        case 43:
            return .upgrade(try UpgradePlan(from: &reader))
        case 40:
            return .pause(try ModulePause(from: &reader))
        case 41:
            return .resume(try PausableModule(from: &reader))
        case 42:
            return .cancelQueued(try ProposalID(from: &reader))
        case 38:
            return .returnStake(try EscrowID(from: &reader))
        case 44:
            return .cancelUpgrade(try Digest(from: &reader))
        case let tag:
            throw .unknownTag(type: "Action", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .transfer(let to, let asset, let amount):
            writer.writeULEB128(0)
            writer.write(to)
            writer.write(asset)
            writer.write(amount)
        case .submitProposal(let draft):
            writer.writeULEB128(1)
            writer.write(draft)
        case .addDeposit(let proposal, let amount):
            writer.writeULEB128(2)
            writer.write(proposal)
            writer.write(amount)
        case .castBallot(let ballot):
            writer.writeULEB128(3)
            writer.write(ballot)
        case .cancelProposal(let proposal):
            writer.writeULEB128(4)
            writer.write(proposal)
        case .claimDeposit(let proposal):
            writer.writeULEB128(5)
            writer.write(proposal)
        case .staking(let action):
            writer.writeULEB128(6)
            writer.write(action)
        case .claimStream(let stream):
            writer.writeULEB128(10)
            writer.write(stream)
        case .representation(let action):
            writer.writeULEB128(7)
            writer.write(action)
        case .executeProposal(let proposal):
            writer.writeULEB128(8)
            writer.write(proposal)
        case .signPetition(let signature):
            writer.writeULEB128(9)
            writer.write(signature)
        case .setParameter(let change): Action.write(32, change, into: &writer)
        case .spend(let spend): Action.write(33, spend, into: &writer)
        case .stream(let plan): Action.write(34, plan, into: &writer)
        case .recallStream(let stream): Action.write(35, stream, into: &writer)
        case .createAsset(let creation): Action.write(36, creation, into: &writer)
        case .mint(let mint): Action.write(37, mint, into: &writer)
        case .upgrade(let plan): Action.write(43, plan, into: &writer)
        case .pause(let pause): Action.write(40, pause, into: &writer)
        case .resume(let module): Action.write(41, module, into: &writer)
        case .cancelQueued(let proposal): Action.write(42, proposal, into: &writer)
        case .returnStake(let escrow): Action.write(38, escrow, into: &writer)
        case .cancelUpgrade(let version): Action.write(44, version, into: &writer)
        }
    }

    private static func write(
        _ tag: UInt32, _ value: some CanonicalCodable, into writer: inout ByteWriter
    ) {
        writer.writeULEB128(tag)
        writer.write(value)
    }
}
