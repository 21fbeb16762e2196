import Chain
import Ledger

/// The tally of a vote with what is still missing, exactly, so that no client counts by itself.
struct ProposalTallyJSON: Encodable {
    private struct MissingJSON: Encodable {
        /// Power of any answer until the quorum is met.
        let quorum: String
        /// Power of yes until enough of the answers are yes; null if no yes could do it.
        let approve: Nullable<String>
        /// Power of yes until enough of all power is yes.
        let minYes: String
        /// Power of answers other than veto until no more than a third are vetoes.
        let veto: String
    }

    let id: UInt64
    let status: String
    let track: String
    let totalPower: String
    let snapshot: Nullable<UInt64>
    let endsAt: Nullable<String>
    let endsAtMs: Nullable<UInt64>
    let hardEndsAtMs: Nullable<UInt64>
    /// Whether nothing can change it any more.
    let isFinal: Bool
    let tally: TallyJSON
    private let missing: MissingJSON

    init(_ view: ProposalView) {
        let proposal = view.proposal
        id = proposal.id.value
        status = proposal.status.name
        track = proposal.track.name
        totalPower = String(view.totalPower)
        snapshot = Nullable(proposal.vote?.snapshot.value)
        endsAt = Nullable(proposal.vote.map { timeText($0.end) })
        endsAtMs = Nullable(proposal.vote?.end.milliseconds)
        hardEndsAtMs = Nullable(proposal.vote?.hardEnd.milliseconds)
        isFinal = proposal.status.isFinal
        tally = TallyJSON(view)
        let missing = MissingPower(view.tally, total: view.totalPower, row: view.row)
        self.missing = MissingJSON(
            quorum: String(missing.quorum),
            approve: Nullable(missing.approve.map { String($0) }),
            minYes: String(missing.minYes), veto: String(missing.veto))
    }
}

/// The least power that each line of a vote still lacks; products of 96 bits in 128.
struct MissingPower: Equatable {
    let quorum: UInt128
    /// Nil if the line is everything: then no yes beside another answer can pass it.
    let approve: UInt128?
    let minYes: UInt128
    let veto: UInt128

    init(_ tally: BallotAmounts, total: UInt64, row: TrackRow) {
        let yes = UInt128(tally.yes)
        let answers = yes + UInt128(tally.no) + UInt128(tally.veto)
        let cast = answers + UInt128(tally.abstain)
        quorum = MissingPower.rest(cast, row.quorum, of: UInt128(total))
        minYes = MissingPower.rest(yes, row.minYes, of: UInt128(total))
        // The least x with (yes + x)·d > n·(answers + x).
        let n = UInt128(row.approve.numerator)
        let d = UInt128(row.approve.denominator)
        if yes * d > n * answers {
            approve = 0
        } else {
            approve = n < d ? (n * answers - yes * d) / (d - n) + 1 : nil
        }
        // 3·veto ≤ answers.
        let vetoes = 3 * UInt128(tally.veto)
        veto = vetoes > answers ? vetoes - answers : 0
    }

    /// What `part` lacks to be at least n/d of `whole`.
    private static func rest(_ part: UInt128, _ ratio: Ratio, of whole: UInt128) -> UInt128 {
        let d = UInt128(ratio.denominator)
        let needed = (UInt128(ratio.numerator) * whole + d - 1) / d
        return needed > part ? needed - part : 0
    }
}

/// What became of a proposal so far, and what comes next as things stand.
struct TimelineJSON: Encodable {
    private struct NextJSON: Encodable {
        let event: String
        /// Null for what waits for something else than a time.
        let at: Nullable<String>
        let atMs: Nullable<UInt64>
        let note: String

        init(_ event: String, at time: Timestamp?, _ note: String) {
            self.event = event
            at = Nullable(time.map { timeText($0) })
            atMs = Nullable(time?.milliseconds)
            self.note = note
        }
    }

    let id: UInt64
    let status: String
    let isFinal: Bool
    private let items: [StepJSON]
    private let next: [NextJSON]

    init(_ view: ProposalView, _ chain: ChainDescription) {
        let proposal = view.proposal
        id = proposal.id.value
        status = proposal.status.name
        isFinal = proposal.status.isFinal
        items = proposal.steps.map { StepJSON($0, chain) }
        next = TimelineJSON.next(view)
    }

    private static func next(_ view: ProposalView) -> [NextJSON] {
        let proposal = view.proposal
        switch proposal.phase {
        case .collecting(let until):
            return [
                NextJSON(
                    "expires", at: until,
                    "unless \(proposal.deposit.missing) base units more "
                        + "are deposited before")
            ]
        case .waiting(let until):
            return [
                NextJSON("opens", at: nil, "as soon as its track has a free place"),
                NextJSON("expires", at: until, "if no place was free until then"),
            ]
        case .voting:
            guard let vote = proposal.vote else { return [] }
            let passes = Tally.isPassing(view.tally, total: view.totalPower, row: view.row)
            let end = NextJSON(
                "voteEnds", at: vote.end,
                vote.endsEarly
                    ? "or in the first block in which it passes"
                    : "a late change of "
                        + "the outcome moves it, to \(timeText(vote.hardEnd)) at most")
            guard passes else { return [end] }
            return [
                end,
                NextJSON(
                    "execution", at: vote.end.advanced(by: vote.row.delay),
                    "if it still passes then"),
            ]
        case .queued(let eta):
            guard let failure = proposal.failure else {
                return [NextJSON("execution", at: eta, "unless a petition stops it before")]
            }
            return [
                NextJSON(
                    "execution", at: nil,
                    "its last try failed; tried again at the "
                        + "next three starts of an epoch, and by whoever sends executeProposal"),
                NextJSON("fails", at: failure.until, "if no try has succeeded until then"),
            ]
        case .ended:
            guard proposal.deposit.sum > .zero, proposal.deposit.refund != .none else { return [] }
            return [NextJSON("claims", at: nil, "depositors may claim what comes back")]
        }
    }
}

/// A change of a proposal's status, with why.
struct StepJSON: Encodable {
    let status: String
    let height: UInt64
    let time: String
    let timeMs: UInt64
    let reason: String

    init(_ step: ProposalStep, _ chain: ChainDescription) {
        status = step.status.name
        height = step.height.value
        time = timeText(step.timestamp)
        timeMs = step.timestamp.milliseconds
        reason = PlainFacts.readable(step.reason, in: chain.style)
    }
}
