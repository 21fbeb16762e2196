import Cryptography
import Networking
import Replica
import Synchronization

/// Peers' questions on their way to the thread that answers them.
///
/// Each peer has its turn and a bound of its own, and a question keeps its room in the peer's inbox
/// until it is answered. What is in memory comes first: views wait for it, and it costs the least.
/// Ranges wait apart, since one may take as long as eight blocks: of every three other turns they
/// get one, as their channels have it (network.md 6.3).
final class QuestionQueue: Sendable {
    struct Question: Sendable {
        let request: ServeRequest
        let peer: PublicKey
        let credit: InboxCredit?
    }

    /// network.md 6.3: the queues of channels 4 and 7.
    static let questionsPerPeerMax = 64
    static let rangesPerPeerMax = 8
    /// network.md 6.3: their weights are 6 and 3.
    private static let questionsBetweenRanges = 2

    private struct State {
        var held = FairTurns<Question>(perPeerMax: questionsPerPeerMax)
        var questions = FairTurns<Question>(perPeerMax: questionsPerPeerMax)
        var ranges = FairTurns<Question>(perPeerMax: rangesPerPeerMax)
        /// How many other questions were taken since the last range.
        var sinceRange = 0
        var isClosed = false
        var droppedCount: UInt64 = 0

        mutating func append(_ question: Question) -> Bool {
            switch question.request {
            case .range: ranges.append(question, of: question.peer)
            case .held, .transactions: held.append(question, of: question.peer)
            case .block, .certificates, .boundary: questions.append(question, of: question.peer)
            }
        }

        mutating func take() -> Question? {
            if let question = held.popFirst() { return question }
            let isRangesTurn = questions.count == 0 || sinceRange >= questionsBetweenRanges
            if isRangesTurn, let range = ranges.popFirst() {
                sinceRange = 0
                return range
            }
            guard let question = questions.popFirst() else { return nil }
            sinceRange = min(sinceRange + 1, questionsBetweenRanges)
            return question
        }
    }

    private let state = Mutex(State())
    /// Rings when there may be something to take.
    private let bell = Mailbox<Void>(capacity: 1)

    /// Never waits. Returns false if the question is dropped: the queue is closed, or full of this
    /// peer's.
    @discardableResult
    func send(_ question: Question) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isClosed else { return false }
            let isTaken = state.append(question)
            if !isTaken { state.droppedCount += 1 }
            return isTaken
        }
        if isTaken { bell.send((), mayBeLost: true) }
        return isTaken
    }

    /// The next question; waits for one. Nil once the queue is closed: nobody needs what is left.
    func next() -> Question? {
        while true {
            if let question = state.withLock({ $0.take() }) { return question }
            guard bell.receive(until: nil) != nil else { return nil }
        }
    }

    func close() {
        state.withLock { state in
            let droppedCount = state.droppedCount
            state = State()
            state.isClosed = true
            state.droppedCount = droppedCount
        }
        bell.close()
    }

    /// How many questions were refused because too much of their peers waited.
    var droppedCount: UInt64 { state.withLock { $0.droppedCount } }

    var count: Int {
        state.withLock { $0.held.count + $0.questions.count + $0.ranges.count }
    }
}
