import Chain
import Codec
import Cryptography
import StateTree

/// The state as the rules see it: typed reads and writes over an overlay, with the events of what
/// happened and the count of the bytes that were written.
///
/// Checkpoints nest and cover writes and events alike.
public struct State<Base: StateReader> {
    private var overlay: Overlay<Base>
    /// What happened since the events were last taken.
    public private(set) var events: [Event] = []
    private var eventMarks: [Int] = []
    /// Bytes of keys and values written so far: what storage gas is charged for. It never falls:
    /// work that was undone was done.
    public private(set) var writtenByteCount: UInt64 = 0
    private var recording: Recording?

    /// Gas for work that neither an action's kind nor what it writes tells. It never falls either.
    public private(set) var workGas: UInt64 = 0
    /// What the action at work may cost; nil for the steps of a block, which have no price.
    private var budget: GasBudget?

    public init(over base: Base) {
        overlay = Overlay(base: base)
    }

    public var base: Base { overlay.base }

    // MARK: Values

    /// The value at a key.
    ///
    /// - Precondition: the state holds what the schema says; anything else is a damaged database.
    public func read<Value: CanonicalCodable>(
        _ key: StateKey, as type: Value.Type = Value.self
    ) -> Value? {
        guard let bytes = overlay.value(for: key.bytes) else { return nil }
        return State.decode(bytes, as: type)
    }

    public mutating func write<Value: CanonicalCodable>(_ key: StateKey, _ value: Value) {
        let keyBytes = key.bytes
        let bytes = value.encoded()
        writtenByteCount &+= UInt64(keyBytes.count + bytes.count)
        record(keyBytes)
        overlay.set(keyBytes, to: bytes)
    }

    public mutating func remove(_ key: StateKey) {
        remove(key: key.bytes)
    }

    /// Removes an entry that a scan found.
    public mutating func remove(key: [UInt8]) {
        writtenByteCount &+= UInt64(key.count)
        record(key)
        overlay.remove(key)
    }

    public func contains(_ key: StateKey) -> Bool {
        overlay.value(for: key.bytes) != nil
    }

    /// The first entry of a range of keys.
    public func firstEntry(in range: StateKeyRange) -> StateEntry? {
        overlay.firstEntry(from: range.lower, to: range.upper)
    }

    /// The first entry with lower ≤ key < upper, in the order of the key's bytes.
    public func firstEntry(from lower: [UInt8], to upper: [UInt8]) -> StateEntry? {
        overlay.firstEntry(from: lower, to: upper)
    }

    /// At most `limit` entries of a range, in the order of their keys.
    ///
    /// - Complexity: O(`limit`) searches.
    public func entries(in range: StateKeyRange, limit: Int) -> [StateEntry] {
        var entries: [StateEntry] = []
        var lower = range.lower
        while entries.count < limit,
            let entry = overlay.firstEntry(from: lower, to: range.upper)
        {
            entries.append(entry)
            lower = entry.key + [0]
        }
        return entries
    }

    /// A value that the state itself holds.
    public static func decode<Value: CanonicalCodable>(
        _ bytes: [UInt8], as type: Value.Type = Value.self
    ) -> Value {
        do {
            return try Value(decoding: bytes)
        } catch {
            preconditionFailure("the state holds a \(Value.self): \(error)")
        }
    }

    // MARK: Gas

    /// What writes and work have cost so far.
    var spentGas: UInt64 { writtenByteCount &* GasSchedule.writtenByte &+ workGas }

    /// Until `endBudget`, whatever asks hears when more than `gas` was spent from now on.
    ///
    /// It saves work and decides nothing: a transaction that spent more than its limit fails
    /// whether or not anything stopped earlier, with the same receipt.
    ///
    /// - Parameter limit: of the transaction, for the error.
    mutating func beginBudget(_ gas: UInt64, limit: UInt64) {
        precondition(budget == nil, "one budget at a time")
        let (end, overflow) = spentGas.addingReportingOverflow(gas)
        budget = GasBudget(end: overflow ? .max : end, limit: limit)
    }

    mutating func endBudget() {
        budget = nil
    }

    /// Whether more was spent than the budget had.
    var isOutOfGas: Bool { budget.map { spentGas > $0.end } ?? false }

    /// Asked by everything that does more than a little work at once.
    ///
    /// - Throws: `outOfGas`.
    func checkBudget() throws(Rejection) {
        guard let budget, spentGas > budget.end else { return }
        throw .outOfGas(limit: budget.limit)
    }

    /// Runs what looks at many records of the past, and charges each search that it counts.
    ///
    /// - Throws: `outOfGas` from `count` as soon as the budget does not suffice for a search.
    mutating func searching<Value>(
        _ body: (State, inout SearchMeter) throws(Rejection) -> Value
    ) throws(Rejection) -> Value {
        let room = budget.map { $0.end - min($0.end, spentGas) }
        var meter = SearchMeter(room: room ?? .max, limit: budget?.limit ?? .max)
        defer { workGas &+= meter.gas }
        return try body(self, &meter)
    }

    // MARK: Balances

    public func balance(of account: Address, asset: AssetID = .native) -> Amount {
        read(.balance(account, asset), as: Amount.self) ?? .zero
    }

    /// Adds to a balance.
    ///
    /// - Throws: `balanceOverflow`. It cannot happen while the supply is at most 2^63 − 1.
    public mutating func credit(
        _ account: Address, _ amount: Amount, asset: AssetID = .native
    ) throws(Rejection) {
        guard let sum = balance(of: account, asset: asset).adding(amount) else {
            throw .balanceOverflow(account: account, asset: asset)
        }
        setBalance(of: account, asset: asset, to: sum)
    }

    /// Takes from a balance.
    ///
    /// - Throws: `insufficientFunds`.
    public mutating func debit(
        _ account: Address, _ amount: Amount, asset: AssetID = .native
    ) throws(Rejection) {
        try debit(account, amount, asset: asset, having: balance(of: account, asset: asset))
    }

    /// The same with a balance that was just read.
    mutating func debit(
        _ account: Address, _ amount: Amount, asset: AssetID = .native, having balance: Amount
    ) throws(Rejection) {
        guard let rest = balance.subtracting(amount) else {
            throw .insufficientFunds(
                account: account, asset: asset, balance: balance, needed: amount)
        }
        setBalance(of: account, asset: asset, to: rest)
    }

    /// Moves an amount from one account to another, whoever they are; both or nothing.
    ///
    /// - Throws: `insufficientFunds` or `balanceOverflow`, with nothing changed.
    public mutating func move(
        _ amount: Amount, from source: Address, to destination: Address, asset: AssetID = .native
    ) throws(Rejection) {
        let available = balance(of: source, asset: asset)
        guard let rest = available.subtracting(amount) else {
            throw .insufficientFunds(
                account: source, asset: asset, balance: available, needed: amount)
        }
        guard source != destination else { return }
        guard let sum = balance(of: destination, asset: asset).adding(amount) else {
            throw .balanceOverflow(account: destination, asset: asset)
        }
        setBalance(of: source, asset: asset, to: rest)
        setBalance(of: destination, asset: asset, to: sum)
    }

    /// A balance of zero has no entry, so that empty accounts leave nothing behind.
    private mutating func setBalance(of account: Address, asset: AssetID, to amount: Amount) {
        if amount == .zero {
            remove(.balance(account, asset))
        } else {
            write(.balance(account, asset), amount)
        }
    }

    // MARK: Events and checkpoints

    public mutating func emit(_ event: Event) {
        events.append(event)
    }

    /// The events so far; none are left.
    public mutating func takeEvents() -> [Event] {
        precondition(eventMarks.isEmpty, "no checkpoint is open when events are taken")
        let taken = events
        events = []
        return taken
    }

    public mutating func checkpoint() {
        overlay.checkpoint()
        eventMarks.append(events.count)
    }

    /// Undoes all writes and events since the last open checkpoint.
    public mutating func revert() {
        guard let mark = eventMarks.popLast() else {
            preconditionFailure("a checkpoint is open when it is reverted")
        }
        overlay.revert()
        events.removeSubrange(mark...)
    }

    /// Keeps all writes and events since the last open checkpoint.
    public mutating func commit() {
        precondition(!eventMarks.isEmpty, "a checkpoint is open when it is committed")
        eventMarks.removeLast()
        overlay.commit()
    }

    // MARK: Recording

    /// From now on remembers what every written key had before.
    mutating func beginRecording() {
        precondition(recording == nil, "one recording at a time")
        recording = Recording()
    }

    /// What differs from when the recording began, in the order of the keys.
    func recordedChanges() -> [RecordedChange] {
        guard let recording else { preconditionFailure("a recording began") }
        return recording.entries
            .map { RecordedChange(key: $0.key, old: $0.old, new: overlay.value(for: $0.key)) }
            .filter { $0.old != $0.new }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    mutating func endRecording() {
        recording = nil
    }

    private mutating func record(_ key: [UInt8]) {
        guard recording?.keys.insert(key).inserted == true else { return }
        recording?.entries.append((key: key, old: overlay.value(for: key)))
    }

    /// All writes, sorted; none are left.
    public mutating func takeWrites() -> [StateWrite] {
        overlay.takeWrites()
    }
}

/// Gas that one action may use.
private struct GasBudget: Sendable {
    /// Of `spentGas`.
    let end: UInt64
    let limit: UInt64
}

/// Counts searches against what is left of a budget.
struct SearchMeter {
    private(set) var gas: UInt64 = 0
    private let room: UInt64
    private let limit: UInt64

    fileprivate init(room: UInt64, limit: UInt64) {
        self.room = room
        self.limit = limit
    }

    /// - Throws: `outOfGas`; what could not be paid is charged all the same.
    mutating func count(_ searches: Int) throws(Rejection) {
        gas &+= UInt64(searches) * GasSchedule.search
        guard gas <= room else { throw .outOfGas(limit: limit) }
    }

    /// For queries, which nobody pays for.
    static func uncounted(_ searches: Int) {}
}

/// A value that a branch changed; nil for none.
struct RecordedChange: Hashable, Sendable {
    let key: [UInt8]
    let old: [UInt8]?
    let new: [UInt8]?
}

private struct Recording: Sendable {
    var keys: Set<[UInt8]> = []
    /// In the order of their first writes.
    var entries: [(key: [UInt8], old: [UInt8]?)] = []
}

extension State: Sendable where Base: Sendable {}
