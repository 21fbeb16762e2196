import Chain
import Consensus
import Cryptography

/// Something that will happen to one endpoint at a moment of virtual time.
enum Occurrence: Sendable {
    case arrival(Packet, from: Int)
    /// Counts only while the timer is set to this moment.
    case timer(TimerID, Instant)
    case logSynced(UInt64)
    case voteSigned(VoteIntent)
    case blockStored(Header)
    case blockExecuted(ExecutionRequest)
    case buildDue(View)
    case blockBuilt(View, Header)
    case timeReached(View)
    case committed(Height)
    case rangeCommitted(FinalizedHead)
    case rangeTimeout(Height)
    case crash
    case restart
    case work(Bool)
    /// The next burst is drawn.
    case sharedWork
    case repartition
}

struct ScheduledEvent: Sendable {
    let time: UInt64
    /// Breaks ties in the order of scheduling.
    let order: UInt64
    let endpoint: Int
    /// What was scheduled before a crash does not reach the process after it; nil: always happens.
    let incarnation: UInt64?
    let occurrence: Occurrence
}

/// The future, as a binary heap by time.
struct EventQueue: Sendable {
    private var heap: [ScheduledEvent] = []

    var isEmpty: Bool { heap.isEmpty }

    private static func precedes(_ a: ScheduledEvent, _ b: ScheduledEvent) -> Bool {
        a.time != b.time ? a.time < b.time : a.order < b.order
    }

    mutating func insert(_ event: ScheduledEvent) {
        heap.append(event)
        var index = heap.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard EventQueue.precedes(heap[index], heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    mutating func removeFirst() -> ScheduledEvent? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if EventQueue.precedes(heap[child], heap[smallest]) { smallest = child }
            }
            guard smallest != index else { return first }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }
}
