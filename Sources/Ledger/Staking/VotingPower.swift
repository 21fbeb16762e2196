import Chain
import Cryptography
import StateTree

/// Stake as governance counts it: what an account has bonded, read at a snapshot.
///
/// Stake is bonded in genesis and nothing bonds or unbonds after it, so the present value is the
/// value at every height and the snapshot is not looked at. When delegation comes, both functions
/// search the checkpoints of staking.md 5 instead; their callers stay.
public enum VotingPower {
    /// The power of one account.
    public static func power<Base: StateReader>(
        of account: Address, at snapshot: Height, in state: State<Base>
    ) -> UInt64 {
        (state.read(.bonded(account), as: Amount.self) ?? .zero).value
    }

    /// The power of all accounts.
    public static func total<Base: StateReader>(
        at snapshot: Height, in state: State<Base>
    ) -> UInt64 {
        (state.read(.bondedTotal, as: Amount.self) ?? .zero).value
    }
}
