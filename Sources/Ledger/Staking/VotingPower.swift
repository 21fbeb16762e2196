import Chain
import Cryptography
import StateTree

/// Stake as governance counts it (staking.md 5): what an account's shares were worth at a snapshot.
/// Shares, prices and the total are all read at that one height, so that nothing bonded, unbonded,
/// moved or cut later counts.
public enum VotingPower {
    /// The power of one account.
    public static func power<Base: StateReader>(
        of account: Address, at snapshot: Height, in state: State<Base>
    ) -> UInt64 {
        Staking.votingPower(of: account, at: snapshot, in: state)
    }

    /// The power of all accounts: what all pools have, whatever their validators' status.
    public static func total<Base: StateReader>(
        at snapshot: Height, in state: State<Base>
    ) -> UInt64 {
        Staking.bondedTotal(at: snapshot, in: state)
    }
}
