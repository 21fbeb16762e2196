import Chain

extension Trial {
    /// What a mutant goes through until it is found: what is known to be telling, then everything.
    public static func all(for mutant: Mutant) -> [Trial] {
        var trials = all
        if let first = telling(mutant), let index = trials.firstIndex(where: { $0.name == first }) {
            trials.insert(trials.remove(at: index), at: 0)
        }
        return trials
    }

    /// The trial that is known to find it soonest; nil: one of those that take milliseconds does.
    private static func telling(_ mutant: Mutant) -> String? {
        switch mutant {
        case .neverBacksOff: "slow"
        case .refundsFailures: "failures"
        case .promisesBeforeSync: "hailstorm"
        case .buildsAboveBoundary, .reproposesOther, .takesOtherEpochs, .givesNoHints,
            .executesOnStaleState:
            "S21"
        case .neverSkips: "S02"
        case .asksNobody: "S08"
        case .waitsAnew: "repeated"
        case .keepsPartials: "S17"
        case .takesInvalidBlocks: "S33"
        case .storesAnything: "flawed blocks"
        case .skipsWithoutQuorum: "S49"
        case .finalizesAfterNullify, .finalizesOther, .notarizesTwice, .ignoresNullifications,
            .buildsOnUnnotarized, .certifiesUnexecuted, .nullifyStopsCertify, .neverTimesOut,
            .countsSigners, .takesTwoThirds, .countsVotesTwice, .mixesCandidates,
            .forgetsOwnVote, .ignoresContradictions, .overlooksEvidence, .neverRepeats,
            .keepsCertificates, .ignoresStragglers, .actsBeforeSync, .prunesAboveFinal,
            .forgetsNullifyOnReplay, .forgetsCertificatesOnReplay, .signsAnything,
            .reusesVerification, .trustsCertificates, .trustsRanges, .ignoresLogChecks,
            .refusesTornTails:
            nil
        }
    }
}
