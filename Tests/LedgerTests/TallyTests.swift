import Chain
import Testing

@testable import Ledger

@Suite struct TallyTests {
    /// A total that every denominator of the table divides, near the greatest possible one.
    static let total: UInt64 = 600 * 15_000_000_000_000_000

    @Test(arguments: Track.allCases)
    func `G-R27 the quorum is met at its threshold and not one unit below`(track: Track) {
        let row = track.standardRow
        let needed = Self.total / UInt64(row.quorum.denominator) * UInt64(row.quorum.numerator)
        for (cast, isMet) in [(needed, true), (needed - 1, false), (needed + 1, true)] {
            for tally in [
                BallotAmounts(yes: cast), BallotAmounts(no: cast), BallotAmounts(abstain: cast),
                BallotAmounts(yes: 1, no: 1, abstain: cast - 3, veto: 1),
            ] {
                #expect(Tally.hasQuorum(tally, total: Self.total, row: row) == isMet)
            }
        }
    }

    @Test(arguments: Track.allCases)
    func `G-R27 approval needs more than its part of the votes that do not abstain`(track: Track) {
        let row = track.standardRow
        let votes = Self.total / 3
        let part = votes / UInt64(row.approve.denominator) * UInt64(row.approve.numerator)
        for (yes, isApproved) in [(part, false), (part + 1, true), (part - 1, false)] {
            let tally = BallotAmounts(yes: yes, no: votes - yes, abstain: votes)
            #expect(Tally.isApproved(tally, row: row) == isApproved)
        }
    }

    @Test(arguments: Track.allCases.filter { $0.standardRow.minYes.numerator > 0 })
    func `G-R27 the least yes is met at its threshold and not one unit below`(track: Track) {
        let row = track.standardRow
        let needed = Self.total / UInt64(row.minYes.denominator) * UInt64(row.minYes.numerator)
        for (yes, isMet) in [(needed, true), (needed - 1, false)] {
            #expect(
                Tally.hasMinYes(BallotAmounts(yes: yes), total: Self.total, row: row) == isMet)
        }
    }

    @Test func `G-R27 a third of vetoes is not enough and one unit more is`() {
        let votes = Self.total / 3
        let third = votes / 3
        #expect(!Tally.isVetoed(BallotAmounts(yes: votes - third, veto: third)))
        #expect(Tally.isVetoed(BallotAmounts(yes: votes - third - 1, veto: third + 1)))
        #expect(!Tally.isVetoed(.zero))
    }

    @Test func `G-R27 four fifths of no are not enough to burn and one unit more is`() {
        let votes = Self.total / 3
        let part = votes / 5 * 4
        #expect(!Tally.isOverwhelminglyRefused(BallotAmounts(yes: votes - part, no: part)))
        #expect(Tally.isOverwhelminglyRefused(BallotAmounts(yes: votes - part - 1, no: part + 1)))
        #expect(
            Tally.isOverwhelminglyRefused(BallotAmounts(yes: votes - part - 1, no: part, veto: 1)))
        #expect(!Tally.isOverwhelminglyRefused(.zero))
    }

    @Test func `each condition alone keeps a proposal from passing`() {
        let row = TrackRow(
            deposit: 1, period: 1, confirm: 0, quorum: Ratio(20, 100), approve: Ratio(55, 100),
            minYes: Ratio(12, 100), delay: 0, places: 1)
        func passes(_ yes: UInt64, _ no: UInt64, _ abstain: UInt64, _ veto: UInt64) -> Bool {
            Tally.isPassing(
                BallotAmounts(yes: yes, no: no, abstain: abstain, veto: veto), total: 1_000,
                row: row)
        }
        #expect(passes(120, 0, 80, 0))
        #expect(!passes(120, 0, 79, 0), "quorum")
        #expect(!passes(119, 0, 81, 0), "least yes")
        #expect(passes(551, 449, 0, 0))
        #expect(!passes(550, 450, 0, 0), "approval")
        #expect(passes(200, 0, 0, 100))
        #expect(!passes(200, 0, 0, 101), "veto")
        #expect(!passes(0, 0, 1_000, 0), "nobody but abstentions")
    }

    @Test(arguments: Track.allCases)
    func `without any power nothing passes`(track: Track) {
        var row = track.standardRow
        row.minYes = Ratio(0, 1)
        #expect(!Tally.isPassing(.zero, total: 0, row: row))
        #expect(!Tally.hasQuorum(.zero, total: 0, row: row))
        #expect(!Tally.isPassing(.zero, total: 1, row: row))
    }

    @Test func `the greatest numbers neither overflow nor round`() {
        let row = TrackRow(
            deposit: 1, period: 1, confirm: 0, quorum: Ratio(.max, .max),
            approve: Ratio(.max - 1, .max), minYes: Ratio(.max, .max), delay: 0, places: 1)
        let all = BallotAmounts(yes: .max)
        #expect(Tally.isPassing(all, total: .max, row: row))
        #expect(!Tally.isPassing(BallotAmounts(yes: .max - 1), total: .max, row: row))
        let extreme = BallotAmounts(yes: .max, no: .max, abstain: .max, veto: .max)
        #expect(!Tally.isVetoed(extreme))
        #expect(!Tally.isOverwhelminglyRefused(extreme))
        #expect(!Tally.isApproved(extreme, row: row))
    }

    @Test(arguments: [1, 2, 3, 7, 9_999, 10_001, 1 << 60, .max] as [UInt64])
    func `the parts of a ballot sum to its power`(power: UInt64) {
        for weights in [
            BallotWeights.allYes, BallotWeights(yes: 3_333, no: 3_333, abstain: 3_334),
            BallotWeights(yes: 2_500, no: 2_500, abstain: 2_500, veto: 2_500),
            BallotWeights(yes: 1, no: 9_999), BallotWeights(abstain: 1, veto: 9_999),
        ] {
            let parts = Tally.split(power, by: weights)
            #expect(parts.cast == UInt128(power))
            let weight: UInt16 = weights.no
            let share = UInt128(power) * UInt128(weight)
            let part = UInt128(parts.no) * 10_000
            #expect(part < share + 40_000)
        }
    }

    @Test func `the remainder goes to the greatest weight and on ties to the first`() {
        #expect(
            Tally.split(10, by: BallotWeights(yes: 3_333, no: 3_333, abstain: 3_334))
                == BallotAmounts(yes: 3, no: 3, abstain: 4))
        #expect(
            Tally.split(3, by: BallotWeights(no: 5_000, veto: 5_000))
                == BallotAmounts(no: 2, veto: 1))
        #expect(Tally.split(1, by: BallotWeights(yes: 1, no: 9_999)) == BallotAmounts(no: 1))
    }

    @Test(arguments: Track.allCases)
    func `G-R42 at the strictest bounds a vote of all still passes`(track: Track) throws {
        // R42: no setting within the hard bounds locks governance for ever.
        var parameters = Parameters.standard
        for component in TrackComponent.allCases {
            let id = ParameterID.track(track, component)
            switch id.definition.bounds {
            case .integer(let range, _):
                let isCount = component == .places
                try parameters.set(
                    id, to: .integer(isCount ? range.lowerBound : range.upperBound))
            case .ratio(_, let most):
                try parameters.set(id, to: ParameterValue(most))
            }
        }
        let row = parameters.row(track)
        #expect(Tally.isPassing(BallotAmounts(yes: 1), total: 1, row: row))
        #expect(Tally.isPassing(BallotAmounts(yes: 91, no: 9), total: 100, row: row))
        #expect(!Tally.isPassing(BallotAmounts(yes: 90, no: 10), total: 100, row: row))
        #expect(row.places >= 1)
        #expect(row.period <= 60 * Milliseconds.day && row.delay <= 60 * Milliseconds.day)
    }
}
