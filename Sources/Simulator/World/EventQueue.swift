import Chain
import Consensus
import Cryptography
import Replica

/// Something that will happen at a moment of virtual time.
enum Occurrence: Sendable {
    // To a process: dropped if it ends before.

    /// Counts only while the timer is set to this moment of the node's clock.
    case timer(ReplicaTimer, Instant)
    case input(ReplicaInput)
    /// The door is done with a job.
    case verification(VerificationJob, in: Instance, from: Peer)
    /// Transactions are checked against the state; of a peer, or of a client here.
    case admission([SignedTransaction], from: PublicKey?)
    /// The vote disk, the block disk or the executor is done with what it had at hand.
    case votesDone
    case blocksDone
    case executorDone
    case frame(Frame, from: Int, connection: UInt64)
    /// Tries to connect to another endpoint.
    case dial(Int)
    case disconnected(Int, connection: UInt64)
    /// A connection over which nothing came for long.
    case silence(Int, connection: UInt64)

    // To a machine, whether its process runs or not.

    case crash(downMilliseconds: UInt64?)
    case randomCrash
    case restart
    case clockStep(milliseconds: Int64)

    // To the world.

    case repartition
    case partition(Partition)
    case reconnection
    case client
    case burst(Int)
    case privateTransaction(Int)
    case hail
    case hailOverdue(Int)
    case sample
    case tick
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

/// The future, as a binary heap by time. The heap has indices only, so that little is moved.
struct EventQueue: Sendable {
    private struct Entry: Sendable {
        let time: UInt64
        let order: UInt64
        let slot: Int

        func precedes(_ other: Entry) -> Bool {
            time != other.time ? time < other.time : order < other.order
        }
    }

    private var heap: [Entry] = []
    private var slots: [ScheduledEvent?] = []
    private var free: [Int] = []

    var count: Int { heap.count }

    mutating func insert(_ event: ScheduledEvent) {
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
            slots[slot] = event
        } else {
            slot = slots.count
            slots.append(event)
        }
        heap.append(Entry(time: event.time, order: event.order, slot: slot))
        var index = heap.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].precedes(heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    /// The moment of the next event.
    var nextTime: UInt64? { heap.first?.time }

    mutating func removeFirst() -> ScheduledEvent? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        let event = slots[first.slot]
        slots[first.slot] = nil
        free.append(first.slot)
        return event
    }

    private mutating func sink() {
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if heap[child].precedes(heap[smallest]) { smallest = child }
            }
            guard smallest != index else { return }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }
}
