import Chain
import Cryptography
import StateTree

/// Why evidence may not be in a block.
public enum EvidenceRejection: Error, Hashable, Sendable {
    /// The epoch has not begun, or nobody knows its set any more.
    case unknownEpoch(Epoch)
    /// The epoch ended longer than the unbonding time ago.
    case tooLate(epoch: Epoch, end: Timestamp, now: Timestamp)
    case invalid(VerificationError)
    /// The validator left no record.
    case unknownValidator(PublicKey)
    /// The same offence is recorded for this epoch or an earlier one, with no smaller share of the
    /// power.
    case known(Epoch)
}

/// Evidence in blocks (consensus.md 2.14), judged from the chain's state alone: no clock and no
/// peer has a say. Leaders and verifiers run the same code.
/// What an offence costs is in `Staking.punish`.
///
/// Evidence of a key that is known is news if it proves an earlier epoch, for which more is liable,
/// or an epoch in which the key had a larger share of the power, for which all of the incident lose
/// more: whoever offended cannot choose the epoch that costs least by reporting itself first.
enum Offences {
    /// The last set that was read: evidence of one block is mostly about one epoch.
    struct Cache {
        var epoch: Epoch?
        var validators: ValidatorSet?
    }

    /// Records an offence, or refuses the evidence with nothing changed.
    static func report<Base: StateReader>(
        _ entry: ReportedEvidence, context: BlockContext, rules: Rules,
        signatures: SignatureCheck, cache: inout Cache, in state: inout State<Base>
    ) throws(EvidenceRejection) {
        let evidence = entry.evidence
        let epoch = evidence.epoch
        guard let record = state.read(.epoch(epoch), as: EpochRecord.self),
            let instance = record.instance
        else { throw .unknownEpoch(epoch) }
        guard
            record.takesEvidence(at: context.timestamp, unbonding: rules.parameters.unbonding)
        else {
            throw .tooLate(
                epoch: epoch, end: record.endTime ?? context.timestamp, now: context.timestamp)
        }
        if cache.epoch != epoch {
            cache = Cache(epoch: epoch, validators: Epochs.validators(of: epoch, in: state))
        }
        guard let validators = cache.validators else { throw .unknownEpoch(epoch) }
        guard let validator = validators.validator(at: evidence.signer) else {
            throw .invalid(.signerOutOfRange(evidence.signer))
        }
        let known: OffenceRecord? = state.read(.offence(validator.key))
        guard let account: Address = state.read(.operatorOfKey(validator.key)) else {
            throw .unknownValidator(validator.key)
        }
        let power = (own: validator.power, total: validators.totalPower)
        // Every epoch is new at most once, so that evidence of a key ends.
        if let known, known.epoch <= epoch,
            Staking.share(power) <= Staking.share(of: known, context, rules: rules, in: state)
        {
            throw .known(known.epoch)
        }
        do throws(VerificationError) {
            _ = try Verified(
                evidence, instance: instance, validators: validators, signatures: signatures)
        } catch {
            throw .invalid(error)
        }

        var offence =
            known
            ?? OffenceRecord(
                operatorAddress: account, evidence: evidence, height: context.height,
                time: context.timestamp, reporter: entry.reporter)
        if epoch < offence.epoch { offence.lower(to: evidence) }
        state.write(.offence(validator.key), offence)
        state.emit(
            .validators(
                .offended(
                    operatorAddress: account, key: validator.key, epoch: epoch,
                    view: evidence.view, reporter: entry.reporter)))
        Staking.punish(
            offence, key: validator.key, known: known,
            power: power, context, rules: rules, in: &state)
    }
}
