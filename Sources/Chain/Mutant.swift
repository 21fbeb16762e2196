#if MUTANTS && !DEBUG
    #error("Mutants are for the debug configuration alone: no release build has any.")
#endif

/// Deliberate bugs, to see that the simulator finds them (testing.md 1, layer 9). Each stands at
/// its place in the code as `Mutant.isActive(.name)`, and one at a time can be switched on, in
/// builds that define MUTANTS: the debug configuration alone. In every other build `isActive` is
/// the constant false, and nothing of them remains.
public enum Mutant: String, CaseIterable, Sendable {
    // Consensus: votes.
    /// R6: finalizes a view that was given up.
    case finalizesAfterNullify
    /// R6: finalizes another block than it notarized.
    case finalizesOther
    /// R3: lets a leader's second proposal replace its first.
    case notarizesTwice
    /// 2.5: passes over views without their nullifications.
    case ignoresNullifications
    /// R2: builds on a block that no quorum notarized.
    case buildsOnUnnotarized
    /// R5: certifies what is not executed here.
    case certifiesUnexecuted
    /// P2: an own nullify vote keeps a notarization from being certified.
    case nullifyStopsCertify
    /// R4, R6': takes blocks for valid that are not what their headers say.
    case takesInvalidBlocks
    /// SEC-44: keeps what can be no block of its chain.
    case storesAnything
    /// R7: nothing is given up.
    case neverTimesOut
    /// 2.8: timeouts do not grow.
    case neverBacksOff
    /// 2.9: waits for leaders that have been silent for long.
    case neverSkips
    /// 2.9: passes leaders over though the rest is no quorum.
    case skipsWithoutQuorum
    // Consensus: tallies and certificates.
    /// Quorums are counted in heads.
    case countsSigners
    /// Exactly two thirds are a quorum.
    case takesTwoThirds
    /// A vote that comes again counts again.
    case countsVotesTwice
    /// Votes for different blocks are one sum.
    case mixesCandidates
    /// P1: the own vote is not in the own tally.
    case forgetsOwnVote
    /// I11, I12: goes on with two certificates that exclude each other.
    case ignoresContradictions
    /// 2.14: sees no conflict between votes.
    case overlooksEvidence
    // Consensus: messages.
    /// R8: repeats nothing.
    case neverRepeats
    /// 2.10: keeps new certificates to itself.
    case keepsCertificates
    /// R11: does not tell who is behind.
    case ignoresStragglers
    /// 2.10: shows nobody the votes of certificates that are not whole.
    case keepsPartials
    /// 2.12: asks nobody for what it lacks.
    case asksNobody
    /// 2.12: waits anew for what a proposal names, whenever its leader shows it again.
    case waitsAnew
    // Consensus: memory.
    /// I3: acts before its records are durable.
    case actsBeforeSync
    /// I7: forgets views above the last final one.
    case prunesAboveFinal
    /// P1, 2.15: forgets its nullify votes at a restart.
    case forgetsNullifyOnReplay
    /// 2.15: forgets its certificates at a restart.
    case forgetsCertificatesOnReplay
    /// The signer signs whatever it is asked for.
    case signsAnything
    // Epochs.
    /// 2.13: builds beyond the boundary.
    case buildsAboveBoundary
    /// 2.13: proposes another block again than the boundary's.
    case reproposesOther
    /// 2.13: takes messages of other epochs for its own.
    case takesOtherEpochs
    /// 2.13: tells nobody how an old epoch ended.
    case givesNoHints
    // What comes from outside.
    /// P13: what was verified is remembered by signer and view, not by content.
    case reusesVerification
    /// A certificate's signatures are not checked.
    case trustsCertificates
    /// P16: a range is taken without its finalization.
    case trustsRanges
    // Blocks and disk.
    /// A failed transaction gets back what was collected.
    case refundsFailures
    /// Blocks are executed on the committed state instead of their parent's.
    case executesOnStaleState
    /// The log's records are read without their checks.
    case ignoresLogChecks
    /// A torn tail is no log at all.
    case refusesTornTails
    /// The disk says durable before it is.
    case promisesBeforeSync

    #if MUTANTS
        /// The one that is switched on. Written once, before anything runs.
        nonisolated(unsafe) public static var active: Mutant?
        /// What `reusesVerification` remembers.
        nonisolated(unsafe) private static var verified: Set<[UInt64]> = []
    #endif

    /// Whether `reusesVerification` takes a vote for checked.
    @inline(__always)
    static func remembers(_ vote: Vote) -> Bool {
        #if MUTANTS
            guard isActive(.reusesVerification) else { return false }
            let key = [vote.epoch.value, vote.view.value, UInt64(vote.signer)]
            return !verified.insert(key).inserted
        #else
            return false
        #endif
    }

    /// Whether this bug is switched on: never, but in a build for the mutation check.
    @inline(__always)
    public static func isActive(_ mutant: Mutant) -> Bool {
        #if MUTANTS
            return mutant == active
        #else
            return false
        #endif
    }
}
