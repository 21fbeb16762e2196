import Chain
import Codec
import Cryptography
import StateTree

/// Who sits where, by operator: of the set that votes, the next one, and the one that an election
/// would give now. All of it is of one state, and holding an election for it is its cost.
public struct ValidatorIndex: Sendable {
    let present: [Address: StakeSeat]
    let next: [Address: StakeSeat]
    let forecast: [Address: StakeSeat]
    let uptime: [Address: UptimeView]
    let lastUptime: [Address: UptimeView]
    let offences: [OffenceView]

    public init<Base: StateReader>(over reader: Base) {
        let state = State(over: reader)
        let current = Queries.currentEpoch(over: reader)
        let records: [ValidatorRecord] = state.entries(in: .validators, limit: .max).map {
            State<Base>.decode($0.value)
        }
        let parameters = Queries.parameters(over: reader)
        let elected = StakeElection.elect(
            Staking.contenders(records, after: current.nextValidators, in: state),
            minimum: Int(clamping: parameters.minValidators),
            maximum: Int(clamping: parameters.maxValidators))
        let epoch = current.epoch
        present = ValidatorIndex.seats(of: current.validators, epoch, in: state)
        next = ValidatorIndex.seats(of: current.nextValidators, epoch.advanced(by: 1), in: state)
        forecast =
            (try? ValidatorSet(elected)).map {
                ValidatorIndex.seats(of: $0, epoch.advanced(by: 2), in: state)
            } ?? [:]
        uptime = ValidatorIndex.uptime(of: present, epoch, over: reader)
        lastUptime = ValidatorIndex.lastUptime(before: epoch, over: reader)
        offences = Queries.offences(over: reader)
    }

    private static func lastUptime(
        before epoch: Epoch, over reader: some StateReader
    ) -> [Address: UptimeView] {
        let last = epoch.lowered(by: 1)
        guard last < epoch, let set = Queries.validatorSet(of: last, over: reader) else {
            return [:]
        }
        return uptime(of: seats(of: set, last, in: State(over: reader)), last, over: reader)
    }

    private static func uptime(
        of seats: [Address: StakeSeat], _ epoch: Epoch, over reader: some StateReader
    ) -> [Address: UptimeView] {
        guard let counts = Queries.participation(in: epoch, over: reader) else { return [:] }
        return seats.compactMapValues { seat in
            guard Int(seat.index) < counts.seats.count else { return nil }
            let own = counts.seats[Int(seat.index)]
            return UptimeView(
                epoch: epoch, votes: UInt64(own.named), blocks: UInt64(counts.blocks),
                led: UInt64(own.led), slots: UInt64(own.slots))
        }
    }

    private static func seats<Base: StateReader>(
        of set: ValidatorSet, _ epoch: Epoch, in state: State<Base>
    ) -> [Address: StakeSeat] {
        var seats: [Address: StakeSeat] = [:]
        for (index, seat) in set.validators.enumerated() {
            guard let address: Address = state.read(.operatorOfKey(seat.key)) else { continue }
            seats[address] = StakeSeat(
                epoch: epoch, index: UInt16(index), power: seat.power,
                totalPower: set.totalPower, key: seat.key)
        }
        return seats
    }
}
