import Cryptography
import Networking
import Replica
import Synchronization

/// Peers' questions on their way to the thread that answers them.
///
/// The peer that was sent least has its turn, so that all that ask get the same share of bytes, and
/// one that asks alone gets everything. Each has a bound of its own, and a question keeps its room
/// in the peer's inbox until it is answered. What is in memory comes first: views wait for it, and
/// it costs the least; but not for a peer that has had much more than those who wait. Ranges wait
/// apart, since one may take as long as eight blocks: of every three other turns they get one, as
/// their channels have it (network.md 6.3).
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
    /// What a question costs besides the bytes of its answer: about a block's look-up on the disk.
    static let questionBytes = 4_096
    /// Eight of the largest blocks.
    static let heldLeadBytesMax: UInt64 = 8 << 20

    private struct State {
        var held = FairTurns<Question>(perPeerMax: questionsPerPeerMax)
        var questions = FairTurns<Question>(perPeerMax: questionsPerPeerMax)
        var ranges = FairTurns<Question>(perPeerMax: rangesPerPeerMax)
        /// How many other questions were taken since the last range.
        var sinceRange = 0
        var served = ServedBytes()
        var isClosed = false
        var droppedCount: UInt64 = 0

        mutating func append(_ question: Question) -> Bool {
            let peer = question.peer
            if !held.peers.contains(peer), !questions.peers.contains(peer),
                !ranges.peers.contains(peer)
            {
                begin(peer)
            }
            switch question.request {
            case .range: return ranges.append(question, of: question.peer)
            case .held, .transactions: return held.append(question, of: question.peer)
            case .block, .certificates, .boundary:
                return questions.append(question, of: question.peer)
            }
        }

        /// A peer asks of whom nothing waits.
        private mutating func begin(_ peer: PublicKey) {
            if held.count + questions.count + ranges.count == 0 {
                served.restart()
            } else if served.isCrowded {
                served.keep(Set(held.peers + questions.peers + ranges.peers))
            }
            served.begin(peer)
        }

        mutating func take() -> Question? {
            let disk = [questions.next(by: served), ranges.next(by: served)]
            let least = disk.compactMap { $0?.mark }.min() ?? .max
            if let (peer, mark) = held.next(by: served),
                mark <= least || mark - least <= heldLeadBytesMax
            {
                return taken(held.pop(of: peer))
            }
            let isRangesTurn = questions.count == 0 || sinceRange >= questionsBetweenRanges
            if isRangesTurn, let (peer, _) = disk[1] {
                sinceRange = 0
                return taken(ranges.pop(of: peer))
            }
            guard let (peer, _) = disk[0] else { return nil }
            sinceRange = min(sinceRange + 1, questionsBetweenRanges)
            return taken(questions.pop(of: peer))
        }

        private mutating func taken(_ question: Question) -> Question {
            served.take(question.peer)
            served.charge(question.peer, questionBytes)
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

    /// Notes what a peer was sent.
    func charge(_ peer: PublicKey, bytes: Int) {
        state.withLock { $0.served.charge(peer, bytes) }
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

    /// Of how many peers it is known what they were sent.
    var rememberedPeers: Int { state.withLock { $0.served.rememberedCount } }

    var count: Int {
        state.withLock { $0.held.count + $0.questions.count + $0.ranges.count }
    }
}
