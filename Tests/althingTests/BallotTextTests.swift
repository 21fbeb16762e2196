import Chain
import KeyTool
import Testing

@testable import althing

@Suite struct BallotTextTests {
    @Test(arguments: [
        ("yes", BallotWeights(yes: 10_000)), ("veto", BallotWeights(veto: 10_000)),
        ("yes=60%,no=40%", BallotWeights(yes: 6_000, no: 4_000)),
        ("abstain=1/4,yes=3/4", BallotWeights(yes: 7_500, abstain: 2_500)),
        ("yes=99.99%,no=0.01%", BallotWeights(yes: 9_999, no: 1)),
        ("no=100%", BallotWeights(no: 10_000)),
    ])
    func `a choice is its weights`(_ text: String, _ weights: BallotWeights) throws {
        #expect(try BallotText.parse(text) == weights)
    }

    @Test(arguments: [
        "", "maybe", "Yes", "yes,no", "yes=60%", "yes=60%,no=41%", "yes=50%,yes=50%", "yes=1/3",
        "yes=101%", "yes=60", "yes=60%,", "yes=a%", "yes=50%=50%",
    ])
    func `what does not sum to the whole is refused`(_ text: String) {
        do {
            _ = try BallotText.parse(text)
            Issue.record("`\(text)` was read")
        } catch {
            #expect((error as? CommandError)?.exit == .usage)
        }
    }
}
