import Chain
import Cryptography

/// The lanes whose next transaction waits, by the view in which that transaction came.
///
/// What waits behind a gap is not in here, so that it costs nothing to whoever asks whether there
/// is something for a block, however much of it there is.
struct ReadyLanes: Sendable {
    /// A transaction that is the next of its lane.
    struct Head: Sendable {
        let lane: Mempool.Lane
        let sequence: UInt64
        let id: Digest
        let deadline: Height
    }

    private struct Place {
        var view: View
        /// In the list of that view.
        var index: Int
        let id: Digest
    }

    private var places: [Mempool.Lane: Place] = [:]
    /// In no order that means anything: the last takes the place of one that goes.
    private var heads: [View: [Head]] = [:]
    /// The keys of `heads`, ascending.
    private var views: [View] = []

    var count: Int { places.count }

    /// The transaction that a lane goes on with, if it waits.
    func head(of lane: Mempool.Lane) -> Digest? { places[lane]?.id }

    /// Whether a head that came in `oldest` or later meets a condition.
    ///
    /// - Complexity: O(those that do not meet it).
    func contains(since oldest: View, where condition: (Head) -> Bool) -> Bool {
        for view in views.reversed() {
            guard view >= oldest else { return false }
            if heads[view]?.contains(where: condition) == true { return true }
        }
        return false
    }

    mutating func insert(_ head: Head, view: View) {
        precondition(places[head.lane] == nil, "a lane has one head")
        if heads[view] == nil {
            views.insert(view, at: index(of: view))
        }
        places[head.lane] = Place(view: view, index: heads[view]?.count ?? 0, id: head.id)
        heads[view, default: []].append(head)
    }

    mutating func remove(_ lane: Mempool.Lane) {
        guard let place = places.removeValue(forKey: lane),
            let last = heads[place.view]?.popLast()
        else { return }
        if last.lane != lane {
            heads[place.view]?[place.index] = last
            places[last.lane]?.index = place.index
        }
        if heads[place.view]?.isEmpty == true {
            heads[place.view] = nil
            views.remove(at: index(of: place.view))
        }
    }

    /// Views begin anew: all that waits counts as if it had come in the first one.
    mutating func beginEpoch() {
        let all = views.flatMap { heads[$0] ?? [] }
        self = ReadyLanes()
        for head in all {
            insert(head, view: .zero)
        }
    }

    /// The first place of a view that is not below this one.
    private func index(of view: View) -> Int {
        var low = 0
        var high = views.count
        while low < high {
            let middle = (low + high) / 2
            if views[middle] < view { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
