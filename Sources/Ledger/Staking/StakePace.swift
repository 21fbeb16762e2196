import Chain
import StateTree

/// How fast blocks come, and what follows from it for heights to come.
struct StakePace {
    /// So many blocks, at least, are needed to tell.
    private static let blocksMin: UInt64 = 8

    let now: ChainPoint
    private let epoch: Epoch
    private let parameters: Parameters
    /// That many blocks took that many milliseconds.
    private let blocks: UInt64
    private let milliseconds: UInt64

    init<Base: StateReader>(_ now: ChainPoint, in state: State<Base>) {
        self.now = now
        epoch = Epochs.current(in: state)
        parameters = Rules(over: state.base).parameters
        // Since the beginning of the epoch before, so that a new epoch has something to tell by.
        let starts = [epoch.lowered(by: 1), epoch].compactMap { epoch in
            state.read(.epoch(epoch), as: EpochRecord.self)?.start?.base
        }
        guard let base = starts.first(where: { $0.height > .genesis }) ?? starts.first,
            now.height.value >= base.height.value.advanced(clampingBy: StakePace.blocksMin),
            now.time > base.timestamp
        else {
            blocks = 1
            milliseconds = max(parameters.blockInterval, parameters.idleInterval, 1)
            return
        }
        blocks = now.height.value - base.height.value
        milliseconds = now.time.value - base.timestamp.value
    }

    /// When a height is likely to be reached; now if it is already.
    func time(of height: Height) -> Timestamp {
        guard height > now.height else { return now.time }
        let rest = height.value - now.height.value
        let wait = multiplyDividingUp(rest, milliseconds, by: blocks) ?? .max
        return now.time.advanced(by: wait)
    }

    /// When what left at `exit` is free: t > end(x + 1) + unbonding.
    func release<Base: StateReader>(of exit: Epoch, in state: State<Base>) -> StakeRelease {
        let last = exit.advanced(by: 1)
        let record = state.read(.epoch(last), as: EpochRecord.self)
        if let end = record?.endTime {
            let time = end.advanced(by: parameters.unbonding).advanced(by: 1)
            return StakeRelease(
                exit: exit, isFree: now.time >= time,
                expected: ExpectedTime(time: time, isEstimate: false))
        }
        let end = time(of: record?.last ?? boundary(of: last, in: state))
        return StakeRelease(
            exit: exit, isFree: false,
            expected: ExpectedTime(
                time: end.advanced(by: parameters.unbonding), isEstimate: true))
    }

    /// The last height of an epoch whose record is not written yet: epochs as long as one that was
    /// elected now.
    private func boundary<Base: StateReader>(
        of last: Epoch, in state: State<Base>
    ) -> Height {
        let known = epoch.advanced(by: 1)
        guard let record = state.read(.epoch(known), as: EpochRecord.self), last > known else {
            return now.height
        }
        let (length, overflow) = parameters.epochLength.multipliedReportingOverflow(
            by: last.value - known.value)
        return record.last.advanced(by: overflow ? .max : length)
    }
}

extension UInt64 {
    fileprivate func advanced(clampingBy other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
