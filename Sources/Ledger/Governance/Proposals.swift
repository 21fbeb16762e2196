import Chain
import Cryptography
import StateTree

// Submission, opening and cancellation of proposals.
extension Governance {
    /// Stores a proposal and takes its first deposit.
    ///
    /// Everything is checked before anything is written: the form of every action, that they are
    /// of one topic, that what they decide would be valid and payable today, and a dry run.
    static func submit<Base: StateReader>(
        _ draft: ProposalDraft, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        guard !draft.title.isEmpty else { throw .governance(.titleEmpty) }
        // Unicode scalars: what counts as one visible character changes with the library's tables.
        let characters = draft.title.unicodeScalars.count
        guard characters <= titleCharactersMax else {
            throw .governance(.titleTooLong(characters: UInt64(characters)))
        }
        let kind = try Tracks.classify(
            draft.actions, parameters: context.rules.parameters, in: state)
        let actions = try Enactment.prepared(draft.actions, at: context.block, in: state)
        try Guards.check(draft.conditions, in: state)
        try Staking.checkReturns(in: actions, at: context.block.timestamp, in: state)

        let minimum = kind.minimumDeposit
        guard draft.deposit >= minimum else {
            throw .governance(.depositTooLow(deposit: draft.deposit, minimum: minimum))
        }
        guard draft.deposit <= kind.requiredDeposit else {
            throw .governance(
                .depositTooHigh(deposit: draft.deposit, missing: kind.requiredDeposit))
        }

        let last: ProposalID = state.read(.lastProposal) ?? ProposalID(0)
        let content = ProposalContent(
            id: last.advanced(by: 1), proposer: context.sender, title: draft.title,
            body: draft.body, actions: actions, conditions: draft.conditions)
        let trial = DryRuns.run(
            content, spendTrack: kind.spendTrack, at: context.block, in: &state)
        if let failure = trial.failure { throw failure }
        let until = context.block.timestamp.advanced(by: context.rules.parameters.depositPeriod)
        var proposal = Proposal(
            id: content.id, proposer: context.sender, contentHash: content.hash,
            group: kind.group, track: kind.track,
            deposit: ProposalDeposit(
                required: kind.requiredDeposit, sum: .zero, escrowed: .zero, depositors: 0),
            phase: .collecting(until: until))
        state.write(.lastProposal, content.id)
        state.write(.proposalContent(content.id), content)
        Staking.noteReturns(in: actions, by: content.id, in: &state)
        state.emit(.governance(.submitted(content.id, proposer: context.sender)))
        DryRuns.store(trial.report, of: content.id, in: &state)
        move(&proposal, to: proposal.phase, at: context.block, in: &state)
        try takeDeposit(draft.deposit, of: context.sender, for: &proposal, in: &state)
        lineUpIfMet(&proposal, at: context.block)
        store(proposal, replacing: nil, in: &state)
    }

    /// Puts a proposal whose deposit is met into its track's line. It opens in the next block that
    /// finds a place for it.
    static func lineUpIfMet(_ proposal: inout Proposal, at block: BlockContext) {
        guard proposal.deposit.missing == .zero else { return }
        proposal.phase = .waiting(until: block.timestamp.advanced(by: waitingPeriod))
    }

    // MARK: Opening

    /// Opens what has a place, greatest deposit first, a few per block.
    ///
    /// Whoever needs more free places than there are (its strictest row has fewer than its track)
    /// lets a few that wait behind it go first, but not for ever: once it has waited for a quarter
    /// of the time that it may wait, nobody behind it opens, so that it has its place when enough
    /// of the votes of its track have ended. Greater deposits go before it, as ever.
    static func open<Base: StateReader>(
        at block: BlockContext, rules: Rules, in state: inout State<Base>
    ) {
        let line = StateKeyRange(
            from: .waiting(.text, deposit: Amount(.max), ProposalID(0)),
            to: .waiting(.constitution, deposit: .zero, ProposalID(.max)))
        guard state.firstEntry(in: line) != nil else { return }
        var left = openingsPerBlock
        for track in Track.allCases {
            let range = StateKeyRange(
                from: .waiting(track, deposit: Amount(.max), ProposalID(0)),
                to: .waiting(track, deposit: .zero, ProposalID(.max)))
            var lower = range.lower
            var passed = 0
            // Every pass takes one out of the line, or goes on behind it.
            while left > 0, openCount(of: track, in: state) < rules.parameters.row(track).places,
                let entry = state.firstEntry(from: lower, to: range.upper)
            {
                let id: ProposalID = State<Base>.decode(entry.value)
                step(id, at: block, in: &state) { proposal, state throws(Rejection) in
                    try open(&proposal, at: block, rules: rules, in: &state)
                }
                guard state.firstEntry(from: lower, to: range.upper) == entry else {
                    left -= 1
                    continue
                }
                passed += 1
                guard passed < passedInLineMax, mayBePassed(id, at: block, in: state) else {
                    break
                }
                lower = entry.key + [0]
            }
        }
    }

    /// Whether those behind a proposal that finds no place may open before it.
    private static func mayBePassed<Base: StateReader>(
        _ id: ProposalID, at block: BlockContext, in state: State<Base>
    ) -> Bool {
        guard let proposal: Proposal = state.read(.proposal(id)),
            case .waiting(let until) = proposal.phase
        else { return false }
        return block.timestamp < until.lowered(by: waitingPeriod - waitingPeriod / 4)
    }

    /// Opens the vote under the rules of now, or asks for more deposit if they became stricter.
    private static func open<Base: StateReader>(
        _ proposal: inout Proposal, at block: BlockContext, rules: Rules,
        in state: inout State<Base>
    ) throws(Rejection) {
        let kind = try Tracks.classify(
            content(of: proposal.id, in: state).actions, parameters: rules.parameters, in: state)
        proposal.track = kind.track
        guard kind.requiredDeposit <= proposal.deposit.sum else {
            proposal.deposit.required = kind.requiredDeposit
            let until = block.timestamp.advanced(by: rules.parameters.depositPeriod)
            move(
                &proposal, to: .collecting(until: until), StepReason.depositRose.text, at: block,
                in: &state)
            return
        }
        guard openCount(of: kind.track, in: state) < kind.row.places else {
            // The track changed, and the new one is full: the proposal waits in its line.
            return
        }
        let snapshot = Staking.snapshot(at: block, warmUp: rules.parameters.warmUp, in: state)
        proposal.vote = ProposalVote(
            openedHeight: block.height, openedAt: block.timestamp, snapshot: snapshot,
            totalPower: VotingPower.total(at: snapshot, in: state), row: kind.row,
            spendTrack: kind.spendTrack, endsEarly: kind.endsEarly)
        state.write(.decision(.dryRunDue(proposal.id)), proposal.id)
        move(&proposal, to: .voting, at: block, in: &state)
    }

    // MARK: Cancellation

    /// Ends a proposal on its proposer's wish, before the first end of the vote.
    ///
    /// While it waits for a place nobody loses anything; else the proposer's own deposit goes to
    /// the treasury.
    static func cancel<Base: StateReader>(
        _ id: ProposalID, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        let old = try proposal(id, in: state)
        guard old.proposer == context.sender else { throw .governance(.notProposer(id)) }
        var proposal = old
        switch old.phase {
        case .collecting:
            try forfeitOwn(&proposal, in: &state)
        case .waiting:
            break
        case .voting:
            guard let vote = old.vote, context.block.timestamp < vote.firstEnd else {
                throw .governance(.tooLateToCancel(id, old.status))
            }
            try forfeitOwn(&proposal, in: &state)
        case .queued, .ended:
            throw .governance(.tooLateToCancel(id, old.status))
        }
        proposal.deposit.refund = .all
        move(
            &proposal, to: .ended(.cancelled), StepReason.byProposer.text, at: context.block,
            in: &state)
        store(proposal, replacing: old, in: &state)
    }
}

extension UInt64 {
    /// ⌈self / divisor⌉ for a divisor of at least 1.
    func dividedUp(by divisor: UInt64) -> UInt64 {
        self / divisor + (self % divisor == 0 ? 0 : 1)
    }
}
